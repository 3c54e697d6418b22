//! What can be wrong with a model.

use std::path::PathBuf;

use super::engine::{EngineError, EngineKind};

/// Why a model cannot be used. Each message names the file and the cure.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error(
        "{path}: cannot read the {what}: {cause}; install the model again, or set model.manifest to where it is"
    )]
    Read { what: &'static str, path: PathBuf, cause: std::io::Error },
    #[error("{path}: the manifest is not valid: {cause}")]
    Manifest { path: PathBuf, cause: String },
    #[error(
        "{path}: the network's sha256 is {found}, but its manifest says {expected}; the file is damaged or of \
         another version: install the model and its manifest together again"
    )]
    Hash { path: PathBuf, expected: String, found: String },
    #[error("{path}: the {engine} engine cannot load the network: {cause}")]
    Load { path: PathBuf, engine: EngineKind, cause: EngineError },
    #[error("{path}: no operating point called `{name}`; the model has {known}")]
    UnknownOperatingPoint { path: PathBuf, name: String, known: String },
    #[error(
        "{0}: the model does not say what share of malignant pictures it was calibrated on, so model.prevalence \
         cannot be taken into account: leave it out"
    )]
    NoPrevalence(PathBuf),
    /// Something of the configuration was left out that decides what a reading says.
    #[error("nothing is read until the configuration is right: {0}")]
    Unusable(String),
    #[error("the network failed on this picture: {0}")]
    Run(#[from] EngineError),
}
