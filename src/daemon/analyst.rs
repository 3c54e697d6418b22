//! The analyst: a thread that judges captures and reads them with the network.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::notices::{Notice, spawn, tell};
use super::settings::Known;
use crate::classifier::{ModelConfig, Setting};
use crate::config::Config;
use crate::device::{Event, Part};
use crate::examiner::Examiner;
use crate::panics::contain;
use crate::quality::QualityConfig;
use crate::reading::{Capture, Reading};

/// Jobs that may wait: the device asks for one after the other.
const MOST_JOBS: usize = 4;

/// What the analyst is asked to do.
#[derive(Debug)]
pub enum Job {
    /// Load the model; answered by `Checked`.
    Load,
    /// Answered by `Read` or `ReadFailed`.
    Analyse(Arc<Capture>, Setting),
}

/// Starts the thread. It ends when the sender is dropped.
pub fn start(config: &Config, notices: Sender<Notice>) -> anyhow::Result<Sender<Job>> {
    let (sender, jobs) = bounded(MOST_JOBS);
    let analyst = Analyst { model: config.model.clone(), quality: config.quality.clone(), examiner: None };
    spawn("analyst", move || analyst.work(&jobs, &notices))?;
    Ok(sender)
}

struct Analyst {
    model: ModelConfig,
    quality: QualityConfig,
    examiner: Option<Examiner>,
}

impl Analyst {
    fn work(mut self, jobs: &Receiver<Job>, notices: &Sender<Notice>) {
        for job in jobs {
            let is_load = matches!(job, Job::Load);
            let work = || match job {
                Job::Load => Event::Checked(Part::Model, self.load(notices)),
                Job::Analyse(capture, setting) => self.analyse(capture, &setting),
            };
            // What a panic left of the network is thrown away: it is loaded again when the person tries again.
            let event = contain(work).unwrap_or_else(|panic| {
                self.examiner = None;
                let cause = format!("the network's code failed: {panic}");
                if is_load { Event::Checked(Part::Model, Err(cause)) } else { Event::ReadFailed(cause) }
            });
            tell(notices, Notice::Event(event));
        }
    }

    fn load(&mut self, notices: &Sender<Notice>) -> Result<(), String> {
        let loaded = Examiner::load(&self.model, &self.quality).map_err(|error| {
            tracing::error!("{error}");
            error.to_string()
        })?;
        let classifier = loaded.classifier();
        tracing::info!("model: {} ({})", classifier.model().name, classifier.kernel());
        tell(notices, Notice::Model(Known::of(classifier.manifest())));
        self.examiner = Some(loaded);
        Ok(())
    }

    fn analyse(&mut self, capture: Arc<Capture>, setting: &Setting) -> Event {
        let Some(examiner) = &mut self.examiner else {
            return Event::ReadFailed("the model is not loaded".into());
        };
        match examiner.set(setting).and_then(|()| examiner.examine(&capture.pixels)) {
            Ok(examination) => Event::Read(Arc::new(Reading::new(capture, examination))),
            Err(error) => Event::ReadFailed(error.to_string()),
        }
    }
}
