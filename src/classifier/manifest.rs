//! The manifest: the contract between a network and everything that uses it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::ModelError;
use super::prevalence::PREVALENCES;

/// `models/lesion.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of this format: 1.
    pub format: u32,
    /// Name and version, for people.
    pub name: String,
    /// The name for a small screen: at most 20 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short_name: Option<String>,
    /// The network, beside the manifest.
    pub file: String,
    /// SHA-256 of the network's bytes, in lower-case hexadecimal.
    pub sha256: String,
    /// The network's licence, such as "CC BY-NC 4.0".
    pub licence: String,
    /// The data sets it was trained on.
    pub data: Vec<String>,
    /// How a picture becomes the network's input.
    pub input: Input,
    /// In the order of the network's outputs.
    pub labels: Vec<Label>,
    /// How logits become probabilities.
    pub calibration: Calibration,
    /// At least one; the configuration chooses by name which one decides.
    pub operating_points: Vec<OperatingPoint>,
    /// When a reading is doubtful.
    pub uncertain: Uncertain,
    /// When a picture is unlike those of the training.
    pub out_of_distribution: OutOfDistribution,
    /// Without it the network cannot tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_dermatoscopic: Option<NotDermatoscopic>,
}

/// Geometry and normalisation of the input: (value - mean) / std of values from 0 to 255, RGB.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    pub width: u32,
    pub height: u32,
    pub mean: [f32; 3],
    pub std: [f32; 3],
    pub crop: Crop,
}

impl Input {
    /// How many numbers the network takes.
    pub fn values(&self) -> usize {
        3 * self.width as usize * self.height as usize
    }
}

/// Which part of a picture the network sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Crop {
    /// The central square, as wide as the shorter side.
    CentreSquare,
}

/// A class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// HAM10000's code, such as `mel`.
    pub code: String,
    /// The full name.
    pub name: String,
    /// A name of at most 18 characters, for the small screen.
    pub short: String,
    /// Malignant or pre-malignant: counts towards P(malignant).
    pub malignant: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Logits are divided by this before the softmax (Guo et al. 2017, "On Calibration of Modern Neural Networks").
    pub temperature: f32,
    /// One per label, from -20 to 20: added to the logits among the malignant labels and among the benign ones, each
    /// of which keeps its share of the probability. They take off how often a class was in training (Menon et al. 2021,
    /// "Long-tail learning via logit adjustment"), or a rare one would be passed over for its common neighbour.
    pub class_offsets: Vec<f32>,
    /// Share of malignant pictures in the set that the temperature was fitted on: what P(malignant) is true for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prevalence: Option<f32>,
}

/// A named, validated decision threshold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatingPoint {
    /// What the configuration chooses it by, such as "screening".
    pub name: String,
    /// Suspicious from this P(malignant) on.
    pub threshold: f32,
    /// Share of malignant pictures called suspicious, on the validation split.
    pub sensitivity: f32,
    /// Share of benign pictures called not suspicious, on the validation split.
    pub specificity: f32,
    /// What it is good at and what that costs, in words for people.
    pub description: String,
    /// How often each word is shown at this point, as `evaluate` measured it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Shown>,
}

/// How often each word is shown.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// How often "suspicious" is shown.
    pub suspicious: Shares,
    /// How often "uncertain" is shown.
    pub uncertain: Shares,
    /// How often "not suspicious" is shown.
    pub not_suspicious: Shares,
}

/// Shares of the malignant and of the benign pictures, each with the low and the high end of its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shares {
    /// Of the malignant pictures: share, low end, high end, from 0 to 1.
    pub malignant: [f32; 3],
    /// Of the benign pictures: share, low end, high end, from 0 to 1.
    pub benign: [f32; 3],
}

const SHOWN: &str = "shares under `shown` are from 0 to 1, each between the ends of its interval";

impl Shown {
    fn is_sound(self) -> bool {
        let shares = [self.suspicious, self.uncertain, self.not_suspicious];
        let ordered =
            |[share, low, high]: [f32; 3]| 0.0 <= low && low <= share && share <= high && high <= 1.0;
        shares.iter().all(|shares| ordered(shares.malignant) && ordered(shares.benign))
    }
}

/// When a reading is doubtful.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Uncertain {
    /// No class stands out below this probability of the likeliest one.
    pub min_top: f32,
    /// P(malignant) up to this much below the threshold in force is too near it to say that it is not suspicious.
    pub margin: f32,
}

/// When a picture is not what the network was trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutOfDistribution {
    pub score: Score,
    /// Refused above this score.
    pub threshold: f32,
}

/// When a picture was not taken through a dermatoscope.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotDermatoscopic {
    /// The value of the network's embedding that says so: the larger, the less dermatoscopic. It is no part of the score
    /// of `out_of_distribution`.
    pub value: usize,
    /// Refused above this.
    pub threshold: f32,
}

/// A number that is larger the stranger the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Score {
    /// Squared norm of the whitened features (Lee et al. 2018, with one shared Gaussian).
    Mahalanobis,
    /// -T log sum exp(logits / T) (Liu et al. 2020).
    Energy,
}

impl Manifest {
    /// Reads and checks a manifest.
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        let text = std::fs::read_to_string(path).map_err(|cause| ModelError::Read {
            what: "model's manifest",
            path: path.into(),
            cause,
        })?;
        Self::parse(&text).map_err(|cause| ModelError::Manifest { path: path.into(), cause })
    }

    /// Parses and checks a manifest's text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let manifest: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        manifest.check()?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), String> {
        let require = |holds: bool, message: &str| if holds { Ok(()) } else { Err(message.to_string()) };
        require(
            self.format == 1,
            &format!("format {} is not known; this version reads format 1", self.format),
        )?;
        require(
            !self.file.contains(['/', '\\']) && !self.file.is_empty(),
            "`file` is a file name beside the manifest",
        )?;
        require(self.sha256.len() == 64, "`sha256` has 64 hexadecimal digits")?;
        let sides = [self.input.width, self.input.height];
        require(sides.iter().all(|side| (16..=1024).contains(side)), "`input` sides are from 16 to 1024")?;
        require(self.input.std.iter().all(|std| *std > 0.0), "`input.std` is above 0")?;
        require((2..=64).contains(&self.labels.len()), "there are from 2 to 64 `labels`")?;
        require(self.labels.iter().any(|label| label.malignant), "at least one label is malignant")?;
        require(
            self.labels.iter().all(|label| label.short.chars().count() <= 18),
            "`short` has at most 18 characters",
        )?;
        let mut codes: Vec<_> = self.labels.iter().map(|label| &label.code).collect();
        codes.sort();
        codes.dedup();
        require(codes.len() == self.labels.len(), "each label's `code` is named once")?;
        require(self.calibration.temperature > 0.0, "`temperature` is above 0")?;
        let short = self.short_name.as_deref().unwrap_or("");
        require(short.chars().count() <= 20, "`short_name` has at most 20 characters")?;
        let stated = self.calibration.prevalence.is_none_or(|stated| PREVALENCES.contains(&stated));
        require(stated, "`calibration.prevalence` is from 0.001 to 0.999")?;
        require(self.operating_points.iter().filter_map(|point| point.shown).all(Shown::is_sound), SHOWN)?;
        let offsets = &self.calibration.class_offsets;
        require(
            offsets.len() == self.labels.len(),
            "`class_offsets` has one number for each of the `labels`",
        )?;
        require(
            offsets.iter().all(|offset| (-20.0..=20.0).contains(offset)),
            "`class_offsets` are from -20 to 20",
        )?;
        require(!self.operating_points.is_empty(), "there is at least one operating point")?;
        let mut thresholds = self.operating_points.iter().map(|point| point.threshold);
        require(thresholds.all(|threshold| (0.0..=1.0).contains(&threshold)), "thresholds are from 0 to 1")
    }

    /// That the network's embedding has all the values that are named here.
    pub fn check_embedding(&self, values: usize) -> Result<(), String> {
        match &self.not_dermatoscopic {
            Some(other) if other.value >= values => Err(format!(
                "the embedding has {values} values, but `not_dermatoscopic.value` is {}",
                other.value
            )),
            _ => Ok(()),
        }
    }

    /// Where the network is, for a manifest at `manifest_path`.
    pub fn network_path(&self, manifest_path: &Path) -> PathBuf {
        manifest_path.with_file_name(&self.file)
    }

    /// The operating point of that name.
    pub fn operating_point(&self, name: &str, path: &Path) -> Result<&OperatingPoint, ModelError> {
        self.operating_points.iter().find(|point| point.name == name).ok_or_else(|| {
            let known: Vec<_> = self.operating_points.iter().map(|point| point.name.as_str()).collect();
            ModelError::UnknownOperatingPoint {
                path: path.into(),
                name: name.into(),
                known: known.join(", "),
            }
        })
    }
}
