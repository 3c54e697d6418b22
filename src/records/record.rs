//! A record: a capture with its quality and assessment, as it is kept.

use serde::{Deserialize, Serialize};

use super::dermoscopy::Dermoscopy;
use crate::case::{Case, Laterality, Lesion, Site};
use crate::classifier::{Assessment, ClassProbability, Here};
use crate::digest::sha256_hex;
use crate::light::Lit;
use crate::picture::{Encoding, Region};
use crate::quality::Quality;
use crate::reading::Reading;
use crate::verdict::Verdict;

/// A capture with its quality and assessment, saved. Its JSON is what the database keeps, what the chain
/// covers and what the links carry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Of this JSON: a later program that writes what this one would misread counts it up.
    #[serde(default = "first_format")]
    pub format: u32,
    /// Counts the device's records from 1, without gaps.
    pub sequence: u64,
    /// The device that made it: with `sequence` the key among many devices' records.
    pub device: String,
    /// When the button was pressed, by the device's clock.
    pub captured_at: jiff::Timestamp,
    /// Whether the clock could be trusted then.
    pub clock_set: bool,
    /// SHA-256 of the image's bytes; also its file name.
    pub image_sha256: String,
    /// Of the image, in bytes.
    pub image_size: u64,
    /// The format of the image's bytes.
    pub image_encoding: Encoding,
    /// The part of the upright image that was read, in its pixels.
    pub field_of_view: Region,
    /// What the picture measures, and what is wrong with it.
    pub quality: Quality,
    /// What the network said of it.
    pub assessment: Assessment,
    /// The person chose to use a picture that was refused.
    pub overridden: bool,
    /// The word that was shown.
    pub verdict: Verdict,
    /// Version of the firmware.
    pub firmware: String,
    /// SHA-256 of the configuration in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_sha256: Option<String>,
    /// What it is of, as the operator had said before the press: see [`Case`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case_id: Option<String>,
    /// Which of the case's lesions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lesion: Option<Lesion>,
    /// What other systems follow the lesion by: see [`Lesion::tracking_uid`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lesion_uid: Option<String>,
    /// Where on the body, of the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anatomic_site: Option<Site>,
    /// On which side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub laterality: Option<Laterality>,
    /// Where on the body, in the operator's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_site: Option<String>,
    /// How the picture was taken, as the configuration said then.
    #[serde(default)]
    pub dermoscopy: Dermoscopy,
    /// The device's own light that was on, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub light: Option<Lit>,
}

/// The newest format of a record's JSON that this program knows, and writes. Since 2 a record may be of a lesion, has a site
/// of the list, and its immersion is one of a list; in 1 it was in the operator's own words.
pub(super) const FORMAT: u32 = 2;

/// Of records that do not say it: they were made before it was said.
fn first_format() -> u32 {
    1
}

/// The format that a body says it has.
pub(super) fn format(body: &str) -> u32 {
    #[derive(Deserialize)]
    struct Body {
        #[serde(default = "first_format")]
        format: u32,
    }
    serde_json::from_str::<Body>(body).map_or(FORMAT, |body| body.format)
}

/// What every record of a store is made with.
#[derive(Clone, Debug, Default)]
pub(super) struct Making {
    pub dermoscopy: Dermoscopy,
    /// Whose case numbers they are; the device's own where nobody says.
    pub issuer: Option<String>,
    /// SHA-256 of the configuration in force, where one is.
    pub config_sha256: Option<String>,
}

impl Record {
    pub(super) fn new(sequence: u64, device: &str, reading: &Reading, made: &Making) -> Self {
        let capture = &reading.capture;
        let Case { case_id, lesion, anatomic_site, laterality, body_site } = capture.case.clone();
        let issuer = made.issuer.as_deref().unwrap_or(device);
        let lesion_uid = lesion.zip(case_id.as_ref()).map(|(lesion, case)| lesion.tracking_uid(issuer, case));
        Self {
            format: FORMAT,
            sequence,
            device: device.into(),
            captured_at: capture.captured_at,
            clock_set: capture.clock_set,
            image_sha256: sha256_hex(&capture.encoded.bytes),
            image_size: capture.encoded.bytes.len() as u64,
            image_encoding: capture.encoded.encoding,
            field_of_view: capture.field_of_view,
            quality: reading.quality.clone(),
            assessment: reading.assessment.clone(),
            overridden: reading.overridden,
            verdict: reading.verdict(),
            firmware: env!("CARGO_PKG_VERSION").into(),
            config_sha256: made.config_sha256.clone(),
            case_id,
            lesion,
            lesion_uid,
            anatomic_site,
            laterality,
            body_site,
            dermoscopy: made.dermoscopy.clone(),
            light: capture.light,
        }
    }

    /// What it is of, as it was said before the press.
    pub fn case(&self) -> Case {
        Case {
            case_id: self.case_id.clone(),
            lesion: self.lesion,
            anatomic_site: self.anatomic_site,
            laterality: self.laterality,
            body_site: self.body_site.clone(),
        }
    }

    /// The name of its picture in `images/`.
    pub fn image_name(&self) -> String {
        image_name(&self.image_sha256, self.image_encoding)
    }

    /// Its line in a list.
    pub fn summary(&self) -> Summary {
        Summary {
            sequence: self.sequence,
            device: self.device.clone(),
            captured_at: self.captured_at,
            clock_set: self.clock_set,
            verdict: self.verdict,
            malignant_probability: self.assessment.malignant.probability,
            operating_point: self.assessment.malignant.operating_point.clone(),
            threshold: self.assessment.malignant.threshold,
            here: self.assessment.malignant.here,
            top: self.assessment.top(3).into_iter().cloned().collect(),
            usable: self.quality.is_usable(),
            overridden: self.overridden,
            case_id: self.case_id.clone(),
            lesion: self.lesion,
            anatomic_site: self.anatomic_site,
            laterality: self.laterality,
            body_site: self.body_site.clone(),
            image_sha256: self.image_sha256.clone(),
        }
    }
}

pub(super) fn image_name(sha256: &str, encoding: Encoding) -> String {
    format!("{sha256}.{}", encoding.extension())
}

/// The name of a record's picture wherever it is carried: in an export, on the drive, in a folder that is pulled to.
pub fn carried_name(sequence: u64, encoding: Encoding) -> String {
    format!("{sequence:06}.{}", encoding.extension())
}

/// A record in a list: what one looks for it by. Probabilities are from 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// The record's number, from 1.
    pub sequence: u64,
    /// The device that made it, by its id.
    pub device: String,
    /// When the button was pressed, by the device's clock.
    pub captured_at: jiff::Timestamp,
    /// Whether the clock could be trusted then.
    pub clock_set: bool,
    /// The word that was shown.
    pub verdict: Verdict,
    /// P(malignant) as the model computed it.
    pub malignant_probability: f32,
    /// The name of the operating point that was in force.
    pub operating_point: String,
    /// P(malignant) from which on it was suspicious.
    pub threshold: f32,
    /// Probability and threshold as they were shown, where a prevalence had been stated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub here: Option<Here>,
    /// The three likeliest classes, likeliest first.
    pub top: Vec<ClassProbability>,
    /// The picture passed every quality check.
    pub usable: bool,
    /// The person chose to use a picture that was refused.
    pub overridden: bool,
    /// The operator's own name for the case, where one was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case_id: Option<String>,
    /// Which of the case's lesions, where that was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lesion: Option<Lesion>,
    /// Where on the body, of the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anatomic_site: Option<Site>,
    /// On which side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub laterality: Option<Laterality>,
    /// Where on the body, in the operator's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_site: Option<String>,
    /// SHA-256 of the image's bytes, in hexadecimal digits; also its file name.
    pub image_sha256: String,
}
