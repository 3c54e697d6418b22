//! Which records are asked for, and a page of them.

use jiff::Timestamp;
use rusqlite::types::Value;
use serde::{Deserialize, Serialize};

use super::Record;
use super::schema::TOP_CLASS;
use crate::case::Lesion;
use crate::verdict::Verdict;

/// Which records to list. Everything that is set must hold.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Filter {
    /// Only records with a sequence number below this.
    pub before: Option<u64>,
    /// Only records with a sequence number above this.
    pub after: Option<u64>,
    /// Only records captured at or after this second.
    pub since: Option<Timestamp>,
    /// Only records captured before this second.
    pub until: Option<Timestamp>,
    /// Only records that this word was shown of.
    pub verdict: Option<Verdict>,
    /// Only records whose likeliest class has this code.
    pub class: Option<String>,
    /// Only records whose picture passed every quality check, or only the others.
    pub usable: Option<bool>,
    /// Only records of this case, by the operator's own name for it, letter for letter.
    pub case_id: Option<String>,
    /// Only records of this lesion; of which case, `case_id` says.
    pub lesion: Option<Lesion>,
    /// Only records that somebody shall look at, as their outcomes say, or only the others.
    pub review: Option<bool>,
    /// Only records that have not left the device.
    #[serde(skip)]
    pub not_left: Option<Scope>,
}

/// Some records, newest first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecordPage {
    /// At most as many as were asked for.
    pub records: Vec<Record>,
    /// Whether older ones follow: ask again with `before` set to the last one's sequence number.
    pub more: bool,
    /// That number.
    pub next_before: Option<u64>,
    /// Records of this page that cannot be read.
    pub unreadable: Vec<Unreadable>,
}

/// What of a record has left the device, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Its data, by any way.
    Data,
    /// Its picture too.
    Picture,
}

/// A record that is passed over, since it cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// The record's number.
    pub sequence: u64,
    /// Why it cannot be read, in words.
    pub cause: String,
}

/// That it was captured from then on: asked for so, the few that were are found by their index, and the order stays.
const SINCE: &str = "sequence IN (SELECT sequence FROM entries WHERE kind = 'record' AND body IS NOT NULL
    AND captured BETWEEN ? AND 9223372036854775807)";

/// That its picture passed every check, or that it did not.
const USABLE: &str = "(json_array_length(body, '$.quality.reasons') = 0) = ?";

/// That the outcome that holds asks for somebody to look at the record, or that none does.
const REVIEW: &str = "ifnull((SELECT noted.body ->> '$.outcome.review' FROM entries AS noted
    WHERE noted.kind = 'outcome' AND noted.body IS NOT NULL AND noted.sequence = entries.sequence
    ORDER BY noted.position DESC LIMIT 1), 0) = ?";

impl Filter {
    /// As the rest of a WHERE clause, and its parameters.
    pub(super) fn condition(&self) -> (String, Vec<Value>) {
        let number = |value: u64| Value::Integer(i64::try_from(value).unwrap_or(i64::MAX));
        let second = |time: Timestamp| Value::Integer(time.as_second());
        let of_class = format!("({TOP_CLASS}) = ?");
        let conditions = [
            ("sequence < ?", self.before.map(number)),
            ("sequence > ?", self.after.map(number)),
            (SINCE, self.since.map(second)),
            ("captured < ?", self.until.map(second)),
            ("verdict = ?", self.verdict.map(|verdict| Value::Text(verdict.code().into()))),
            (&of_class, self.class.clone().map(Value::Text)),
            (USABLE, self.usable.map(|usable| Value::Integer(usable.into()))),
            (REVIEW, self.review.map(|review| Value::Integer(review.into()))),
            ("case_id = ?", self.case_id.clone().map(Value::Text)),
            ("body ->> '$.lesion' = ?", self.lesion.map(|lesion| Value::Text(lesion.to_string()))),
        ];
        let mut text = String::new();
        let mut values = Vec::new();
        for (condition, value) in conditions {
            if let Some(value) = value {
                text = text + " AND " + condition;
                values.push(value);
            }
        }
        (text, values)
    }
}
