//! The analyst: a thread that judges captures and reads them with the network.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::notices::{Notice, spawn, tell};
use super::settings::ModelFacts;
use crate::classifier::{ModelConfig, Setting};
use crate::config::Config;
use crate::device::{Event, Part};
use crate::examiner::Examiner;
use crate::health::Health;
use crate::panics::contain;
use crate::quality::QualityConfig;
use crate::reading::{Capture, Reading};

/// Jobs that may wait: the device asks for one after the other.
const MOST_JOBS: usize = 4;

/// What the screen says for as long as there is no model.
const NO_MODEL: &str = "No model: nothing is read";

/// What the analyst is asked to do.
#[derive(Debug)]
pub enum Job {
    /// Load the model; answered by `Checked`.
    Load,
    /// Answered by `Read` or `ReadFailed`.
    Analyse(Arc<Capture>, Setting),
}

/// Starts the thread. It ends when the sender is dropped.
pub fn start(config: &Config, health: Health, notices: Sender<Notice>) -> anyhow::Result<Sender<Job>> {
    let (sender, jobs) = bounded(MOST_JOBS);
    let (model, quality) = (config.model.clone(), config.quality.clone());
    let analyst = Analyst { model, quality, examiner: None, health };
    spawn("analyst", move || analyst.work(&jobs, &notices))?;
    Ok(sender)
}

struct Analyst {
    model: ModelConfig,
    quality: QualityConfig,
    examiner: Option<Examiner>,
    /// Where it is told that there is no model.
    health: Health,
}

impl Analyst {
    fn work(mut self, jobs: &Receiver<Job>, notices: &Sender<Notice>) {
        for job in jobs {
            let is_load = matches!(job, Job::Load);
            let work = || match job {
                Job::Load => Event::Checked(Part::Model, self.load(notices)),
                Job::Analyse(capture, setting) => self.analyse(capture, &setting, notices),
            };
            // What a panic left of the network is thrown away: it is loaded again when the person tries again.
            let event = contain(work).unwrap_or_else(|panic| {
                self.examiner = None;
                self.health.trouble("model", Some(NO_MODEL.into()));
                let cause = format!("the network's code failed: {panic}");
                if is_load { Event::Checked(Part::Model, Err(cause)) } else { Event::ReadFailed(cause) }
            });
            tell(notices, Notice::Event(event));
        }
    }

    fn load(&mut self, notices: &Sender<Notice>) -> Result<(), String> {
        let loaded = Examiner::load(&self.model, &self.quality).map_err(|error| error.to_string());
        self.health.trouble("model", loaded.is_err().then(|| NO_MODEL.into()));
        let loaded = loaded.inspect_err(|error| tracing::error!("{error}"))?;
        let classifier = loaded.classifier();
        tracing::info!("model: {} ({})", classifier.model().name, classifier.kernel());
        tell(notices, Notice::Model(ModelFacts::of(classifier.manifest())));
        self.examiner = Some(loaded);
        Ok(())
    }

    fn analyse(&mut self, capture: Arc<Capture>, setting: &Setting, notices: &Sender<Notice>) -> Event {
        // Whatever kept it from loading may have been mended.
        let loaded = if self.examiner.is_none() { self.load(notices) } else { Ok(()) };
        let Some(examiner) = &mut self.examiner else {
            return Event::ReadFailed(loaded.err().unwrap_or_default());
        };
        match examiner.set(setting).and_then(|()| examiner.examine(&capture.pixels)) {
            Ok(examination) => Event::Read(Arc::new(Reading::new(capture, examination))),
            Err(error) => Event::ReadFailed(error.to_string()),
        }
    }
}
