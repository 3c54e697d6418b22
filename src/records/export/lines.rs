//! Records as JSON, one a line.

use std::io::{self, Write};

use serde::Serialize;

use super::exported::{ExportError, Exported, each, image_name};
use crate::RESEARCH_ONLY;
use crate::outcome::Outcome;
use crate::records::{Filter, Reader, Record};

#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    record: &'a Record,
    /// What became of its lesion, as it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'a Outcome>,
    /// The picture's name in the export.
    image: String,
    notice: &'static str,
}

/// One JSON object a line: the whole record.
pub fn write(
    reader: &Reader,
    filter: &Filter,
    out: &mut (impl Write + ?Sized),
) -> Result<Exported, ExportError> {
    let outcomes = reader.outcomes_in_force()?;
    each(reader, filter, |record| {
        let outcome = outcomes.get(&record.sequence).map(|noted| &noted.outcome);
        let line = Line { record, outcome, image: image_name(record), notice: RESEARCH_ONLY };
        serde_json::to_writer(&mut *out, &line).map_err(io::Error::from)?;
        Ok(out.write_all(b"\n")?)
    })
}
