//! The case: whose lesion, which one, and where on the body, the next captures are of, as the operator says it.

mod lesion;
mod site;

use std::collections::BTreeMap;

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::{BidiControl, DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup};
use icu_properties::{CodePointMapData, CodePointSetData};
use serde::{Deserialize, Serialize};

pub use lesion::Lesion;
pub use site::{Laterality, SITES, Site};

/// The longest name of a case or of a body site, in characters.
pub const LONGEST: usize = 64;

/// What captures are of. Nothing is said until somebody says it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, Option<String>>")]
pub struct Case {
    /// The operator's own name for the case.
    pub case_id: Option<String>,
    /// Which of its lesions.
    pub lesion: Option<Lesion>,
    /// Where on the body.
    pub anatomic_site: Option<Site>,
    /// On which side.
    pub laterality: Option<Laterality>,
    /// Where on the body more exactly, or what the list does not have, in the operator's words.
    pub body_site: Option<String>,
}

/// Why a case is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaseError {
    /// A text is too long.
    #[error("{what} has {found} characters; it has at most {most}")]
    TooLong {
        /// Such as `case_id` or `body_site`.
        what: &'static str,
        /// How long it is, in characters.
        found: usize,
        /// How long it may be.
        most: usize,
    },
    /// A text has characters that nobody sees, or that break a line.
    #[error(
        "{what} has a control character in it, such as the end of a line, or one that nobody sees; write plain text"
    )]
    NotPlain {
        /// Such as `case_id` or `body_site`.
        what: &'static str,
    },
    /// The JSON has a key that a case has not.
    #[error("`{key}` is nothing that a case has; it has {KEYS}")]
    Unknown {
        /// The key.
        key: String,
    },
    /// A lesion was said without its case.
    #[error("a lesion is one of a case: say case_id too")]
    LesionOfNone,
    /// Of what has a list of its own.
    #[error("{0}")]
    NotListed(String),
}

/// What a case has, for a person.
const KEYS: &str = "case_id, lesion, anatomic_site, laterality and body_site";

impl Case {
    /// A case of plain text, without a lesion or a site of the list. Spaces around a name are dropped, those within it are one each, and one of spaces alone is
    /// none. Letters are composed (NFC), so that two names that look the same are the same.
    pub fn new(case_id: Option<&str>, body_site: Option<&str>) -> Result<Self, CaseError> {
        let (case_id, body_site) =
            (plain("case_id", case_id, LONGEST)?, plain("body_site", body_site, LONGEST)?);
        Ok(Self { case_id, body_site, ..Self::default() })
    }

    /// What a person says in one line: the case's name, then its lesion if the next word is one, then where on the body,
    /// such as "AB-12 L3 left forearm". A place that is on the list, with its side or without, is taken from there; any
    /// other is kept in their words. `-` is none.
    pub fn said(line: &str) -> Result<Self, CaseError> {
        let (name, rest) = next_word(line);
        let (second, after) = next_word(rest);
        let lesion = Lesion::parse(second);
        let place = if lesion.is_some() { after } else { rest };
        let some = |text| if text == NONE { None } else { Some(text) };
        let mut case = Self { lesion, ..Self::new(some(name), some(place))? };
        if let Some((site, side)) = case.body_site.as_deref().and_then(listed) {
            (case.anatomic_site, case.laterality, case.body_site) = (Some(site), side, None);
        }
        case.checked()
    }

    fn checked(self) -> Result<Self, CaseError> {
        if self.lesion.is_some() && self.case_id.is_none() { Err(CaseError::LesionOfNone) } else { Ok(self) }
    }

    /// Whether nothing is said.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The case and its lesion, such as "AB-12 L3".
    pub fn name(&self) -> Option<String> {
        let id = self.case_id.as_ref()?;
        Some(self.lesion.map_or(id.clone(), |lesion| format!("{id} {lesion}")))
    }

    /// Where on the body, such as "left forearm: near the wrist".
    pub fn place(&self) -> Option<String> {
        let listed = [self.laterality.map(Laterality::word), self.anatomic_site.map(Site::word)];
        let listed: Vec<_> = listed.into_iter().flatten().collect();
        let parts = [listed.join(" "), self.body_site.clone().unwrap_or_default()];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        (!parts.is_empty()).then(|| parts.join(": "))
    }

    /// In one line, such as "AB-12 L3, left forearm"; empty where nothing is said.
    pub fn words(&self) -> String {
        let parts: Vec<_> = [self.name(), self.place()].into_iter().flatten().collect();
        parts.join(", ")
    }
}

/// Stands for none where a person types.
const NONE: &str = "-";

fn next_word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    (word, rest.trim_start())
}

/// The site of the list that a text is, with a side before it or without.
fn listed(text: &str) -> Option<(Site, Option<Laterality>)> {
    let sided =
        text.split_once(' ').and_then(|(side, site)| Some((Site::parse(site)?, Laterality::parse(side))));
    sided.filter(|(_, side)| side.is_some()).or_else(|| Some((Site::parse(text)?, None)))
}

/// From a JSON object, in which what is left out is none.
impl TryFrom<BTreeMap<String, Option<String>>> for Case {
    type Error = CaseError;

    fn try_from(mut said: BTreeMap<String, Option<String>>) -> Result<Self, CaseError> {
        let mut take = |key: &str| said.remove(key).flatten().filter(|text| !text.trim().is_empty());
        let (case_id, body_site) = (take("case_id"), take("body_site"));
        let lesion = listed_as(take("lesion"))?;
        let (anatomic_site, laterality) = (listed_as(take("anatomic_site"))?, listed_as(take("laterality"))?);
        match said.pop_first() {
            Some((key, _)) => Err(CaseError::Unknown { key }),
            None => {
                let case = Self::new(case_id.as_deref(), body_site.as_deref())?;
                Self { lesion, anatomic_site, laterality, ..case }.checked()
            }
        }
    }
}

fn listed_as<T: TryFrom<String, Error = String>>(text: Option<String>) -> Result<Option<T>, CaseError> {
    text.map(|text| T::try_from(text.trim().into())).transpose().map_err(CaseError::NotListed)
}

/// A text as it is kept: spaces around it are dropped, those within it are one each, and one of spaces alone is none. Letters
/// are composed (NFC).
pub fn plain(what: &'static str, text: Option<&str>, most: usize) -> Result<Option<String>, CaseError> {
    let text = text.unwrap_or_default();
    let composed = ComposingNormalizerBorrowed::new_nfc().normalize(text);
    let found = composed.chars().count();
    if found > most {
        return Err(CaseError::TooLong { what, found, most });
    }
    if composed.chars().any(is_unseen) {
        return Err(CaseError::NotPlain { what });
    }
    let words: Vec<_> = composed.split_whitespace().collect();
    Ok((!words.is_empty()).then(|| words.join(" ")))
}

/// Characters that turn or hide what stands around them, that no font shows, or that mean nothing to anybody else
/// (UAX #44: Default_Ignorable_Code_Point, Bidi_Control, and the categories C, Zl and Zp): two cases must not look the
/// same.
fn is_unseen(character: char) -> bool {
    let category = CodePointMapData::<GeneralCategory>::new().get(character);
    GeneralCategoryGroup::Other.contains(category)
        || matches!(category, GeneralCategory::LineSeparator | GeneralCategory::ParagraphSeparator)
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
        || CodePointSetData::new::<BidiControl>().contains(character)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spaces_around_a_name_are_dropped() {
        let case = Case::new(Some("  AB-12 "), Some(" ")).unwrap();
        assert_eq!((case.case_id.as_deref(), case.body_site.as_deref()), (Some("AB-12"), None));
        assert_eq!(Case::new(Some("AB-12"), Some("left forearm")).unwrap().words(), "AB-12, left forearm");
        assert!(Case::new(None, Some("")).unwrap().is_none());
    }

    #[test]
    fn a_name_that_is_too_long_or_not_plain_is_refused_and_named() {
        let long = "é".repeat(LONGEST + 1);
        assert!(Case::new(Some(&long[2..]), None).is_ok());
        let refused = Case::new(None, Some(&long)).unwrap_err();
        assert_eq!(refused.to_string(), "body_site has 65 characters; it has at most 64");
        for odd in [
            "A\nB",
            "\u{1b}[2J",
            "A\u{0}",
            "A\u{202e}B",
            "A\u{200b}B",
            "A\u{2028}B",
            "\u{85}",
            "A\u{61c}B",
            "A\u{115f}",
            "A\u{3164}B",
            "A\u{fe0f}",
            "A\u{180e}B",
            "A\u{e0041}",
            "A\u{2066}B",
            "A\u{34f}B",
            "A\u{e000}",
            "A\u{1d173}",
            "A\u{17b4}",
            "A\u{fff9}B",
        ] {
            assert_eq!(Case::new(Some(odd), None), Err(CaseError::NotPlain { what: "case_id" }), "{odd:?}");
        }
    }

    #[test]
    fn names_that_look_the_same_are_the_same() {
        let name = |text: &str| Case::new(Some(text), None).unwrap().case_id;
        for (one, other) in [
            ("Mu\u{308}ller", "M\u{fc}ller"),
            ("A\u{a0}1", "A 1"),
            ("A \u{3000} 1", "A 1"),
            ("\u{212b}", "\u{c5}"),
            ("\u{1112}\u{1161}\u{11ab}", "\u{d55c}"),
        ] {
            assert_eq!(name(one), name(other), "{one:?}");
        }
        for letters in ["皮膚", "Ärmel", "कक्षा", "ذراع", "זרוע", "ก้น", "A/1-b_2.c"]
        {
            assert_eq!(name(letters).as_deref(), Some(letters));
        }
        assert!(Case::new(Some(&"u\u{308}".repeat(LONGEST)), None).is_ok(), "counted as composed");
    }

    #[test]
    fn a_lesion_and_a_listed_place_are_heard_in_a_line_and_any_other_place_is_kept_in_its_words() {
        let said = |line: &str| Case::said(line).unwrap();
        let site = |word| Site::parse(word);
        let case = said("AB-12 L3 left forearm");
        assert_eq!((case.lesion.unwrap().to_string(), case.anatomic_site), ("L3".into(), site("forearm")));
        assert_eq!((case.laterality, case.body_site.as_deref()), (Some(Laterality::Left), None));
        assert_eq!(case.words(), "AB-12 L3, left forearm");
        let case = said("AB-12 l3 left forearm near the wrist");
        assert_eq!(
            (case.anatomic_site, case.body_site.as_deref()),
            (None, Some("left forearm near the wrist"))
        );
        assert_eq!(said("AB-12 upper back").anatomic_site, site("upper back"));
        let case = said("- lower leg");
        assert_eq!((case.case_id, case.anatomic_site, case.laterality), (None, site("lower leg"), None));
        assert_eq!(said("AB-12 L0").body_site.as_deref(), Some("L0"), "no lesion has that number");
        assert_eq!(said("AB-12 left").body_site.as_deref(), Some("left"), "a side of nothing that is listed");
        assert!(said("-").is_none() && said("- -").is_none());
        assert_eq!(Case::said("- L3 nose"), Err(CaseError::LesionOfNone));
    }

    #[test]
    fn what_is_listed_is_refused_in_other_words_and_shown_before_the_free_ones() {
        let read = |text: &str| serde_json::from_str::<Case>(text).map_err(|error| error.to_string());
        let json = r#"{"case_id": "A", "lesion": "l2", "anatomic_site": "Forearm", "laterality": "left",
                       "body_site": "near the wrist"}"#;
        let case = read(json).unwrap();
        assert_eq!(case.words(), "A L2, left forearm: near the wrist");
        assert_eq!(read(r#"{"case_id": "A", "lesion": "", "laterality": null}"#).unwrap().words(), "A");
        for (json, named) in [
            (r#"{"case_id": "A", "lesion": "2"}"#, "L1 to L999"),
            (r#"{"lesion": "L2"}"#, "case_id"),
            (r#"{"anatomic_site": "forarm"}"#, "forearm"),
            (r#"{"laterality": "both"}"#, "midline"),
        ] {
            assert!(read(json).is_err_and(|error| error.contains(named)), "{json}");
        }
    }

    #[test]
    fn what_comes_as_json_is_checked_too() {
        let read = |text: &str| serde_json::from_str::<Case>(text).map_err(|error| error.to_string());
        assert_eq!(
            read(r#"{"body_site": "back", "case_id": null}"#),
            Ok(Case::new(None, Some("back")).unwrap())
        );
        assert!(read(r#"{"case_id": "A\nB"}"#).is_err_and(|error| error.contains("control character")));
        assert!(read("[null, null]").is_err() && read("null").is_err());
        assert!(read(r#"{"case": "A"}"#).is_err_and(|error| error.contains("case_id")));
    }

    proptest! {
        #[test]
        fn nothing_unseen_is_taken(character in any::<char>().prop_filter("is unseen", |c| is_unseen(*c)), before in "[a-z]{0,9}") {
            let name = format!("{before}{character}x");
            prop_assert!(Case::new(Some(&name), None).is_err());
        }

        #[test]
        fn composed_and_decomposed_names_are_one(name in "[\\p{Latin}\\p{Greek}\\p{Hangul} ]{1,20}") {
            let decomposed = icu_normalizer::DecomposingNormalizerBorrowed::new_nfd().normalize(&name).into_owned();
            prop_assert_eq!(Case::new(Some(&name), None), Case::new(Some(&decomposed), None));
        }

        #[test]
        fn a_case_that_is_taken_is_the_same_when_it_is_said_again(
            line in ".{0,40}",
            number in 1u16..=999,
            site in prop::sample::select(SITES),
            side in prop::sample::select(&Laterality::ALL[..]),
        ) {
            let coded = format!("A L{number} {} {}", side.word(), site.word);
            let heard = Case::said(&coded).unwrap();
            prop_assert_eq!(heard.words(), coded.replacen(&format!("L{number}"), &format!("L{number},"), 1));
            for case in [Ok(heard), Case::said(&line), Case::new(Some(&line), Some(&line))].into_iter().flatten() {
                let json = serde_json::to_string(&case).unwrap();
                prop_assert_eq!(serde_json::from_str::<Case>(&json).unwrap(), case.clone());
                prop_assert!(!case.words().chars().any(char::is_control));
            }
        }
    }
}
