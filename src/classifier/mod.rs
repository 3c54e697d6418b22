//! The classifier: a picture in, an assessment out, by an int8 network that tract runs on the CPU.
//!
//! The manifest beside the network ([`Manifest`]) says everything about it: labels, geometry, calibration,
//! thresholds. Nothing of that is written in code.

mod assessment;
mod config;
mod engine;
mod engines;
mod error;
pub mod int8;
mod manifest;
mod preprocess;
mod prevalence;
mod setting;
mod tract;

use std::path::{Path, PathBuf};
use std::time::Instant;

use image::RgbImage;

use crate::digest::sha256_hex;

pub use assessment::{Assessment, Attention, ClassProbability, Doubt, Malignant, ModelId, Timings};
pub use config::{ModelConfig, find_manifest};
pub use engine::{Engine, EngineError, EngineKind, Outputs, Step};
pub use error::ModelError;
pub use manifest::{Label, Manifest, OperatingPoint, Shares, Shown};
pub use preprocess::{preprocess, restore_aspect};
pub use prevalence::{Here, Worth, parse_prevalence};
pub use setting::Setting;

/// A loaded network with its manifest, ready to read pictures.
pub struct Classifier {
    manifest: Manifest,
    model: ModelId,
    engine: Box<dyn Engine>,
    operating_point: OperatingPoint,
    prevalence: Option<f32>,
    /// For messages.
    manifest_path: PathBuf,
}

impl Classifier {
    /// Loads the manifest and its network, after checking the network's sha256, and proves that the network
    /// answers as the manifest says by running it once on a grey picture.
    pub fn load(config: &ModelConfig) -> Result<Self, ModelError> {
        if let Some(cause) = &config.unusable {
            return Err(ModelError::Unusable(cause.clone()));
        }
        let manifest_path = config.manifest.clone().unwrap_or_else(find_manifest);
        let manifest = Manifest::read(&manifest_path)?;
        let path = manifest.network_path(&manifest_path);
        let network = read_network(&path, &manifest.sha256)?;
        let operating_point = manifest.operating_point(&config.operating_point, &manifest_path)?.clone();
        let load = |cause| ModelError::Load { path: path.clone(), engine: config.engine, cause };
        let mut engine = config.engine.build(&network, &manifest, config.threads).map_err(load)?;
        let grey = vec![0.0; manifest.input.values()];
        let outputs =
            engine.run(&grey).and_then(|outputs| outputs.check(manifest.labels.len()).map(|()| outputs));
        manifest
            .check_embedding(outputs.map_err(load)?.embedding.len())
            .map_err(|cause| ModelError::Manifest { path: manifest_path.clone(), cause })?;
        let model = ModelId {
            name: manifest.name.clone(),
            short_name: manifest.short_name.clone(),
            sha256: manifest.sha256.clone(),
        };
        let mut loaded = Self { manifest, model, engine, operating_point, prevalence: None, manifest_path };
        loaded.set(&config.setting())?;
        Ok(loaded)
    }

    /// Decides and shows by this from now on; nothing changes where the model cannot.
    pub fn set(&mut self, setting: &Setting) -> Result<(), ModelError> {
        let point = self.manifest.operating_point(&setting.operating_point, &self.manifest_path)?.clone();
        if setting.prevalence.is_some() && self.manifest.calibration.prevalence.is_none() {
            return Err(ModelError::NoPrevalence(self.manifest_path.clone()));
        }
        (self.operating_point, self.prevalence) = (point, setting.prevalence);
        Ok(())
    }

    /// What the model says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Which model it is, as records name it.
    pub fn model(&self) -> &ModelId {
        &self.model
    }

    /// The operating point that decides now.
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
        outputs.check(self.manifest.labels.len())?;
        let timings = Timings::new(preprocessed, start.elapsed() - preprocessed);
        let (manifest, point) = (&self.manifest, &self.operating_point);
        let assessment = Assessment::new(&outputs, manifest, point, &self.model, timings);
        Ok(match self.prevalence {
            Some(prevalence) => assessment.seen_where(prevalence),
            None => assessment,
        })
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
