//! Outcomes: what became of a lesion that was read, weeks later, as a person notes it. The only truth that the device
//! can be measured by where it is used.

mod diagnosis;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use diagnosis::{CONFIRMATIONS, Confirmation, DIAGNOSES, Diagnosis};

use crate::case::{CaseError, plain};

/// What a person notes of a record's lesion. All of it replaces what was noted before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Outcome {
    /// The diagnosis, of the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diagnosis: Option<Diagnosis>,
    /// Malignant or pre-malignant. Of most diagnoses the word says it; of others a person must, for it to be counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub malignant: Option<bool>,
    /// How the diagnosis was confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmed_by: Option<Confirmation>,
    /// The day of the diagnosis.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<Date>,
    /// Who says so: a name or initials, at most [`LONGEST_NAME`] characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// At most [`LONGEST_NOTE`] characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Somebody shall look at this record.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub review: bool,
    /// The day from which on the lesion shall be looked at again, instead of the configured one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub look_again: Option<Date>,
}

/// The longest name of who says so, in characters.
pub const LONGEST_NAME: usize = 64;
/// The longest note, in characters.
pub const LONGEST_NOTE: usize = 500;
/// The first year that a day may be in.
const FIRST_YEAR: i16 = 1900;

/// Why an outcome is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutcomeError {
    /// A name or a note is no plain text.
    #[error(transparent)]
    Text(#[from] CaseError),
    /// The diagnosis is of the other kind.
    #[error("{diagnosis} is {}, but malignant says otherwise: leave malignant out", kind(*.malignant))]
    Contradicts {
        /// The diagnosis.
        diagnosis: Diagnosis,
        /// What it is.
        malignant: bool,
    },
    /// A day is out of all reason.
    #[error("{what} is {day}, which is no day that can be meant")]
    Day {
        /// `on` or `look_again`.
        what: &'static str,
        /// The day.
        day: Date,
    },
    /// A way of confirming was said, and nothing that it confirms.
    #[error("confirmed_by is said without a diagnosis")]
    ConfirmsNothing,
}

fn kind(malignant: bool) -> &'static str {
    if malignant { "malignant" } else { "benign" }
}

impl Outcome {
    /// The outcome with its texts made plain, and with whether it is malignant where the diagnosis says it; or why it
    /// cannot be one.
    pub fn checked(self) -> Result<Self, OutcomeError> {
        let by = plain("by", self.by.as_deref(), LONGEST_NAME)?;
        let note = plain("note", self.note.as_deref(), LONGEST_NOTE)?;
        for (what, day) in [("on", self.on), ("look_again", self.look_again)] {
            if let Some(day) = day.filter(|day| day.year() < FIRST_YEAR || day.year() > 9000) {
                return Err(OutcomeError::Day { what, day });
            }
        }
        let known = self.diagnosis.and_then(|diagnosis| Some((diagnosis, diagnosis.row().malignant?)));
        let malignant = match (known, self.malignant) {
            (Some((diagnosis, malignant)), Some(said)) if said != malignant => {
                return Err(OutcomeError::Contradicts { diagnosis, malignant });
            }
            (Some((_, malignant)), _) => Some(malignant),
            (None, said) => said,
        };
        if self.confirmed_by.is_some() && self.diagnosis.is_none() && malignant.is_none() {
            return Err(OutcomeError::ConfirmsNothing);
        }
        Ok(Self { malignant, by, note, ..self })
    }

    /// Whether it says nothing: what was noted before is taken back.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the lesion is malignant, where that is known and was confirmed in some way.
    pub fn truth(&self) -> Option<bool> {
        self.confirmed_by.and(self.malignant)
    }

    /// The diagnosis in words, such as "melanoma (histopathology)"; what else there is where there is none.
    pub fn words(&self) -> String {
        let diagnosis =
            self.diagnosis.map(String::from).or(self.malignant.map(|malignant| kind(malignant).into()));
        match (diagnosis, self.confirmed_by) {
            (Some(diagnosis), Some(way)) => format!("{diagnosis} ({})", way.word()),
            (Some(diagnosis), None) => format!("{diagnosis} (not confirmed)"),
            (None, _) if self.is_none() => "taken back".into(),
            (None, _) => "no diagnosis yet".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(json: &str) -> Result<Outcome, String> {
        let outcome: Outcome = serde_json::from_str(json).map_err(|error| error.to_string())?;
        outcome.checked().map_err(|error| error.to_string())
    }

    #[test]
    fn a_diagnosis_says_itself_whether_it_is_malignant_and_must_not_be_contradicted() {
        let melanoma =
            read(r#"{"diagnosis": "mel", "confirmed_by": "Histopathology", "on": "2026-05-01"}"#).unwrap();
        assert_eq!((melanoma.malignant, melanoma.truth()), (Some(true), Some(true)));
        assert_eq!(melanoma.words(), "melanoma (histopathology)");
        assert!(
            read(r#"{"diagnosis": "melanoma", "malignant": false}"#)
                .unwrap_err()
                .contains("leave malignant out")
        );
        let unclear = read(r#"{"diagnosis": "AIMP", "confirmed_by": "histopathology"}"#).unwrap();
        assert_eq!(unclear.truth(), None, "the word alone does not say");
        let said =
            read(r#"{"diagnosis": "other", "malignant": true, "confirmed_by": "histopathology"}"#).unwrap();
        assert_eq!(said.truth(), Some(true));
    }

    #[test]
    fn what_nobody_confirmed_is_no_truth() {
        let guess = read(r#"{"diagnosis": "nevus"}"#).unwrap();
        assert_eq!((guess.malignant, guess.truth()), (Some(false), None));
    }

    #[test]
    fn what_cannot_be_an_outcome_is_refused_in_words() {
        for (json, named) in [
            (r#"{"diagnosis": "melanom"}"#, "melanoma"),
            (r#"{"diagnosis": "melanoma", "confirmed_by": "looks like it"}"#, "histopathology"),
            (r#"{"confirmed_by": "histopathology"}"#, "without a diagnosis"),
            (r#"{"on": "2026-13-01"}"#, "month"),
            (r#"{"on": "0026-05-01"}"#, "no day"),
            (r#"{"note": "a\u0007"}"#, "control character"),
            (r#"{"diagnose": "melanoma"}"#, "diagnose"),
        ] {
            let refused = read(json).expect_err(json);
            assert!(refused.contains(named), "{json}: {refused}");
        }
        assert!(read("{}").unwrap().is_none());
    }

    proptest! {
        #[test]
        fn an_outcome_that_is_taken_is_the_same_when_it_is_said_again(
            diagnosis in prop::option::of(prop::sample::select(DIAGNOSES)),
            way in prop::option::of(prop::sample::select(&CONFIRMATIONS[..])),
            malignant: Option<bool>, by in "\\PC{0,70}", note in ".{0,90}", review: bool,
        ) {
            let outcome = Outcome {
                diagnosis: diagnosis.and_then(|row| Diagnosis::parse(row.word)),
                confirmed_by: way.and_then(Confirmation::parse),
                malignant, by: Some(by), note: Some(note), review, ..Outcome::default()
            };
            if let Ok(taken) = outcome.checked() {
                let json = serde_json::to_string(&taken).unwrap();
                let again: Outcome = serde_json::from_str(&json).unwrap();
                prop_assert_eq!(again.checked().unwrap(), taken);
            }
        }
    }
}
