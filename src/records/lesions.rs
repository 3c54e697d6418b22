//! The same lesion again: its earlier record, when it shall be looked at next, and what the device's words were worth.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use rusqlite::OptionalExtension;
use serde::{Deserialize, Serialize};

use super::error::sql;
use super::rows::KEPT;
use super::{Filter, Noted, Reader, Record, RecordError};
use crate::case::{Case, Laterality, Lesion, Site};
use crate::classifier::Manifest;
use crate::performance::{Performance, Read, Truth};

/// When a lesion shall be looked at again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Due {
    /// The case.
    pub case_id: String,
    /// Which of its lesions.
    pub lesion: Lesion,
    /// Where on the body, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Its newest record.
    pub sequence: u64,
    /// When that was captured.
    pub captured_at: Timestamp,
    /// The day; none where the device's clock was not set at the newest record.
    pub due: Option<Date>,
    /// A person named the day with an outcome.
    pub said: bool,
}

impl Due {
    /// Whether it is to be looked at on a day: that day has come, or nobody knows when it does.
    pub fn is_due(&self, today: Date) -> bool {
        self.due.is_none_or(|due| due <= today)
    }
}

/// The day in UTC, as records have their times.
pub fn day(time: Timestamp) -> Date {
    time.to_zoned(TimeZone::UTC).date()
}

impl Reader {
    /// The newest record of a case's lesion with a number below `before`; none where the case names no lesion, or it was
    /// never seen.
    pub fn earlier(&self, case: &Case, before: u64) -> Result<Option<Record>, RecordError> {
        let (Some(case_id), Some(lesion)) = (&case.case_id, case.lesion) else { return Ok(None) };
        let filter = Filter {
            case_id: Some(case_id.clone()),
            lesion: Some(lesion),
            before: Some(before),
            ..Filter::default()
        };
        Ok(self.list(&filter, 1)?.records.into_iter().next())
    }

    /// When each lesion shall be looked at again, the earliest day first: so many months after its newest record, or on the
    /// day that an outcome names. One that was cut out, as an outcome by histopathology says, is on no list until it is
    /// pictured again.
    pub fn due(&self, months: u32) -> Result<Vec<Due>, RecordError> {
        let outcomes = self.outcomes_in_force()?;
        let mut due = Vec::new();
        for sequences in self.lesions()?.into_values() {
            // Each lesion has a record, in the order of their numbers.
            let Some(newest) = sequences.last().copied() else { continue };
            let Some(taken) = self.taken(newest)? else { continue };
            let noted = sequences.iter().filter_map(|sequence| outcomes.get(sequence));
            due.extend(next_look(newest, taken, noted, months));
        }
        due.sort_by_key(|due| (due.due, due.sequence));
        Ok(due)
    }

    /// When a record was captured, and of what; none where it cannot be read.
    fn taken(&self, sequence: u64) -> Result<Option<Taken>, RecordError> {
        // The attention map alone is most of a record: to read it of all of them takes long.
        let parts = TAKEN.map(|key| format!("'{key}', body -> '$.{key}'")).join(", ");
        let query = format!("SELECT json_object({parts}) FROM entries WHERE {KEPT} AND sequence = ?");
        let failed = |cause| sql("read", &self.database)(cause);
        let mut statement = self.connection.prepare_cached(&query).map_err(failed)?;
        let body: Option<String> =
            statement.query_row([sequence as i64], |row| row.get(0)).optional().map_err(failed)?;
        Ok(body.and_then(|body| serde_json::from_str(&body).ok()))
    }

    /// The numbers of the records of each lesion.
    fn lesions(&self) -> Result<BTreeMap<(String, String), Vec<u64>>, RecordError> {
        let query = "SELECT case_id, body ->> '$.lesion', sequence FROM entries
                     WHERE kind = 'record' AND body IS NOT NULL AND body ->> '$.lesion' IS NOT NULL
                     AND case_id IS NOT NULL ORDER BY case_id, body ->> '$.lesion', sequence";
        let failed = |cause| sql("read", &self.database)(cause);
        let mut statement = self.connection.prepare_cached(query).map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        let mut lesions: BTreeMap<_, Vec<u64>> = BTreeMap::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let which = (row.get(0).map_err(failed)?, row.get(1).map_err(failed)?);
            lesions.entry(which).or_default().push(row.get::<_, i64>(2).map_err(failed)? as u64);
        }
        Ok(lesions)
    }

    /// What the device's words were worth, as far as outcomes tell, among the records that a filter lets through.
    pub fn performance(
        &self,
        filter: &Filter,
        manifest: Option<&Manifest>,
    ) -> Result<Performance, RecordError> {
        let outcomes = self.outcomes_in_force()?;
        let mut reads = Vec::new();
        let unreadable = self.each(filter, |record| -> Result<(), RecordError> {
            reads.push(read_of(&record, outcomes.get(&record.sequence)));
            Ok(())
        })?;
        for bad in unreadable {
            tracing::warn!("record {} is passed over: {}", bad.sequence, bad.cause);
        }
        Ok(Performance::of(&reads, manifest))
    }
}

/// What is needed of a record to say when its lesion shall be looked at again.
#[derive(Deserialize)]
struct Taken {
    captured_at: Timestamp,
    clock_set: bool,
    case_id: Option<String>,
    lesion: Option<Lesion>,
    anatomic_site: Option<Site>,
    laterality: Option<Laterality>,
    body_site: Option<String>,
}

/// The keys of [`Taken`].
const TAKEN: [&str; 7] =
    ["captured_at", "clock_set", "case_id", "lesion", "anatomic_site", "laterality", "body_site"];

/// When a lesion shall be looked at again, after its newest record; what was noted before that record was taken says
/// nothing of it.
fn next_look<'a>(
    sequence: u64,
    taken: Taken,
    noted: impl Iterator<Item = &'a Noted>,
    months: u32,
) -> Option<Due> {
    let Taken { captured_at, clock_set, case_id, lesion, anatomic_site, laterality, body_site } = taken;
    let after = noted.filter(|noted| noted.sequence == sequence || noted.noted_at > captured_at);
    let newest = after.max_by_key(|noted| noted.noted_at).map(|noted| &noted.outcome);
    if newest.and_then(|outcome| outcome.confirmed_by).is_some_and(|way| way.is_of_tissue()) {
        return None;
    }
    let named = newest.and_then(|outcome| outcome.look_again);
    let by_months = || {
        let from = clock_set.then(|| day(captured_at));
        from.and_then(|from| from.checked_add(i64::from(months).months()).ok())
    };
    if named.is_none() && months == 0 {
        return None;
    }
    let case = Case { case_id, lesion, anatomic_site, laterality, body_site };
    Some(Due {
        place: case.place(),
        case_id: case.case_id?,
        lesion: case.lesion?,
        sequence,
        captured_at,
        due: named.or_else(by_months),
        said: named.is_some(),
    })
}

fn read_of(record: &Record, noted: Option<&Noted>) -> Read {
    let malignant = &record.assessment.malignant;
    let outcome = noted.map(|noted| &noted.outcome).filter(|outcome| !outcome.is_none());
    let month = record.captured_at.strftime("%Y-%m").to_string();
    Read {
        sequence: record.sequence,
        verdict: record.verdict,
        probability: malignant.probability,
        operating_point: malignant.operating_point.clone(),
        model_sha256: record.assessment.model.sha256.clone(),
        lesion: record.case_id.clone().zip(record.lesion),
        month: if record.clock_set { month } else { "clock not set".into() },
        site: record.anatomic_site.map(|site| site.row().isic),
        outcome: match outcome.map(|outcome| (outcome.truth(), outcome.diagnosis, outcome.malignant)) {
            Some((Some(malignant), ..)) => Truth::Verified { malignant },
            Some((None, None, None)) | None => Truth::Nothing,
            Some(_) => Truth::Unclear,
        },
    }
}
