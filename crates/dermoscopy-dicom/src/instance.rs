//! What is said of a picture, in DICOM's terms.

/// A picture with its reading.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Instance {
    /// The device's own name; with `sequence` what all identifiers are made of.
    pub device: String,
    /// Version of its firmware.
    pub firmware: String,
    /// The record's number.
    pub sequence: u64,
    /// SHA-256 of the picture, in hexadecimal digits.
    pub image_sha256: String,
    /// When, in UTC, as DICOM writes it: `YYYYMMDD` and `HHMMSS.FFFFFF`. None where the clock was not set.
    pub captured_at: Option<(String, String)>,
    /// The operator's own name for the case: the Patient ID.
    pub case: Option<String>,
    /// The lesion, where one was named.
    pub lesion: Option<Tracking>,
    /// Where on the body, in a code of SNOMED CT.
    pub site: Option<Code>,
    /// On which side.
    pub laterality: Option<Laterality>,
    /// Where on the body, in the operator's words.
    pub site_words: Option<String>,
    /// How it was taken.
    pub taken: Taken,
    /// What the network said.
    pub reading: Reading,
    /// What must stand beside every reading.
    pub notice: String,
}

/// What follows a lesion from picture to picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracking {
    /// As people say it.
    pub id: String,
    /// The Tracking UID (0062,0021).
    pub uid: String,
}

/// A code of SNOMED CT and its meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// The code.
    pub value: String,
    /// In English.
    pub meaning: String,
}

/// On which side of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Laterality {
    /// Of the person, not of who looks.
    Left,
    /// Of the person, not of who looks.
    Right,
    /// On the middle line.
    Midline,
}

/// How a picture was taken; what is none is not known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Taken {
    /// The light.
    pub polarised: Option<bool>,
    /// Whether the glass touched the skin.
    pub contact: Option<bool>,
    /// What was between glass and skin: a defined term of Immersion Media (0016,1004), such as `ULTRASOUND_GEL`.
    pub immersion: Option<&'static str>,
    /// In the operator's own words, where it is none of the terms.
    pub immersion_words: Option<String>,
    /// Optical magnification, in times.
    pub magnification: Option<f64>,
    /// Millimetres of skin that one pixel shows.
    pub millimetres_per_pixel: Option<f64>,
}

/// What the network said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// The word that was shown.
    pub word: String,
    /// P(malignant) as it was shown, from 0 to 1.
    pub malignant: f64,
    /// The threshold as it was shown, from 0 to 1.
    pub threshold: f64,
    /// Each class: its code, its name, its probability from 0 to 1.
    pub classes: Vec<(String, String, f64)>,
    /// What must be known beside: doubts, what was wrong with the picture.
    pub remarks: Vec<String>,
    /// The network's name, and its SHA-256.
    pub model: (String, String),
}
