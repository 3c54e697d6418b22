//! The case: whose lesion, and where on the body, the next captures are of, as the operator says it.

use std::collections::BTreeMap;

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::{BidiControl, DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup};
use icu_properties::{CodePointMapData, CodePointSetData};
use serde::{Deserialize, Serialize};

/// The longest name of a case or of a body site, in characters.
pub const LONGEST: usize = 64;

/// What captures are of. Nothing is said until somebody says it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, Option<String>>")]
pub struct Case {
    /// The operator's own name for the case.
    pub case_id: Option<String>,
    /// Where on the body.
    pub body_site: Option<String>,
}

/// Why a case is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaseError {
    /// A name is longer than [`LONGEST`].
    #[error("{what} has {found} characters; it has at most {LONGEST}")]
    TooLong {
        /// `case_id` or `body_site`.
        what: &'static str,
        /// How long it is, in characters.
        found: usize,
    },
    /// A name has characters that nobody sees, or that break a line.
    #[error(
        "{what} has a control character in it, such as the end of a line, or one that nobody sees; write plain text"
    )]
    NotPlain {
        /// `case_id` or `body_site`.
        what: &'static str,
    },
    /// The JSON has a key that a case has not.
    #[error("`{key}` is nothing that a case has; it has case_id and body_site")]
    Unknown {
        /// The key.
        key: String,
    },
}

impl Case {
    /// A case of plain text. Spaces around a name are dropped, those within it are one each, and one of spaces alone is
    /// none. Letters are composed (NFC), so that two names that look the same are the same.
    pub fn new(case_id: Option<&str>, body_site: Option<&str>) -> Result<Self, CaseError> {
        Ok(Self { case_id: plain("case_id", case_id)?, body_site: plain("body_site", body_site)? })
    }

    /// Whether nothing is said.
    pub fn is_none(&self) -> bool {
        self.case_id.is_none() && self.body_site.is_none()
    }

    /// In one line, such as "AB-12, left forearm"; empty where nothing is said.
    pub fn words(&self) -> String {
        let parts: Vec<_> = [&self.case_id, &self.body_site].into_iter().flatten().cloned().collect();
        parts.join(", ")
    }
}

/// From a JSON object, in which what is left out is none.
impl TryFrom<BTreeMap<String, Option<String>>> for Case {
    type Error = CaseError;

    fn try_from(mut said: BTreeMap<String, Option<String>>) -> Result<Self, CaseError> {
        let (case_id, body_site) = (said.remove("case_id").flatten(), said.remove("body_site").flatten());
        match said.pop_first() {
            Some((key, _)) => Err(CaseError::Unknown { key }),
            None => Self::new(case_id.as_deref(), body_site.as_deref()),
        }
    }
}

fn plain(what: &'static str, text: Option<&str>) -> Result<Option<String>, CaseError> {
    let text = text.unwrap_or_default();
    let composed = ComposingNormalizerBorrowed::new_nfc().normalize(text);
    let found = composed.chars().count();
    if found > LONGEST {
        return Err(CaseError::TooLong { what, found });
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
        fn a_case_that_is_taken_is_the_same_when_it_is_said_again(id in any::<Option<String>>(), site in ".{0,70}") {
            if let Ok(case) = Case::new(id.as_deref(), Some(&site)) {
                let json = serde_json::to_string(&case).unwrap();
                prop_assert_eq!(serde_json::from_str::<Case>(&json).unwrap(), case.clone());
                prop_assert!(!case.words().chars().any(char::is_control));
            }
        }
    }
}
