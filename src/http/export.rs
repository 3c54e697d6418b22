//! `GET /api/v1/export.zip`: the very bytes of `dermascope records export`, sent while they are made.

use std::io::{self, Write};
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};
use tokio::sync::mpsc::{self, Sender};

use super::link::Link;
use super::problem::Problem;
use super::question::{Asking, Question};
use super::records::ListQuery;
use crate::records::export::{ExportError, FORMATS, export};
use crate::records::{Filter, Reader, RecordsConfig};

/// What is sent at once, in bytes, and how much of it may wait for a slow reader.
const PIECE: usize = 64 << 10;
const PIECES: usize = 4;

/// `GET /api/v1/export.zip`
pub(super) async fn archive(
    State(link): State<Link>,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    if query.limit.is_some() {
        let detail = "an export has no limit; choose with after, before, since and until";
        return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
    }
    let seat = link.exports.clone().try_acquire_owned();
    let seat = seat.map_err(|_| Problem::busy("another export is under way; try again when it is done"))?;
    let (sender, mut pieces) = mpsc::channel(PIECES);
    let (config, filter) = (link.records.config().clone(), query.filter());
    let asking = Asking::default();
    let question = asking.question();
    tokio::task::spawn_blocking(move || {
        if let Err(error) = write(&config, &filter, &question, &sender) {
            // Fails only where nobody reads any more, and that is the error then.
            let _ = sender.blocking_send(Err(error));
        }
        drop(seat);
    });
    // What is wrong from the start is said as a problem; later the answer breaks off, and its reader knows.
    let first = match pieces.recv().await {
        Some(Ok(first)) => first,
        Some(Err(error)) => return Err(error.into()),
        None => return Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the export failed")),
    };
    // Whoever reads takes what ends the question with them.
    let rest = stream::unfold((pieces, asking), |(mut pieces, asking)| async {
        pieces.recv().await.map(|piece| (piece, (pieces, asking)))
    });
    let body = Body::from_stream(stream::once(async { Ok(first) }).chain(rest));
    let about = [
        (header::CONTENT_TYPE, "application/zip"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"dermascope-records.zip\""),
    ];
    Ok((about, body).into_response())
}

/// Through a reader of its own, so that nobody else waits for it.
fn write(
    config: &RecordsConfig,
    filter: &Filter,
    question: &Arc<Question>,
    sender: &Sender<Result<Bytes, ExportError>>,
) -> Result<(), ExportError> {
    let reader = Reader::open(config)?;
    let Some(_asked) = question.begin(&reader) else { return Ok(()) };
    let (_, _, format) = FORMATS[0];
    let mut pieces = Pieces { sender, next: Vec::with_capacity(PIECE), begun: false };
    export(&reader, filter, format, &mut pieces)?;
    Ok(pieces.send()?)
}

/// Collects what is written to pieces, and waits for who reads them.
struct Pieces<'a> {
    sender: &'a Sender<Result<Bytes, ExportError>>,
    next: Vec<u8>,
    begun: bool,
}

impl Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PIECE - self.next.len());
        self.next.extend_from_slice(&bytes[..taken]);
        // The first is sent at once: who waits knows that it has begun.
        if self.next.len() == PIECE || !self.begun {
            self.send()?;
        }
        Ok(taken)
    }

    /// Sends nothing yet: every table in the archive flushes at its end.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Pieces<'_> {
    fn send(&mut self) -> io::Result<()> {
        self.begun = true;
        let piece = std::mem::replace(&mut self.next, Vec::with_capacity(PIECE));
        self.sender.blocking_send(Ok(piece.into())).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl From<ExportError> for Problem {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Records(error) => error.into(),
            ExportError::Write(error) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        }
    }
}
