//! What every screen shows along its edge.

use std::sync::Arc;

use crate::case::Case;
use crate::light::Ring;
use crate::power::Battery;
use crate::quality::Outline;

/// What every screen shows along its edge.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    /// Records on the device.
    pub records: u64,
    /// A warning that outlives screens, such as "Disk full".
    pub warning: Option<String>,
    /// The battery, where there is one.
    pub battery: Option<Battery>,
    /// The ring of LEDs in use, where there are two to choose from.
    pub ring: Option<Ring>,
    /// What the next captures are of.
    pub case: Case,
    /// The earlier outline of the lesion that the next captures are of.
    pub outline: Option<Arc<Outline>>,
    /// Lesions that are due to be looked at again.
    pub due: u64,
    /// What a host on the USB cable finds the device by, while there is one, such as "USB 169.254.55.1".
    pub usb: Option<String>,
    /// The answer to a press that changes nothing else, for a moment.
    pub note: Option<&'static str>,
    /// The operating point that the next captures are decided at.
    pub operating_point: Option<String>,
}

impl Status {
    /// What the strip along the bottom says, if anything; an empty battery is the more urgent.
    pub(super) fn strip(&self) -> Option<String> {
        let low = self.battery.filter(|battery| battery.low);
        low.map(|battery| format!("Battery {} %: charge", battery.charge.percent)).or(self.warning.clone())
    }
}
