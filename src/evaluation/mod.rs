//! Evaluation: what a classifier is worth on a labelled folder, with 95 % intervals.

mod bootstrap;
mod labels;
mod metrics;

pub use bootstrap::bootstrap;
pub use labels::{LabelError, Labelled, read_labels};
pub use metrics::{Metrics, OperatingPointMetrics, Scheme};

/// One labelled picture that was read: everything that the metrics need of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Index of the true class among the labels.
    pub truth: usize,
    /// Class probabilities, in the order of the labels; they add up to 1.
    pub probabilities: Vec<f32>,
    /// P(malignant).
    pub malignant: f32,
    /// Judged out of distribution or unusable.
    pub refused: bool,
    /// Pictures of one lesion (or of lesions found to be the same) share a group.
    pub group: String,
}
