//! What can be wrong with a model.

use std::path::PathBuf;

use super::engine::{EngineError, EngineKind};

/// Why a model cannot be used. Each message names the file and the cure.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A file of the model cannot be read.
    #[error(
        "{path}: cannot read the {what}: {cause}; install the model again, or set model.manifest to where it is"
    )]
    Read {
        /// Which one: "model's manifest" or "network".
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The manifest is not one, or says what cannot be.
    #[error("{path}: the manifest is not valid: {cause}")]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// Which key, and what is wrong with it.
        cause: String,
    },
    /// The network is not the one that the manifest is of.
    #[error(
        "{path}: the network's sha256 is {found}, but its manifest says {expected}; the file is damaged or of \
         another version: install the model and its manifest together again"
    )]
    Hash {
        /// The network.
        path: PathBuf,
        /// The SHA-256 that the manifest says, in hexadecimal digits.
        expected: String,
        /// The SHA-256 that the file has.
        found: String,
    },
    /// The network has the right bytes, and the engine cannot run it.
    #[error("{path}: the {engine} engine cannot load the network: {cause}")]
    Load {
        /// The network.
        path: PathBuf,
        /// The engine that was asked to.
        engine: EngineKind,
        /// The node or tensor, and why.
        cause: EngineError,
    },
    /// The model has no such operating point.
    #[error("{path}: no operating point called `{name}`; the model has {known}")]
    UnknownOperatingPoint {
        /// The manifest.
        path: PathBuf,
        /// The name that was asked for.
        name: String,
        /// The names that it has, with commas.
        known: String,
    },
    /// A prevalence is stated, and the model cannot take one into account. Holds the manifest's path.
    #[error(
        "{0}: the model does not say what share of malignant pictures it was calibrated on, so model.prevalence \
         cannot be taken into account: leave it out"
    )]
    NoPrevalence(PathBuf),
    /// Something of the configuration was left out that decides what a reading says.
    #[error("nothing is read until the configuration is right: {0}")]
    Unusable(String),
    /// The network was loaded, and failed on one picture.
    #[error("the network failed on this picture: {0}")]
    Run(#[from] EngineError),
}
