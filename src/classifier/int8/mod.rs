//! The int8 engine: fused operators for tract.

use super::{Engine, EngineError, Manifest};

/// Builds the engine from the network's bytes.
pub fn build(_network: &[u8], _manifest: &Manifest, _threads: usize) -> Result<Box<dyn Engine>, EngineError> {
    anyhow::bail!("not written yet")
}
