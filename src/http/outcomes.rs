//! What became of the lesions, over HTTP: noted, listed, counted; and which are due to be looked at again.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::problem::Problem;
use super::records::{ListQuery, Records, missing};
use crate::RESEARCH_ONLY;
use crate::classifier::Manifest;
use crate::outcome::Outcome;
use crate::performance::{CAVEAT, Performance};
use crate::records::{Due, Noted, Reader, Store, day};

/// All that was noted of a record, the newest first, which holds.
#[derive(Serialize)]
pub(super) struct Outcomes {
    outcomes: Vec<Noted>,
    notice: &'static str,
}

/// `GET /api/v1/records/{sequence}/outcomes`
pub(super) async fn list(
    State(records): State<Arc<Records>>,
    Path(sequence): Path<u64>,
) -> Result<Json<Outcomes>, Problem> {
    let all = records
        .ask(move |records| Ok(records.reader.has(sequence)?.then_some(records.reader.outcomes(sequence)?)))
        .await?;
    let outcomes = all.ok_or_else(|| missing(sequence))?;
    Ok(Json(Outcomes { outcomes, notice: RESEARCH_ONLY }))
}

/// `POST /api/v1/records/{sequence}/outcomes`: what is noted from now on holds, what was noted before stays in the chain.
pub(super) async fn note(
    State(records): State<Arc<Records>>,
    Path(sequence): Path<u64>,
    // A list of values would do for an object otherwise.
    Json(said): Json<Map<String, Value>>,
) -> Result<(StatusCode, Json<Noted>), Problem> {
    let refused = |cause: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, cause);
    let outcome: Outcome = serde_json::from_value(said.into()).map_err(|error| refused(error.to_string()))?;
    let outcome = outcome.checked().map_err(|error| refused(error.to_string()))?;
    let config = records.config().clone();
    let noted = tokio::task::spawn_blocking(move || {
        // Opening to read first makes no folder where there is none.
        Reader::open(&config)?;
        Store::open(&config)?.note_outcome(sequence, &outcome)
    });
    match noted.await {
        Ok(noted) => Ok((StatusCode::CREATED, Json(noted?))),
        Err(_) => Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "noting the outcome failed")),
    }
}

/// What the device's words were worth here.
#[derive(Serialize)]
pub(super) struct Counted {
    #[serde(flatten)]
    performance: Performance,
    /// What the figures do not say.
    caveat: &'static str,
    notice: &'static str,
}

/// `GET /api/v1/performance`
pub(super) async fn performance(
    State(records): State<Arc<Records>>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Counted>, Problem> {
    if query.limit.is_some() {
        let detail = "all records are counted; choose with after, before, since and until";
        return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
    }
    let (filter, path) = (query.filter(), records.manifest().to_path_buf());
    // Without a manifest there is no card to compare with.
    let count = move |records: &mut super::records::Counting| {
        records.reader.performance(&filter, Manifest::read(&path).ok().as_ref())
    };
    let performance = records.ask(count).await?;
    Ok(Json(Counted { performance, caveat: CAVEAT, notice: RESEARCH_ONLY }))
}

/// What is due.
#[derive(Serialize)]
pub(super) struct List {
    /// By this day.
    by: Date,
    /// How long after its newest record a lesion is due; 0 for only where an outcome says so.
    months: u32,
    /// The earliest first.
    lesions: Vec<Due>,
    notice: &'static str,
}

/// What is asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DueQuery {
    /// Today where it is left out.
    by: Option<Date>,
}

/// `GET /api/v1/due`
pub(super) async fn due(
    State(records): State<Arc<Records>>,
    Query(DueQuery { by }): Query<DueQuery>,
) -> Result<Json<List>, Problem> {
    let months = records.config().look_again_months;
    let by = by.unwrap_or_else(|| day(Timestamp::now()));
    let mut lesions = records.ask(move |records| records.reader.due(months)).await?;
    lesions.retain(|due| due.is_due(by));
    Ok(Json(List { by, months, lesions, notice: RESEARCH_ONLY }))
}
