//! Records over HTTP: lists, one record, its picture.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::limits::MAX_QUESTIONS;
use super::problem::Problem;
use super::question::Asking;
use crate::RESEARCH_ONLY;
use crate::case::Lesion;
use crate::records::{
    self, Departures, Filter, Noted, Reader, Record, RecordError, RecordsConfig, Scope, Standing, Summary,
    Unreadable,
};
use crate::verdict::Verdict;

/// Records on a page of the list, unless asked otherwise, and at most.
const PAGE: usize = 20;
const MAX_PAGE: usize = 200;

/// The records behind connections of the link's own, opened when first asked for. A few questions at once never wait for
/// one another: a rare class among many records takes seconds to find.
pub(super) struct Records {
    config: RecordsConfig,
    /// Of the model, whose card the figures are compared with.
    manifest: PathBuf,
    /// Connections that are not in use.
    idle: Mutex<Vec<Counting>>,
    /// For questions: whoever has none waits without a thread.
    seats: Arc<Semaphore>,
}

/// A connection that counts the records only when there may be others: among many that takes longer than a page.
pub(super) struct Counting {
    pub reader: Reader,
    /// The version that was counted, and how many there were.
    counted: Option<(i64, u64)>,
}

impl Counting {
    fn open(config: &RecordsConfig) -> Result<Self, RecordError> {
        Ok(Self { reader: Reader::open(config)?, counted: None })
    }

    /// How many records there are.
    fn count(&mut self) -> Result<u64, RecordError> {
        // Asked first: what is written between the two is counted again the next time.
        let version = self.reader.version()?;
        match self.counted {
            Some((known, count)) if known == version => Ok(count),
            _ => {
                let count = self.reader.count()?;
                self.counted = Some((version, count));
                Ok(count)
            }
        }
    }
}

/// Idle connections that are kept.
const MOST_IDLE: usize = 2;

impl Records {
    pub fn new(config: RecordsConfig, manifest: PathBuf) -> Self {
        Self { config, manifest, idle: Mutex::default(), seats: Arc::new(Semaphore::new(MAX_QUESTIONS)) }
    }

    /// The public half of the device's key, where it has one.
    pub fn public_key(&self) -> Option<String> {
        records::public_key(&self.config.folder)
    }

    pub fn manifest(&self) -> &std::path::Path {
        &self.manifest
    }

    pub fn config(&self) -> &RecordsConfig {
        &self.config
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Counting>> {
        // A panic elsewhere cannot leave half a list.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the records something, on a thread that may wait for the disk.
    pub async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        question: impl FnOnce(&mut Counting) -> Result<T, RecordError> + Send + 'static,
    ) -> Result<T, Problem> {
        let records = self.clone();
        let closed = |_| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the records are closed");
        let seat = self.seats.clone().acquire_owned().await.map_err(closed)?;
        let asking = Asking::default();
        let asked = asking.question();
        let answer = tokio::task::spawn_blocking(move || {
            // Given back when the thread is done, not when nobody waits any more.
            let _seat = seat;
            let idle = records.idle().pop();
            // Of records that were wiped meanwhile nothing is told any more.
            let idle = idle.filter(|idle| idle.reader.is_current().unwrap_or(false));
            let mut connection = idle.map_or_else(|| Counting::open(&records.config), Ok)?;
            let Some(asked) = asked.begin(&connection.reader) else {
                return Err(Problem::busy("nobody waits for the answer any more"));
            };
            let answer = question(&mut connection).map_err(Problem::from);
            drop(asked);
            let mut idle = records.idle();
            // After an error the next question opens the records anew: they may have been repaired.
            match &answer {
                Ok(_) if idle.len() < MOST_IDLE => idle.push(connection),
                Ok(_) => {}
                Err(_) => idle.clear(),
            }
            answer
        });
        match answer.await {
            Ok(answer) => answer,
            Err(_) => Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "reading the records failed")),
        }
    }
}

/// What a list is asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    pub limit: Option<usize>,
    before: Option<u64>,
    after: Option<u64>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    verdict: Option<Verdict>,
    class: Option<String>,
    usable: Option<bool>,
    case_id: Option<String>,
    lesion: Option<Lesion>,
    review: Option<bool>,
}

impl ListQuery {
    pub fn filter(self) -> Filter {
        let Self { limit: _, before, after, since, until, verdict, class, usable, case_id, lesion, review } =
            self;
        Filter {
            before,
            after,
            since,
            until,
            verdict,
            class,
            usable,
            case_id,
            lesion,
            review,
            not_left: None,
        }
    }
}

/// A page of the list, newest first.
#[derive(Serialize)]
pub(super) struct List {
    records: Vec<Summary>,
    /// How many there are on the device.
    total: u64,
    /// What to ask as `before` for the next page; none on the last.
    next_before: Option<u64>,
    /// Records of this page that cannot be read, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unreadable: Vec<Unreadable>,
    notice: &'static str,
}

/// A whole record.
#[derive(Serialize)]
pub(super) struct Whole {
    #[serde(flatten)]
    record: Record,
    /// The picture was exported, and then removed to make room.
    image_pruned: bool,
    /// What became of its lesion, as it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Noted>,
    /// The newest record before it of the same lesion.
    #[serde(skip_serializing_if = "Option::is_none")]
    earlier: Option<u64>,
    notice: &'static str,
}

/// `GET /api/v1/records`
pub(super) async fn list(
    State(records): State<Arc<Records>>,
    Query(query): Query<ListQuery>,
) -> Result<Json<List>, Problem> {
    let limit = page_size(query.limit)?;
    let filter = query.filter();
    let (page, total) =
        records.ask(move |records| Ok((records.reader.list(&filter, limit)?, records.count()?))).await?;
    let records = page.records.iter().map(Record::summary).collect();
    let (next_before, unreadable) = (page.next_before, page.unreadable);
    Ok(Json(List { records, total, next_before, unreadable, notice: RESEARCH_ONLY }))
}

/// What has left the device, newest first.
#[derive(Serialize)]
pub(super) struct Departed {
    departures: Vec<records::Departed>,
    #[serde(flatten)]
    standing: Standing,
    /// What to ask as `before` for the next page; none on the last.
    next_before: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unreadable: Vec<Unreadable>,
    notice: &'static str,
}

/// Which departures are asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeparturesQuery {
    limit: Option<usize>,
    before: Option<u64>,
    after: Option<u64>,
    /// Only records that have not left with their pictures.
    #[serde(default)]
    not_left: bool,
}

/// `GET /api/v1/departures`
pub(super) async fn departures(
    State(records): State<Arc<Records>>,
    Query(query): Query<DeparturesQuery>,
) -> Result<Json<Departed>, Problem> {
    let limit = page_size(query.limit)?;
    let not_left = query.not_left.then_some(Scope::Picture);
    let filter = Filter { before: query.before, after: query.after, not_left, ..Filter::default() };
    let question = move |records: &mut Counting| {
        Ok((records.reader.list_departures(&filter, limit)?, records.reader.standing()?))
    };
    let (Departures { records: departures, next_before, unreadable }, standing) =
        records.ask(question).await?;
    Ok(Json(Departed { departures, standing, next_before, unreadable, notice: RESEARCH_ONLY }))
}

fn page_size(limit: Option<usize>) -> Result<usize, Problem> {
    let limit = limit.unwrap_or(PAGE);
    if !(1..=MAX_PAGE).contains(&limit) {
        let detail = format!("limit is {limit}; it must be from 1 to {MAX_PAGE}");
        return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
    }
    Ok(limit)
}

/// `GET /api/v1/records/{sequence}`
pub(super) async fn one(
    State(records): State<Arc<Records>>,
    Path(sequence): Path<u64>,
) -> Result<Json<Whole>, Problem> {
    let found = records.ask(move |records| {
        let reader = &records.reader;
        let Some(record) = reader.get(sequence)? else { return Ok(None) };
        let (image_pruned, outcome) = (reader.is_pruned(sequence)?, reader.outcome(sequence)?);
        let earlier = reader.earlier(&record.case(), sequence)?.map(|earlier| earlier.sequence);
        Ok(Some(Whole { record, image_pruned, outcome, earlier, notice: RESEARCH_ONLY }))
    });
    found.await?.map(Json).ok_or_else(|| missing(sequence))
}

/// `GET /api/v1/records/{sequence}/image`
pub(super) async fn image(
    State(records): State<Arc<Records>>,
    Path(sequence): Path<u64>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let record =
        records.ask(move |records| records.reader.get(sequence)).await?.ok_or_else(|| missing(sequence))?;
    let tag = format!("\"{}\"", record.image_sha256);
    let cache = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, "private, no-cache".into())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, cache).into_response());
    }
    let (device, extension) = (&record.device, record.image_encoding.extension());
    let name = format!("inline; filename=\"dermascope-{device}-{sequence}.{extension}\"");
    let kind = record.image_encoding.media_type().to_string();
    let image = records.ask(move |records| records.reader.image(&record)).await?;
    let about = [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)];
    Ok((cache, about, image.bytes.to_vec()).into_response())
}

pub(super) fn missing(sequence: u64) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("there is no record {sequence}"))
}
