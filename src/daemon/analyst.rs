//! The analyst: a thread that judges captures and reads them with the network.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::notices::{Notice, spawn, tell};
use crate::classifier::{Classifier, ModelConfig};
use crate::config::Config;
use crate::device::{Event, Part};
use crate::quality::{self, Quality, QualityConfig};
use crate::reading::{Capture, Reading};

/// What the analyst is asked to do.
#[derive(Debug)]
pub enum Job {
    /// Load the model; answered by `Checked`.
    Load,
    /// Answered by `Refused`, `Read` or `ReadFailed`.
    Analyse(Arc<Capture>),
    /// Answered by `Read` or `ReadFailed`, whatever the quality.
    AnalyseAnyway(Arc<Capture>),
}

/// Starts the thread. It ends when the sender is dropped.
pub fn start(config: &Config, notices: Sender<Notice>) -> anyhow::Result<Sender<Job>> {
    let (sender, jobs) = unbounded();
    let analyst = Analyst { model: config.model.clone(), quality: config.quality.clone(), classifier: None };
    spawn("analyst", move || analyst.work(&jobs, &notices))?;
    Ok(sender)
}

struct Analyst {
    model: ModelConfig,
    quality: QualityConfig,
    classifier: Option<Classifier>,
}

impl Analyst {
    fn work(mut self, jobs: &Receiver<Job>, notices: &Sender<Notice>) {
        for job in jobs {
            let event = match job {
                Job::Load => Event::Checked(Part::Model, self.load()),
                Job::Analyse(capture) => self.analyse(capture),
                Job::AnalyseAnyway(capture) => self.analyse_anyway(capture),
            };
            tell(notices, Notice::Event(event));
        }
    }

    fn load(&mut self) -> Result<(), String> {
        let loaded = Classifier::load(&self.model).map_err(|error| {
            tracing::error!("{error}");
            error.to_string()
        })?;
        tracing::info!("model: {} ({})", loaded.model().name, loaded.kernel());
        self.classifier = Some(loaded);
        Ok(())
    }

    fn analyse(&mut self, capture: Arc<Capture>) -> Event {
        let quality = quality::measure(&capture.pixels, &self.quality);
        if quality.is_usable() {
            self.read(capture, quality, false)
        } else {
            Event::Refused(capture, quality)
        }
    }

    fn analyse_anyway(&mut self, capture: Arc<Capture>) -> Event {
        let quality = quality::measure(&capture.pixels, &self.quality);
        self.read(capture, quality, true)
    }

    fn read(&mut self, capture: Arc<Capture>, quality: Quality, overridden: bool) -> Event {
        let Some(classifier) = &mut self.classifier else {
            return Event::ReadFailed("the model is not loaded".into());
        };
        match classifier.assess(&capture.pixels) {
            Ok(assessment) => Event::Read(Arc::new(Reading { capture, quality, assessment, overridden })),
            Err(error) => Event::ReadFailed(error.to_string()),
        }
    }
}
