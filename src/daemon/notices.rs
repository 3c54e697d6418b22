//! What the threads tell the main thread, and how threads are started.

use std::time::Instant;

use anyhow::Context;
use crossbeam_channel::{Receiver, Sender};

use crate::buttons::Edge;
use crate::classifier::{Manifest, Setting};
use crate::control::Wish;
use crate::device::Event;
use crate::power::Charge;

/// What the threads tell the main thread.
#[derive(Debug)]
pub enum Notice {
    Event(Event),
    /// How many records there are.
    Records(u64),
    /// A model is loaded.
    Model(Known),
    /// Something that the screen warns of for as long as it lasts, such as a full disk.
    Warning(Option<String>),
}

/// What the device knows of the model that is loaded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// Its operating points by name.
    pub operating_points: Vec<String>,
    /// Whether it says which prevalence its probabilities are true for.
    pub has_prevalence: bool,
}

impl Known {
    pub fn of(manifest: &Manifest) -> Self {
        Self {
            operating_points: manifest.operating_points.iter().map(|point| point.name.clone()).collect(),
            has_prevalence: manifest.calibration.prevalence.is_some(),
        }
    }

    /// Whether captures can be read by this, or why not.
    pub fn allows(&self, setting: &Setting) -> Result<(), String> {
        let points = &self.operating_points;
        if points.is_empty() {
            return Err("the model is not loaded yet; try again".into());
        }
        if !points.contains(&setting.operating_point) {
            let known = points.join(", ");
            return Err(format!(
                "no operating point called `{}`; the model has {known}",
                setting.operating_point
            ));
        }
        if setting.prevalence.is_some() && !self.has_prevalence {
            return Err("the model does not say which prevalence it was calibrated on".into());
        }
        Ok(())
    }

    /// The operating point after that one, where there is another.
    pub fn point_after(&self, name: &str) -> Option<&String> {
        let at = self.operating_points.iter().position(|point| point == name)?;
        self.operating_points.iter().cycle().nth(at + 1).filter(|next| *next != name)
    }
}

/// Where the main thread learns what has happened.
pub struct Inputs {
    /// Each with when it came: a turn that takes long must not make a short press a long one.
    pub edges: Receiver<(Edge, Instant)>,
    pub charges: Receiver<Option<Charge>>,
    pub wishes: Receiver<Wish>,
    pub inbox: Receiver<Notice>,
    pub stop: Receiver<()>,
}

/// A named thread, so that it is known in logs and debuggers.
pub fn spawn(
    name: &str,
    body: impl FnOnce() + Send + 'static,
) -> anyhow::Result<std::thread::JoinHandle<()>> {
    let thread = std::thread::Builder::new().name(name.into()).spawn(body);
    thread.with_context(|| format!("cannot start the thread `{name}`"))
}

/// Tells the main thread. Fails only where that has stopped already, and then nobody needs to know.
pub fn tell(notices: &Sender<Notice>, notice: Notice) {
    let _ = notices.send(notice);
}
