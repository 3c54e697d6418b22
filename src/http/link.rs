//! What the handlers share: each asks for what it needs of it.

use std::sync::Arc;

use axum::extract::FromRef;
use tokio::sync::Semaphore;

use super::buttons::Buttons;
use super::limits::{Limits, MAX_EXPORTS};
use super::metrics::Metrics;
use super::photographs::Photographs;
use super::records::Records;
use super::screenshot::Screenshot;
use crate::buttons::VirtualButtons;
use crate::classifier::{ModelConfig, find_manifest};
use crate::control::Remote;
use crate::feed::ScreenFeed;
use crate::health::Health;
use crate::quality::QualityConfig;
use crate::records::RecordsConfig;

/// What the link shows and asks of the device.
pub struct Device {
    /// Where the records are that it lists and exports.
    pub records: RecordsConfig,
    /// What reads photographs that are sent.
    pub model: ModelConfig,
    /// From which measures on a photograph is refused.
    pub quality: QualityConfig,
    /// What the screen shows, for the page.
    pub feed: ScreenFeed,
    /// Where the page's buttons press; none on a device with buttons of its own.
    pub presses: Option<VirtualButtons>,
    /// What else the device tells, and where it is told a case.
    pub remote: Remote,
}

/// What the handlers share. Clones are the same.
#[derive(Clone)]
pub(super) struct Link {
    pub feed: ScreenFeed,
    pub screenshot: Arc<Screenshot>,
    pub buttons: Option<Arc<Buttons>>,
    pub records: Arc<Records>,
    pub photographs: Arc<Photographs>,
    pub remote: Remote,
    pub metrics: Arc<Metrics>,
    pub watchers: Arc<Semaphore>,
    pub exports: Arc<Semaphore>,
}

impl Link {
    pub fn new(device: Device, limits: &Limits) -> Self {
        Self {
            feed: device.feed,
            screenshot: Arc::default(),
            buttons: device.presses.map(Buttons::new),
            records: Arc::new(Records::new(
                device.records,
                device.model.manifest.clone().unwrap_or_else(find_manifest),
            )),
            photographs: Photographs::new(device.model, device.quality, device.remote.clone()),
            remote: device.remote,
            metrics: Metrics::new(),
            watchers: Arc::new(Semaphore::new(limits.watchers)),
            exports: Arc::new(Semaphore::new(MAX_EXPORTS)),
        }
    }
}

impl FromRef<Link> for Option<Arc<Buttons>> {
    fn from_ref(link: &Link) -> Self {
        link.buttons.clone()
    }
}

impl FromRef<Link> for Arc<Records> {
    fn from_ref(link: &Link) -> Self {
        link.records.clone()
    }
}

impl FromRef<Link> for Arc<Photographs> {
    fn from_ref(link: &Link) -> Self {
        link.photographs.clone()
    }
}

impl FromRef<Link> for Arc<Metrics> {
    fn from_ref(link: &Link) -> Self {
        link.metrics.clone()
    }
}

impl FromRef<Link> for ScreenFeed {
    fn from_ref(link: &Link) -> Self {
        link.feed.clone()
    }
}

impl FromRef<Link> for Health {
    fn from_ref(link: &Link) -> Self {
        link.remote.health.clone()
    }
}
