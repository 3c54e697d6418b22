//! What one press gives: the capture, and the reading made of it.

use std::sync::Arc;

use image::RgbImage;
use serde::{Deserialize, Serialize};

use crate::case::Case;
use crate::classifier::{Assessment, Malignant};
use crate::examiner::Examination;
use crate::light::Lit;
use crate::picture::{Encoded, Region};
use crate::quality::{Outline, Quality};
use crate::verdict::{Judgement, Verdict, judge};

/// The frame kept when the button is pressed. What is stored is exactly what is analysed:
/// `pixels` is `field_of_view` of the decoded `encoded`.
#[derive(Clone, Debug)]
pub struct Capture {
    /// The field of view. Without a pixel only of a past capture whose picture has left the device.
    pub pixels: RgbImage,
    /// The bytes that a record keeps: the camera's own, or a PNG of `pixels`.
    pub encoded: Encoded,
    /// Where `pixels` lie in the picture that `encoded` holds, upright, in its pixels.
    pub field_of_view: Region,
    /// Wall-clock time of the press.
    pub captured_at: jiff::Timestamp,
    /// Whether the clock had been set (by network, RTC or a person) when the picture was taken.
    pub clock_set: bool,
    /// The device's own light that was on, if one was.
    pub light: Option<Lit>,
    /// What it is of, as the operator had said before the press.
    pub case: Case,
    /// What was read of the same lesion before, where it was.
    pub earlier: Option<Arc<Earlier>>,
}

/// The newest reading of the same lesion before.
#[derive(Clone, Debug)]
pub struct Earlier {
    /// What was read, with its picture, unless that has left the device.
    pub reading: Reading,
    /// Its record's number.
    pub sequence: u64,
    /// Of the lesion in its picture, where one stands out.
    pub outline: Option<Arc<Outline>>,
}

impl Capture {
    /// Whether the picture was exported and then removed to make room: what is left is what was read of it.
    pub fn has_left(&self) -> bool {
        self.pixels.is_empty()
    }
}

/// A capture with its quality and assessment: what the result screen shows and a record keeps.
#[derive(Clone, Debug)]
pub struct Reading {
    /// What the press took.
    pub capture: Arc<Capture>,
    /// What the picture measures, and what is wrong with it.
    pub quality: Quality,
    /// What the network says of it.
    pub assessment: Assessment,
    /// The person held the button to use a picture that was refused.
    pub overridden: bool,
    /// The word, and why it is no better.
    pub judgement: Judgement,
}

/// Whether a reading is on disk. `Saved` is only ever made after the commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Saved {
    /// Not on disk yet: it is being saved, or waits to be.
    Pending,
    /// Committed under this record number.
    Saved(u64),
    /// Not on disk, and why, in a few words for the screen.
    Failed(String),
}

impl Reading {
    /// A capture as it was examined.
    pub fn new(capture: Arc<Capture>, examination: Examination) -> Self {
        let Examination { quality, assessment, judgement, .. } = examination;
        Self { capture, quality, assessment, overridden: false, judgement }
    }

    /// The same, of a person who chose to use the picture although it was refused.
    pub fn used_anyway(&self) -> Self {
        // What such a word is worth was never measured.
        let malignant = Malignant { worth: None, ..self.assessment.malignant.clone() };
        let assessment = Assessment { malignant, ..self.assessment.clone() };
        let judgement = judge(&self.quality, &assessment, true);
        Self { assessment, overridden: true, judgement, ..self.clone() }
    }

    /// The word. What is refused has none, and is no reading that anybody keeps.
    pub fn verdict(&self) -> Verdict {
        self.judgement.verdict.unwrap_or(Verdict::Uncertain)
    }
}
