//! The engines by name.

use super::engine::{Engine, EngineError, EngineKind};
use super::manifest::Manifest;
use super::{int8, tract};

impl EngineKind {
    /// Builds the engine from the network's bytes (their hash is checked already) for a number of threads.
    pub fn build(
        self,
        network: &[u8],
        manifest: &Manifest,
        threads: usize,
    ) -> Result<Box<dyn Engine>, EngineError> {
        match self {
            Self::Int8 => int8::build(network, manifest, threads),
            Self::Tract => tract::build(network, manifest),
        }
    }
}
