//! Evaluation: what a classifier is worth on a labelled folder, with 95 % intervals.

mod bootstrap;
mod labels;
mod metrics;
mod outcome;
mod pictures;
mod report;
mod shown;
mod table;

pub use bootstrap::bootstrap;
pub use labels::{Choice, LabelError, Labelled, Labels, parse_labels, read_labels};
pub use metrics::{Metrics, OperatingPointMetrics, Scheme};
pub use outcome::Outcome;
pub use pictures::Pictures;
pub use report::Report;
pub use shown::Shown;
pub use table::Table;
