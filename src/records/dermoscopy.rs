//! How the dermoscope takes its pictures, in DICOM's words (PS3.3, C.8.12.13, Dermoscopic Image Module).

use serde::{Deserialize, Serialize};

/// How the dermoscope takes its pictures, so that an export loses nothing. A key that is left out is not known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Dermoscopy {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub polarisation: Option<Polarisation>,
    /// Whether the glass touches the skin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<bool>,
    /// What is between glass and skin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub immersion: Option<Immersion>,
    /// Optical magnification, in times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub magnification: Option<f32>,
}

/// How the light is polarised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Polarisation {
    /// Crossed filters: shows below the surface.
    Cross,
    Parallel,
    Unpolarised,
}

/// What is between glass and skin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Immersion {
    /// A dry contact, or no contact.
    None,
    UltrasoundGel,
    Alcohol,
    Water,
    MineralOil,
    PlasticCap,
    /// Of a record made before there was a list: the operator's own word.
    Other(String),
}

impl Immersion {
    /// The list.
    const ALL: [Self; 6] =
        [Self::None, Self::UltrasoundGel, Self::Alcohol, Self::Water, Self::MineralOil, Self::PlasticCap];

    /// As it is said and kept here.
    pub fn word(&self) -> &str {
        match self {
            Self::None => "none",
            Self::UltrasoundGel => "ultrasound_gel",
            Self::Alcohol => "alcohol",
            Self::Water => "water",
            Self::MineralOil => "mineral_oil",
            Self::PlasticCap => "plastic_cap",
            Self::Other(word) => word,
        }
    }

    /// Refuses what is not on the list.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Self::Other(word) => {
                let words: Vec<_> = Self::ALL.iter().map(|known| known.word().to_string()).collect();
                Err(format!("\"{word}\"; it must be one of {}", words.join(", ")))
            }
            _ => Ok(()),
        }
    }
}

impl From<String> for Immersion {
    fn from(word: String) -> Self {
        Self::ALL.into_iter().find(|known| known.word() == word).unwrap_or(Self::Other(word))
    }
}

impl From<Immersion> for String {
    fn from(immersion: Immersion) -> Self {
        immersion.word().into()
    }
}
