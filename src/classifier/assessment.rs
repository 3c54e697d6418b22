//! The assessment: class probabilities, P(malignant), doubts, and where the network looked.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::manifest::{Calibration, Score};
use super::prevalence::{Here, Worth, moved};
use super::{Manifest, OperatingPoint, Outputs};

/// What the network says of one picture. Probabilities are from 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    /// One per class, in the network's order; they add up to 1.
    pub probabilities: Vec<ClassProbability>,
    /// How likely any malignant class is, and from what on that is suspicious.
    pub malignant: Malignant,
    /// What is doubtful about it; what follows from that is decided in [`crate::verdict`].
    pub doubts: Vec<Doubt>,
    /// How unlike the training pictures this one is, by the manifest's score; above its threshold it is refused.
    pub strangeness: f32,
    /// Where the network looked for the likeliest class.
    pub attention: Attention,
    /// The model that says so.
    pub model: ModelId,
    /// How long it took.
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
    /// Malignant or pre-malignant: counts towards P(malignant).
    pub malignant: bool,
    /// From 0 to 1.
    pub probability: f32,
}

/// The probability of any malignant class, and the threshold in force.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Malignant {
    /// P(malignant) as the model computed it, from 0 to 1.
    pub probability: f32,
    /// The name of the operating point in force.
    pub operating_point: String,
    /// Suspicious from this P(malignant) on, from 0 to 1.
    pub threshold: f32,
    /// Share of malignant pictures in the set that the probability is true for; not of records before it was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibrated_on: Option<f32>,
    /// The same for the clinic's own prevalence, where one was stated: what is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub here: Option<Here>,
    /// What the word that is shown is worth there, where that was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worth: Option<Worth>,
}

impl Malignant {
    /// P(malignant) and the threshold as they are shown. Which side it is on is the same.
    pub fn shown(&self) -> (f32, f32) {
        self.here.map_or((self.probability, self.threshold), |here| (here.probability, here.threshold))
    }

    /// Whether P(malignant) is at the threshold or above.
    pub fn is_suspicious(&self) -> bool {
        self.probability >= self.threshold
    }
}

/// What is doubtful about an assessment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// The picture was not taken through a dermatoscope.
    NotDermatoscopic,
    /// The picture is unlike any the network was trained on: perhaps no skin lesion at all.
    OutOfDistribution,
    /// No class stands out.
    LowConfidence,
    /// P(malignant) is below the threshold, but too near it.
    NearThreshold,
}

impl Doubt {
    /// In words, at most 28 characters.
    pub fn words(self) -> &'static str {
        match self {
            Self::NotDermatoscopic => "Not a dermatoscopic picture",
            Self::OutOfDistribution => "Unlike any known lesion",
            Self::LowConfidence => "No class stands out",
            Self::NearThreshold => "Too near the threshold",
        }
    }
}

/// A square map over the picture, row by row, from 0 (did not look) to 1 (looked most).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attention {
    /// Rows, which are also columns.
    pub size: usize,
    /// `size` x `size` of them, row by row from the top left.
    pub values: Vec<f32>,
}

/// Which model made an assessment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelId {
    /// Name and version, for people.
    pub name: String,
    /// For a small screen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short_name: Option<String>,
    /// Of the network's file, in hexadecimal digits.
    pub sha256: String,
}

/// How long the steps took, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timings {
    /// From the field of view to the network's input.
    pub preprocess_ms: f32,
    /// The network itself.
    pub inference_ms: f32,
}

impl Timings {
    /// From two durations, to milliseconds.
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
        let calibrated_on = manifest.calibration.prevalence;
        let malignant = Malignant {
            probability,
            operating_point: point.name.clone(),
            threshold: point.threshold,
            calibrated_on,
            here: None,
            worth: None,
        };
        let strangeness = strangeness(outputs, manifest);
        let mut doubts = doubts(values[top], &malignant, strangeness, manifest);
        if is_not_dermatoscopic(outputs, manifest) {
            doubts.insert(0, Doubt::NotDermatoscopic);
        }
        Self {
            doubts,
            probabilities: name_classes(&values, manifest),
            malignant,
            strangeness,
            attention: Attention::of_class(outputs, top),
            model: model.clone(),
            timings,
        }
    }

    /// The same, decided at another of the model's operating points.
    #[must_use]
    pub fn at(&self, point: &OperatingPoint, manifest: &Manifest) -> Self {
        let malignant = Malignant {
            operating_point: point.name.clone(),
            threshold: point.threshold,
            worth: None,
            ..self.malignant.clone()
        };
        let top = self.probabilities.iter().map(|class| class.probability).fold(0.0, f32::max);
        let mut doubts = doubts(top, &malignant, self.strangeness, manifest);
        // Of no threshold but its own.
        if self.doubts.contains(&Doubt::NotDermatoscopic) {
            doubts.insert(0, Doubt::NotDermatoscopic);
        }
        let at_point = Self { malignant, doubts, ..self.clone() };
        match self.malignant.here {
            Some(here) => at_point.seen_where(here.prevalence),
            None => at_point,
        }
    }

    /// The same, to be shown where this share of the lesions is malignant. Nothing changes where the model does not say
    /// what its probabilities are true for.
    #[must_use]
    pub fn seen_where(mut self, prevalence: f32) -> Self {
        let malignant = &mut self.malignant;
        malignant.here = malignant.calibrated_on.map(|from| Here {
            prevalence,
            probability: moved(malignant.probability, from, prevalence),
            threshold: moved(malignant.threshold, from, prevalence),
        });
        self
    }

    /// The likeliest classes as they are shown, likeliest first: the malignant and the benign ones keep their shares of
    /// P(malignant), and of what is left, as that is shown.
    pub fn shown_top(&self, count: usize) -> Vec<ClassProbability> {
        let computed = self.malignant.probability;
        let (shown, _) = self.malignant.shown();
        let scaled = |part: f32, whole: f32| if whole > 0.0 { part / whole } else { 0.0 };
        let (malignant, benign) = (scaled(shown, computed), scaled(1.0 - shown, 1.0 - computed));
        let mut classes = self.probabilities.clone();
        for class in &mut classes {
            let factor = if class.malignant { malignant } else { benign };
            class.probability = (class.probability * factor).clamp(0.0, 1.0);
        }
        classes.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        classes.truncate(count);
        classes
    }

    /// The likeliest classes, likeliest first; equal ones in the network's order.
    pub fn top(&self, count: usize) -> Vec<&ClassProbability> {
        let mut classes: Vec<_> = self.probabilities.iter().collect();
        classes.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        classes.truncate(count);
        classes
    }

    /// Whether a class stands out among the seven. Which one it is may be in doubt where the side of the threshold is not.
    pub fn class_stands_out(&self) -> bool {
        !self.doubts.contains(&Doubt::LowConfidence)
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
    // From the threshold on it is suspicious, however near: the doubt is on the side of what would be missed.
    let below = malignant.threshold - malignant.probability;
    let near = below > 0.0 && below <= manifest.uncertain.margin;
    [
        (strangeness > manifest.out_of_distribution.threshold, Doubt::OutOfDistribution),
        (top < manifest.uncertain.min_top, Doubt::LowConfidence),
        (near, Doubt::NearThreshold),
    ]
    .into_iter()
    .filter_map(|(holds, doubt)| holds.then_some(doubt))
    .collect()
}

fn is_not_dermatoscopic(outputs: &Outputs, manifest: &Manifest) -> bool {
    manifest.not_dermatoscopic.as_ref().is_some_and(|other| {
        // A network with fewer values is refused when it is loaded.
        outputs.embedding.get(other.value).is_some_and(|value| *value > other.threshold)
    })
}

fn strangeness(outputs: &Outputs, manifest: &Manifest) -> f32 {
    match manifest.out_of_distribution.score {
        Score::Mahalanobis => {
            let apart = manifest.not_dermatoscopic.as_ref().map(|other| other.value);
            let values = outputs.embedding.iter().enumerate().filter(|(index, _)| Some(*index) != apart);
            values.map(|(_, value)| value * value).sum()
        }
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
    let Calibration { temperature, class_offsets, .. } = &manifest.calibration;
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
mod tests;
