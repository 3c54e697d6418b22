//! How the dermoscope takes its pictures, in DICOM's words (PS3.3, C.8.12.13, Dermoscopic Image Module).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the dermoscope takes its pictures, so that an export loses nothing. A key that is left out is not known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Dermoscopy {
    /// How the light of the dermoscope is polarised.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Polarisation {
    /// Crossed filters: shows below the surface.
    Cross,
    /// Filters that stand alike: shows the surface.
    Parallel,
    /// No filters.
    Unpolarised,
}

/// What is between glass and skin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Immersion {
    /// A dry contact, or no contact.
    None,
    /// Ultrasound gel.
    UltrasoundGel,
    /// Alcohol, such as a disinfectant.
    Alcohol,
    /// Water.
    Water,
    /// Mineral oil.
    MineralOil,
    /// A cap of plastic.
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

/// The list, for editors that complete a configuration.
impl JsonSchema for Immersion {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Immersion".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let words = Self::ALL.map(String::from);
        schemars::json_schema!({ "type": "string", "enum": words, "description": "What is between glass and skin." })
    }
}
