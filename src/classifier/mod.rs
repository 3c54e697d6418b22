//! The classifier: a picture in, an assessment out, by an int8 network that tract runs on the CPU.
//!
//! The manifest beside the network ([`Manifest`]) says everything about it: labels, geometry, calibration,
//! thresholds. Nothing of that is written in code.

mod assessment;
mod engine;
pub mod int8;
mod manifest;
mod preprocess;
mod tract;

use std::path::{Path, PathBuf};
use std::time::Instant;

use image::RgbImage;
use serde::{Deserialize, Serialize};

pub use assessment::{Assessment, Attention, ClassProbability, Doubt, Malignant, ModelId, Timings};
pub use engine::{ENGINES, Engine, EngineBuilder, EngineError, Outputs, Step};
pub use manifest::{Label, Manifest, OperatingPoint};
pub use preprocess::{preprocess, restore_aspect};

use crate::digest::sha256_hex;

/// `[model]` of the configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelConfig {
    /// The manifest; the network lies beside it. Without one, see [`find_manifest`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<PathBuf>,
    /// Which of [`ENGINES`] runs the network.
    pub engine: String,
    /// CPU threads for one inference.
    pub threads: usize,
    /// The operating point that decides, by its name in the manifest.
    pub operating_point: String,
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self { manifest: None, engine: ENGINES[0].0.into(), threads: 1, operating_point: "screening".into() }
    }
}

impl ModelConfig {
    /// That the values are in range.
    pub fn check(&self) -> Result<(), String> {
        if ENGINES.iter().all(|(name, _)| *name != self.engine) {
            let names: Vec<_> = ENGINES.iter().map(|(name, _)| *name).collect();
            return Err(format!(
                "model.engine = \"{}\" is not known; it is one of {}",
                self.engine,
                names.join(", ")
            ));
        }
        if (1..=64).contains(&self.threads) { Ok(()) } else { Err("model.threads is from 1 to 64".into()) }
    }
}

/// Where the manifest is when nobody says: `models/lesion.toml` in the working folder or in one above the
/// program (a build in its source tree), else where the package installs it.
pub fn find_manifest() -> PathBuf {
    const NAME: &str = "models/lesion.toml";
    let program = std::env::current_exe().unwrap_or_default();
    let above = program.ancestors().skip(1).map(|folder| folder.join(NAME));
    let mut places = std::iter::once(PathBuf::from(NAME)).chain(above);
    places.find(|place| place.is_file()).unwrap_or_else(|| Path::new("/usr/share/dermascope").join(NAME))
}

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
    Load { path: PathBuf, engine: String, cause: EngineError },
    #[error("no engine called `{0}`; it is one of {1}")]
    UnknownEngine(String, String),
    #[error("{path}: no operating point called `{name}`; the model has {known}")]
    UnknownOperatingPoint { path: PathBuf, name: String, known: String },
    #[error("the network failed on this picture: {0}")]
    Run(#[from] EngineError),
}

/// A loaded network with its manifest, ready to read pictures.
pub struct Classifier {
    manifest: Manifest,
    model: ModelId,
    engine: Box<dyn Engine>,
    operating_point: OperatingPoint,
}

impl Classifier {
    /// Loads the manifest and its network, after checking the network's sha256, and proves that the network
    /// answers as the manifest says by running it once on a grey picture.
    pub fn load(config: &ModelConfig) -> Result<Self, ModelError> {
        let manifest_path = config.manifest.clone().unwrap_or_else(find_manifest);
        let manifest = Manifest::read(&manifest_path)?;
        let path = manifest.network_path(&manifest_path);
        let network = read_network(&path, &manifest.sha256)?;
        let operating_point = manifest.operating_point(&config.operating_point, &manifest_path)?.clone();
        let load = |cause| ModelError::Load { path: path.clone(), engine: config.engine.clone(), cause };
        let mut engine = engine::build(&config.engine, &network, &manifest, config.threads)?.map_err(load)?;
        let grey = vec![0.0; manifest.input.values()];
        engine.run(&grey).and_then(|outputs| outputs.check(&manifest)).map_err(load)?;
        let model = ModelId { name: manifest.name.clone(), sha256: manifest.sha256.clone() };
        Ok(Self { manifest, model, engine, operating_point })
    }

    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    pub fn model(&self) -> &ModelId {
        &self.model
    }

    pub fn operating_point(&self) -> &OperatingPoint {
        &self.operating_point
    }

    /// The engine's kernels, for logs and benches: "avx2", "neon-dotprod", "tract".
    pub fn kernel(&self) -> String {
        self.engine.kernel()
    }

    /// Reads one picture and says how long each of the network's operators took.
    pub fn profile(&mut self, picture: &RgbImage) -> Result<Vec<Step>, ModelError> {
        Ok(self.engine.profile(&preprocess(picture, &self.manifest.input))?)
    }

    /// Reads one picture (any size of at least one pixel; its central square is used).
    pub fn assess(&mut self, picture: &RgbImage) -> Result<Assessment, ModelError> {
        let start = Instant::now();
        let input = preprocess(picture, &self.manifest.input);
        let preprocessed = start.elapsed();
        let outputs = self.engine.run(&input)?;
        outputs.check(&self.manifest)?;
        let timings = Timings::new(preprocessed, start.elapsed() - preprocessed);
        Ok(Assessment::new(&outputs, &self.manifest, &self.operating_point, &self.model, timings))
    }
}

fn read_network(path: &Path, expected: &str) -> Result<Vec<u8>, ModelError> {
    let network = std::fs::read(path).map_err(|cause| ModelError::Read {
        what: "network",
        path: path.into(),
        cause,
    })?;
    let found = sha256_hex(&network);
    if found != expected {
        return Err(ModelError::Hash { path: path.into(), expected: expected.into(), found });
    }
    Ok(network)
}
