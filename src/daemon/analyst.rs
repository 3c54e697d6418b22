//! The analyst: a thread that judges captures and reads them with the network.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::notices::{Notice, spawn, tell};
use crate::classifier::{Classifier, ModelConfig};
use crate::config::Config;
use crate::device::{Event, Part};
use crate::patience::panic_message;
use crate::quality::{self, Quality, QualityConfig};
use crate::reading::{Capture, Reading};

/// Jobs that may wait: the device asks for one after the other.
const MOST_JOBS: usize = 4;

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
    let (sender, jobs) = bounded(MOST_JOBS);
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
            let is_load = matches!(job, Job::Load);
            let work = AssertUnwindSafe(|| match job {
                Job::Load => Event::Checked(Part::Model, self.load()),
                Job::Analyse(capture) => self.analyse(capture),
                Job::AnalyseAnyway(capture) => self.analyse_anyway(capture),
            });
            // What a panic left of the network is thrown away: it is loaded again when the person tries again.
            let event = catch_unwind(work).unwrap_or_else(|panic| {
                self.classifier = None;
                let cause = format!("the network's code failed: {}", panic_message(&*panic));
                if is_load { Event::Checked(Part::Model, Err(cause)) } else { Event::ReadFailed(cause) }
            });
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
