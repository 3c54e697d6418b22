//! The examiner: the one way from a picture to what is said of it. The button, a photograph, `classify`, `evaluate` and
//! `records replay` all go through it.

use std::time::Instant;

use image::RgbImage;

use crate::classifier::{Assessment, Classifier, ModelConfig, ModelError, Setting, Worth};
use crate::quality::{self, Quality, QualityConfig};
use crate::verdict::{Judgement, Verdict, judge};

/// Judges pictures and reads them with the network.
pub struct Examiner {
    classifier: Classifier,
    quality: QualityConfig,
}

/// A picture as it was examined.
#[derive(Clone, Debug, PartialEq)]
pub struct Examination {
    /// What the picture measures, and what is wrong with it.
    pub quality: Quality,
    /// What the network says of it.
    pub assessment: Assessment,
    /// What it comes to if nobody overrules it.
    pub judgement: Judgement,
    /// How long the quality took to measure, in milliseconds.
    pub quality_ms: f32,
}

impl Examiner {
    /// Loads the network.
    pub fn load(model: &ModelConfig, quality: &QualityConfig) -> Result<Self, ModelError> {
        Ok(Self { classifier: Classifier::load(model)?, quality: quality.clone() })
    }

    /// Decides and shows by this from now on.
    pub fn set(&mut self, setting: &Setting) -> Result<(), ModelError> {
        self.classifier.set(setting)
    }

    /// What a word is worth where the reading is shown for a stated prevalence.
    fn worth(&self, verdict: Verdict, assessment: &Assessment) -> Option<Worth> {
        let shown = self.classifier.operating_point().shown?;
        let shares = match verdict {
            Verdict::Suspicious => shown.suspicious,
            Verdict::Uncertain => shown.uncertain,
            Verdict::NotSuspicious => shown.not_suspicious,
        };
        Worth::of(&shares, assessment.malignant.here?.prevalence)
    }

    /// What an examined picture comes to at each of the model's operating points, in the manifest's order.
    pub fn at_each_point(&self, examination: &Examination) -> Vec<Judgement> {
        let Examination { quality, assessment, .. } = examination;
        let manifest = self.classifier.manifest();
        let points = manifest.operating_points.iter();
        points.map(|point| judge(quality, &assessment.at(point, manifest), false)).collect()
    }

    /// The network that it reads with.
    pub fn classifier(&self) -> &Classifier {
        &self.classifier
    }

    /// Examines a picture (the field of view; of any other shape its central square). The network reads a poor one too:
    /// what it finds may be reason to show it, and is there at once should the person want to use it anyway.
    pub fn examine(&mut self, picture: &RgbImage) -> Result<Examination, ModelError> {
        let start = Instant::now();
        let quality = quality::measure(picture, &self.quality);
        let quality_ms = start.elapsed().as_secs_f32() * 1e3;
        let mut assessment = self.classifier.assess(picture)?;
        let judgement = judge(&quality, &assessment, false);
        assessment.malignant.worth = judgement.verdict.and_then(|verdict| self.worth(verdict, &assessment));
        Ok(Examination { quality, assessment, judgement, quality_ms })
    }
}
