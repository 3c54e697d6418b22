//! The case: whose lesion, and where on the body, the next captures are of, as the operator says it.

use std::collections::BTreeMap;

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
    #[error("{what} has {found} characters; it has at most {LONGEST}")]
    TooLong { what: &'static str, found: usize },
    #[error("{what} has a control character in it, such as the end of a line; write plain text")]
    NotPlain { what: &'static str },
    #[error("`{key}` is nothing that a case has; it has case_id and body_site")]
    Unknown { key: String },
}

impl Case {
    /// A case of plain text. Spaces around a name are dropped, and one of spaces alone is none.
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
    let found = text.chars().count();
    if found > LONGEST {
        return Err(CaseError::TooLong { what, found });
    }
    if text.chars().any(is_unseen) {
        return Err(CaseError::NotPlain { what });
    }
    let text = text.trim();
    Ok((!text.is_empty()).then(|| text.into()))
}

/// Control characters, and those that turn or hide what stands around them: two cases must not look the same.
fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(character, '\u{2060}'..='\u{206f}' | '\u{feff}')
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
        for odd in ["A\nB", "\u{1b}[2J", "A\u{0}", "A\u{202e}B", "A\u{200b}B", "A\u{2028}B", "\u{85}"] {
            assert_eq!(Case::new(Some(odd), None), Err(CaseError::NotPlain { what: "case_id" }), "{odd:?}");
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
        fn a_case_that_is_taken_is_the_same_when_it_is_said_again(id in any::<Option<String>>(), site in ".{0,70}") {
            if let Ok(case) = Case::new(id.as_deref(), Some(&site)) {
                let json = serde_json::to_string(&case).unwrap();
                prop_assert_eq!(serde_json::from_str::<Case>(&json).unwrap(), case.clone());
                prop_assert!(!case.words().chars().any(char::is_control));
            }
        }
    }
}
