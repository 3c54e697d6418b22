//! The assessment: class probabilities, P(malignant), doubts, and where the network looked.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::manifest::{Calibration, Score};
use super::{Manifest, OperatingPoint, Outputs};
use crate::reading::Verdict;

/// What the network says of one picture. Probabilities are from 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    /// One per class, in the network's order; they add up to 1.
    pub probabilities: Vec<ClassProbability>,
    pub malignant: Malignant,
    /// Why the device does not stand behind this; empty where it does.
    pub doubts: Vec<Doubt>,
    /// How unlike the training pictures this one is, by the manifest's score; above its threshold it is refused.
    pub strangeness: f32,
    /// Where the network looked for the likeliest class.
    pub attention: Attention,
    pub model: ModelId,
    pub timings: Timings,
}

/// A class and its probability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassProbability {
    /// HAM10000's code.
    pub class: String,
    /// The full name.
    pub name: String,
    /// At most 18 characters.
    pub short: String,
    pub malignant: bool,
    pub probability: f32,
}

/// The probability of any malignant class, and the threshold in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Malignant {
    pub probability: f32,
    pub operating_point: String,
    pub threshold: f32,
}

impl Malignant {
    pub fn is_suspicious(&self) -> bool {
        self.probability >= self.threshold
    }
}

/// Why an assessment is uncertain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// The picture is unlike any the network was trained on: perhaps no skin lesion at all.
    OutOfDistribution,
    /// No class stands out.
    LowConfidence,
    /// P(malignant) is too near the threshold.
    NearThreshold,
}

impl Doubt {
    /// In words, at most 28 characters.
    pub fn words(self) -> &'static str {
        match self {
            Self::OutOfDistribution => "Unlike any known lesion",
            Self::LowConfidence => "No class stands out",
            Self::NearThreshold => "Too near the threshold",
        }
    }
}

/// A square map over the picture, row by row, from 0 (did not look) to 1 (looked most).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attention {
    pub size: usize,
    pub values: Vec<f32>,
}

/// Which model made an assessment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelId {
    pub name: String,
    pub sha256: String,
}

/// How long the steps took, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timings {
    pub preprocess_ms: f32,
    pub inference_ms: f32,
}

impl Timings {
    pub fn new(preprocess: Duration, inference: Duration) -> Self {
        let ms = |duration: Duration| duration.as_secs_f32() * 1e3;
        Self { preprocess_ms: ms(preprocess), inference_ms: ms(inference) }
    }
}

impl Assessment {
    /// Reads the network's answers as the manifest says.
    pub fn new(
        outputs: &Outputs,
        manifest: &Manifest,
        point: &OperatingPoint,
        model: &ModelId,
        timings: Timings,
    ) -> Self {
        let values = probabilities(&outputs.logits, manifest);
        let top = (0..values.len()).max_by(|a, b| values[*a].total_cmp(&values[*b])).unwrap_or(0);
        let probability = manifest
            .labels
            .iter()
            .zip(&values)
            .filter(|(label, _)| label.malignant)
            .map(|(_, value)| value)
            .sum::<f32>()
            .clamp(0.0, 1.0);
        let malignant =
            Malignant { probability, operating_point: point.name.clone(), threshold: point.threshold };
        let strangeness = strangeness(outputs, manifest);
        Self {
            doubts: doubts(values[top], &malignant, strangeness, manifest),
            probabilities: name_classes(&values, manifest),
            malignant,
            strangeness,
            attention: Attention::of_class(outputs, top),
            model: model.clone(),
            timings,
        }
    }

    /// The likeliest classes, likeliest first; equal ones in the network's order.
    pub fn top(&self, count: usize) -> Vec<&ClassProbability> {
        let mut classes: Vec<_> = self.probabilities.iter().collect();
        classes.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        classes.truncate(count);
        classes
    }

    pub fn is_uncertain(&self) -> bool {
        !self.doubts.is_empty()
    }

    /// The picture is nothing that the network knows.
    pub fn is_out_of_distribution(&self) -> bool {
        self.doubts.contains(&Doubt::OutOfDistribution)
    }

    /// The word it leads to, by itself; see [`crate::reading::Reading::verdict`] for the whole.
    pub fn verdict(&self) -> Verdict {
        match (self.is_uncertain(), self.malignant.is_suspicious()) {
            (true, _) => Verdict::Uncertain,
            (false, true) => Verdict::Suspicious,
            (false, false) => Verdict::NotSuspicious,
        }
    }
}

impl Attention {
    /// The map of one class, shifted and scaled to 0..1. A flat map says that it looked nowhere.
    fn of_class(outputs: &Outputs, class: usize) -> Self {
        let size = outputs.attention_size;
        let map = &outputs.attention[class * size * size..][..size * size];
        let lowest = map.iter().copied().fold(f32::INFINITY, f32::min);
        let highest = map.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let span = (highest - lowest).max(f32::MIN_POSITIVE);
        Self { size, values: map.iter().map(|value| ((value - lowest) / span).clamp(0.0, 1.0)).collect() }
    }
}

fn name_classes(values: &[f32], manifest: &Manifest) -> Vec<ClassProbability> {
    let named = manifest.labels.iter().zip(values);
    named
        .map(|(label, probability)| ClassProbability {
            class: label.code.clone(),
            name: label.name.clone(),
            short: label.short.clone(),
            malignant: label.malignant,
            probability: *probability,
        })
        .collect()
}

fn doubts(top: f32, malignant: &Malignant, strangeness: f32, manifest: &Manifest) -> Vec<Doubt> {
    let near = (malignant.probability - malignant.threshold).abs() < manifest.uncertain.margin;
    [
        (strangeness > manifest.out_of_distribution.threshold, Doubt::OutOfDistribution),
        (top < manifest.uncertain.min_top, Doubt::LowConfidence),
        (near, Doubt::NearThreshold),
    ]
    .into_iter()
    .filter_map(|(holds, doubt)| holds.then_some(doubt))
    .collect()
}

fn strangeness(outputs: &Outputs, manifest: &Manifest) -> f32 {
    match manifest.out_of_distribution.score {
        Score::Mahalanobis => outputs.embedding.iter().map(|value| value * value).sum(),
        Score::Energy => {
            let temperature = manifest.calibration.temperature;
            -temperature * log_sum_exp(&outputs.logits, temperature)
        }
    }
}

fn log_sum_exp(logits: &[f32], temperature: f32) -> f32 {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max) / temperature;
    highest + logits.iter().map(|logit| (logit / temperature - highest).exp()).sum::<f32>().ln()
}

/// The softmax, and then the malignant classes' sum and the benign ones' each divided anew among their own by the logits
/// and the offsets: a rare class is found beside its common neighbours, and P(malignant) does not move.
fn probabilities(logits: &[f32], manifest: &Manifest) -> Vec<f32> {
    let Calibration { temperature, class_offsets } = &manifest.calibration;
    let plain = softmax(logits, *temperature);
    let mut divided = vec![0.0; plain.len()];
    for malignant in [true, false] {
        let group = || (0..plain.len()).filter(|class| manifest.labels[*class].malignant == malignant);
        let sum: f32 = group().map(|class| plain[class]).sum();
        let moved: Vec<_> = group().map(|class| logits[class] + class_offsets[class]).collect();
        for (class, part) in group().zip(softmax(&moved, *temperature)) {
            divided[class] = sum * part;
        }
    }
    divided
}

fn softmax(logits: &[f32], temperature: f32) -> Vec<f32> {
    let total = log_sum_exp(logits, temperature);
    logits.iter().map(|logit| (logit / temperature - total).exp()).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    fn shipped(class_offsets: Vec<f32>) -> Manifest {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/lesion.toml");
        let mut manifest = Manifest::read(&path).unwrap();
        manifest.calibration.class_offsets = class_offsets;
        manifest
    }

    fn malignant_sum(values: &[f32], manifest: &Manifest) -> f32 {
        manifest.labels.iter().zip(values).filter(|(label, _)| label.malignant).map(|(_, value)| value).sum()
    }

    proptest! {
        #[test]
        fn class_offsets_leave_the_probability_of_malignant_and_the_sum_of_all(
            logits in prop::collection::vec(-30.0f32..30.0, 7),
            offsets in prop::collection::vec(-20.0f32..20.0, 7),
        ) {
            let (plain, moved) = (shipped(vec![0.0; 7]), shipped(offsets));
            let (before, after) = (probabilities(&logits, &plain), probabilities(&logits, &moved));
            prop_assert!(after.iter().all(|value| (0.0..=1.0 + 1e-5).contains(value)));
            prop_assert!((after.iter().sum::<f32>() - 1.0).abs() < 1e-4);
            prop_assert!((malignant_sum(&before, &plain) - malignant_sum(&after, &moved)).abs() < 1e-4);
        }

        #[test]
        fn class_offsets_of_zero_are_the_softmax(logits in prop::collection::vec(-30.0f32..30.0, 7)) {
            let manifest = shipped(vec![0.0; 7]);
            let plain = softmax(&logits, manifest.calibration.temperature);
            for (ours, softmax) in probabilities(&logits, &manifest).iter().zip(plain) {
                prop_assert!((ours - softmax).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn a_class_with_a_higher_offset_takes_from_its_own_kind_only() {
        let mut offsets = vec![0.0; 7];
        offsets[3] = 1.0; // dermatofibroma, among the benign
        let (plain, moved) = (shipped(vec![0.0; 7]), shipped(offsets));
        let logits = [0.3, -0.2, 0.5, 0.1, 0.7, 2.0, -1.0];
        let (before, after) = (probabilities(&logits, &plain), probabilities(&logits, &moved));
        assert!(after[3] > before[3]);
        for class in [2, 5, 6] {
            assert!(after[class] < before[class]);
        }
        for class in [0, 1, 4] {
            assert!((after[class] - before[class]).abs() < 1e-6);
        }
    }
}
