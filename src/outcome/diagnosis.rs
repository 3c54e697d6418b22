//! Diagnoses: a closed list, the ISIC Archive's words, so that outcomes can be counted and told to others.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A diagnosis of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Diagnosis(usize);

/// What is known of a diagnosis.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The ISIC Archive's word for it (its metadata's `diagnosis`, as PyPI's `isic-metadata` has them).
    pub word: &'static str,
    /// HAM10000's or the clinics' code that is taken for it too; empty for none.
    pub code: &'static str,
    /// Whether it is malignant or pre-malignant, as P(malignant) means it; none where the word alone does not say.
    pub malignant: Option<bool>,
}

const fn row(word: &'static str, code: &'static str, malignant: Option<bool>) -> Row {
    Row { word, code, malignant }
}

/// Outcomes keep the words: a word may be added and never changed.
#[rustfmt::skip]
pub const DIAGNOSES: &[Row] = &[
    row("actinic keratosis", "akiec", Some(true)),
    row("adnexal tumor", "", None),
    row("AIMP", "", None),
    row("angiokeratoma", "", Some(false)),
    row("angioma", "", Some(false)),
    row("basal cell carcinoma", "bcc", Some(true)),
    row("cafe-au-lait macule", "", Some(false)),
    row("dermatofibroma", "df", Some(false)),
    row("ephelis", "", Some(false)),
    row("lentigo NOS", "", Some(false)),
    row("lentigo simplex", "", Some(false)),
    row("lichenoid keratosis", "", Some(false)),
    row("melanoma", "mel", Some(true)),
    row("melanoma metastasis", "", Some(true)),
    row("merkel cell carcinoma", "", Some(true)),
    row("mucosal melanosis", "", Some(false)),
    row("nevus", "nv", Some(false)),
    row("nevus spilus", "", Some(false)),
    row("seborrheic keratosis", "", Some(false)),
    row("solar lentigo", "", Some(false)),
    row("squamous cell carcinoma", "scc", Some(true)),
    row("clear cell acanthoma", "", Some(false)),
    row("atypical spitz tumor", "", None),
    row("acrochordon", "", Some(false)),
    row("angiofibroma or fibrous papule", "", Some(false)),
    row("neurofibroma", "", Some(false)),
    row("pyogenic granuloma", "", Some(false)),
    row("scar", "", Some(false)),
    row("sebaceous adenoma", "", Some(false)),
    row("sebaceous hyperplasia", "", Some(false)),
    row("verruca", "", Some(false)),
    row("atypical melanocytic proliferation", "", None),
    row("epidermal nevus", "", Some(false)),
    row("pigmented benign keratosis", "bkl", Some(false)),
    row("vascular lesion", "vasc", Some(false)),
    row("other", "", None),
];

impl Diagnosis {
    /// The diagnosis of that word or code, capitals or not; "naevus" is "nevus" too.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.replace("naevus", "nevus");
        let is = |known: &str| !known.is_empty() && known.eq_ignore_ascii_case(&text);
        DIAGNOSES.iter().position(|row| is(row.word) || is(row.code)).map(Self)
    }

    /// All that is known of it.
    pub fn row(self) -> &'static Row {
        // Only `parse` makes one.
        &DIAGNOSES[self.0]
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(self.row().word)
    }
}

impl From<Diagnosis> for String {
    fn from(diagnosis: Diagnosis) -> Self {
        diagnosis.row().word.into()
    }
}

impl TryFrom<String> for Diagnosis {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| {
            let words: Vec<_> = DIAGNOSES.iter().map(|row| row.word).collect();
            format!(
                "`{text}` is no diagnosis of the list; say \"other\" and write it as a note, or choose of {}",
                words.join(", ")
            )
        })
    }
}

/// How a diagnosis was confirmed: the ISIC Archive's words (`diagnosis_confirm_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Confirmation(usize);

/// The list, the strongest first.
pub const CONFIRMATIONS: [&str; 5] = [
    "histopathology",
    "confocal microscopy with consensus dermoscopy",
    "serial imaging showing no change",
    "single image expert consensus",
    "single contributor clinical assessment",
];

impl Confirmation {
    /// The way of that word, capitals or not.
    pub fn parse(text: &str) -> Option<Self> {
        CONFIRMATIONS.iter().position(|word| word.eq_ignore_ascii_case(text)).map(Self)
    }

    /// ISIC's word.
    pub fn word(self) -> &'static str {
        // Only `parse` makes one.
        CONFIRMATIONS[self.0]
    }

    /// By tissue: the lesion was cut out, at least in part, and there is nothing to look at again.
    pub fn is_of_tissue(self) -> bool {
        self.0 == 0
    }
}

impl From<Confirmation> for String {
    fn from(confirmation: Confirmation) -> Self {
        confirmation.word().into()
    }
}

impl TryFrom<String> for Confirmation {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| {
            format!("`{text}` is no way of confirming; choose of {}", CONFIRMATIONS.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_diagnosis_is_found_by_its_word_and_code_and_no_two_share_one() {
        let mut names = BTreeSet::new();
        for row in DIAGNOSES {
            for name in [row.word, row.code].into_iter().filter(|name| !name.is_empty()) {
                assert!(names.insert(name.to_lowercase()), "{name}");
                assert_eq!(
                    Diagnosis::parse(&name.to_uppercase()).map(|found| found.row().word),
                    Some(row.word)
                );
            }
        }
        assert_eq!(Diagnosis::parse("naevus").map(String::from).as_deref(), Some("nevus"));
        assert_eq!(Diagnosis::parse(""), None);
    }

    /// What the network calls malignant and what outcomes do is the same.
    #[test]
    fn the_seven_classes_are_malignant_as_the_models_manifest_says() {
        let manifest = include_str!("../../models/lesion.toml");
        let manifest = crate::classifier::Manifest::parse(manifest).expect("the shipped one");
        for label in manifest.labels {
            let known = Diagnosis::parse(&label.code).expect("every class is a diagnosis");
            assert_eq!(known.row().malignant, Some(label.malignant), "{}", label.code);
        }
    }
}
