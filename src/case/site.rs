//! Where on the body: a closed list, so that records can be counted by it and told to other systems in codes.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A site of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Site(usize);

/// What a site is called, here and elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// As it is said and kept here.
    pub word: &'static str,
    /// The SNOMED CT code of DICOM's context group for the skin's sites (PS3.16, CID 4029 "Dermatology Anatomic Site") that it lies in:
    /// where the group knows only parts of it, that of the limb.
    pub snomed: &'static str,
    /// That code's meaning, as the context group has it.
    pub meaning: &'static str,
    /// Its word in the ISIC Archive's metadata, `anatom_site_general`.
    pub isic: &'static str,
}

const fn row(word: &'static str, snomed: &'static str, meaning: &'static str, isic: &'static str) -> Row {
    Row { word, snomed, meaning, isic }
}

/// From head to foot. Records keep the words: a word may be added and never changed.
#[rustfmt::skip]
pub const SITES: &[Row] = &[
    row("scalp", "43067004", "Skin of scalp", "head/neck"),
    row("forehead", "68698007", "Skin of forehead", "head/neck"),
    row("temple", "16621002", "Skin of temporal region", "head/neck"),
    row("eyelid", "362916000", "Skin of eye region", "head/neck"),
    row("nose", "113179006", "Skin of nose", "head/neck"),
    row("cheek", "36141000", "Skin of cheek", "head/neck"),
    row("lip", "88089004", "Skin of lip", "head/neck"),
    row("chin", "23747009", "Skin of chin", "head/neck"),
    row("ear", "1902009", "Skin of ear", "head/neck"),
    row("face", "73897004", "Skin of face", "head/neck"),
    row("neck", "43081002", "Skin of neck", "head/neck"),
    row("nape", "4658004", "Skin of nuchal region", "head/neck"),
    row("chest", "244106003", "Skin of anterior surface of thorax", "anterior torso"),
    row("abdomen", "75093004", "Skin of abdomen", "anterior torso"),
    row("armpit", "76261009", "Skin of axilla", "lateral torso"),
    row("upper back", "244111001", "Skin of posterior surface of thorax", "posterior torso"),
    row("lower back", "113182001", "Skin of lower back", "posterior torso"),
    row("back", "66643007", "Skin of back", "posterior torso"),
    row("buttock", "22180002", "Skin of buttock", "posterior torso"),
    row("shoulder", "371311000", "Skin of upper extremity", "upper extremity"),
    row("upper arm", "371311000", "Skin of upper extremity", "upper extremity"),
    row("elbow", "371311000", "Skin of upper extremity", "upper extremity"),
    row("forearm", "371311000", "Skin of upper extremity", "upper extremity"),
    row("wrist", "371311000", "Skin of upper extremity", "upper extremity"),
    row("hand", "33712006", "Skin of hand", "upper extremity"),
    row("palm", "70887009", "Skin of palm of hand", "palms/soles"),
    row("finger", "244169007", "Skin of digit of hand", "upper extremity"),
    row("fingernail", "770809003", "Nail unit of finger", "upper extremity"),
    row("groin", "39687006", "Skin of inguinal region", "anterior torso"),
    row("genitals", "60944009", "Skin of external genitalia", "oral/genital"),
    row("thigh", "371304004", "Skin of lower extremity", "lower extremity"),
    row("knee", "371304004", "Skin of lower extremity", "lower extremity"),
    row("lower leg", "371304004", "Skin of lower extremity", "lower extremity"),
    row("ankle", "371304004", "Skin of lower extremity", "lower extremity"),
    row("foot", "60496002", "Skin of foot", "lower extremity"),
    row("heel", "84607009", "Skin of heel", "lower extremity"),
    row("sole", "60496002", "Skin of foot", "palms/soles"),
    row("toe", "52034004", "Skin of toe", "lower extremity"),
    row("toenail", "770805009", "Nail unit of toe", "lower extremity"),
    row("mouth", "113277000", "Oral mucosa", "oral/genital"),
];

impl Site {
    /// The site of that word, capitals or not.
    pub fn parse(text: &str) -> Option<Self> {
        SITES.iter().position(|row| row.word.eq_ignore_ascii_case(text)).map(Self)
    }

    /// All that is known of it.
    pub fn row(self) -> &'static Row {
        // Only `parse` makes one.
        &SITES[self.0]
    }

    /// As it is said and kept here.
    pub fn word(self) -> &'static str {
        self.row().word
    }
}

impl fmt::Display for Site {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

impl From<Site> for String {
    fn from(site: Site) -> Self {
        site.word().into()
    }
}

impl TryFrom<String> for Site {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| {
            let words: Vec<_> = SITES.iter().map(|row| row.word).collect();
            format!(
                "`{text}` is no site of the list; write it as body_site, or choose of {}",
                words.join(", ")
            )
        })
    }
}

/// On which side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", try_from = "String")]
pub enum Laterality {
    /// The person's own left.
    Left,
    /// Their right.
    Right,
    /// On the middle line, where there is no side.
    Midline,
}

impl Laterality {
    /// The list.
    pub const ALL: [Self; 3] = [Self::Left, Self::Right, Self::Midline];

    /// As it is said and kept here.
    pub fn word(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
            Self::Midline => "midline",
        }
    }

    /// The side of that word, capitals or not.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|side| side.word().eq_ignore_ascii_case(text))
    }
}

impl TryFrom<String> for Laterality {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` is no side; say left, right or midline"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_site_has_a_word_of_its_own_a_code_and_a_word_of_isics() {
        let isic = [
            "head/neck",
            "upper extremity",
            "lower extremity",
            "anterior torso",
            "posterior torso",
            "palms/soles",
            "lateral torso",
            "oral/genital",
        ];
        let words: BTreeSet<_> = SITES.iter().map(|row| row.word).collect();
        assert_eq!(words.len(), SITES.len());
        for row in SITES {
            assert!(isic.contains(&row.isic), "{row:?}");
            assert!(snomed_holds(row.snomed), "{row:?}");
            assert!(Laterality::parse(row.word).is_none(), "{row:?}");
            let site = Site::parse(&row.word.to_uppercase()).expect("capitals or not");
            assert_eq!(serde_json::to_value(site).expect("JSON"), row.word);
        }
    }

    /// The check digit of SNOMED CT's identifiers (Verhoeff): a mistyped one does not pass.
    fn snomed_holds(code: &str) -> bool {
        const TURN: [usize; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
        let turned = |digit: usize, times: usize| (0..times).fold(digit, |digit, _| TURN[digit]);
        // The group of a pentagon's turns and flips.
        let add = |a: usize, b: usize| match (a < 5, b < 5) {
            (true, true) => (a + b) % 5,
            (true, false) => (a + b) % 5 + 5,
            (false, true) => (a - b) % 5 + 5,
            (false, false) => (a + 5 - b) % 5,
        };
        let digits = code.bytes().rev().enumerate();
        digits.fold(0, |sum, (place, digit)| add(sum, turned(usize::from(digit - b'0'), place % 8))) == 0
    }

    #[test]
    fn what_is_not_on_the_list_is_refused_with_the_list() {
        let refused = Site::try_from("elbo".to_string()).expect_err("not on it");
        assert!(refused.contains("elbow") && refused.contains("body_site"), "{refused}");
        assert!(Laterality::try_from("both".to_string()).is_err());
    }
}
