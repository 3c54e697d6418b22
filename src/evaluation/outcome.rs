//! What one labelled picture came to.

use crate::verdict::Judgement;

/// One labelled picture that was read: everything that the metrics need of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Index of the true class among the labels.
    pub truth: usize,
    /// Class probabilities, in the order of the labels; they add up to 1.
    pub probabilities: Vec<f32>,
    /// P(malignant).
    pub malignant: f32,
    /// What the picture comes to at each operating point of the scheme.
    pub judgements: Vec<Judgement>,
    /// Pictures of one lesion (or of lesions found to be the same) share a group.
    pub group: String,
    /// What the figures are told apart by, if anything.
    pub stratum: Option<String>,
}
