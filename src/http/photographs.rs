//! Photographs that are sent to be read: by the device's own path, beside it. They never wait in front of a
//! capture: a network of their own, on threads of low priority, and few at a time. Nothing of them is kept.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Multipart, Request, State};
use axum::http::{StatusCode, header};
use image::RgbImage;
use serde::Serialize;
use tokio::sync::Semaphore;

use super::limits::{MAX_PHOTO, MAX_PHOTOS};
use super::metrics::Metrics;
use super::problem::Problem;
use crate::RESEARCH_ONLY;
use crate::classifier::{Assessment, ModelConfig, ModelError, Setting};
use crate::control::Remote;
use crate::digest::sha256_hex;
use crate::examiner::{Examination, Examiner};
use crate::picture::{self, Decoded, Encoding, PictureError, Region};
use crate::quality::{Quality, QualityConfig};
use crate::verdict::Why;

/// How long the network stays loaded after the last photograph; loading takes less than reading.
const KEEP_LOADED: Duration = Duration::from_secs(60);

/// What reads photographs.
pub(super) struct Photographs {
    model: ModelConfig,
    quality: QualityConfig,
    /// Says how captures are read now.
    remote: Remote,
    examiner: Mutex<Option<Examiner>>,
    /// How many were read so far.
    read: AtomicU64,
    seats: Arc<Semaphore>,
    /// Held by the one that is coming in or being read.
    turn: Semaphore,
}

/// What a photograph gave: what a record says of its capture, under the same names.
#[derive(Serialize)]
pub(super) struct Photograph {
    image_sha256: String,
    /// In bytes.
    image_size: usize,
    image_encoding: Encoding,
    /// The part that was read: the central square, in pixels of the upright picture.
    field_of_view: Region,
    quality: Quality,
    assessment: Assessment,
    /// The word, or "retake" where the device would ask for another picture.
    verdict: &'static str,
    /// Why it is no better, worst first.
    reasons: Vec<Why>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<&'static str>,
    /// Version of the firmware.
    firmware: &'static str,
    notice: &'static str,
}

/// Why a photograph was not read.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Picture(#[from] PictureError),
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl Photographs {
    pub fn new(model: ModelConfig, quality: QualityConfig, remote: Remote) -> Arc<Self> {
        Arc::new(Self {
            model,
            quality,
            remote,
            examiner: Mutex::default(),
            read: AtomicU64::default(),
            seats: Arc::new(Semaphore::new(MAX_PHOTOS)),
            turn: Semaphore::new(1),
        })
    }

    /// Reads one as the device reads a capture. Takes a while.
    fn read(&self, bytes: &[u8], setting: &Setting) -> Result<Photograph, Failure> {
        // One after the other, from the first byte decoded on: two at once would not fit into a small memory.
        let mut examiner = self.examiner.lock().unwrap_or_else(PoisonError::into_inner);
        let Decoded { pixels: seen, region: field_of_view, encoding: image_encoding } =
            picture::decode_view(bytes, |width, height| Region::centre_square(width, height, 1.0))?;
        let examination = self.examine(&mut examiner, &seen, setting)?;
        let Examination { quality, assessment, judgement, .. } = examination;
        Ok(Photograph {
            image_sha256: sha256_hex(bytes),
            image_size: bytes.len(),
            image_encoding,
            field_of_view,
            verdict: judgement.code(),
            advice: judgement.advice(),
            reasons: judgement.reasons,
            quality,
            assessment,
            firmware: env!("CARGO_PKG_VERSION"),
            notice: RESEARCH_ONLY,
        })
    }

    fn examine(
        &self,
        slot: &mut Option<Examiner>,
        seen: &RgbImage,
        setting: &Setting,
    ) -> Result<Examination, ModelError> {
        let examiner = match slot {
            Some(examiner) => examiner,
            empty => empty.insert(Examiner::load(&self.model, &self.quality)?),
        };
        examiner.set(setting)?;
        examiner.examine(seen)
    }

    /// Gives the network's memory back, unless another photograph comes soon.
    async fn rest(self: Arc<Self>) {
        let read = self.read.fetch_add(1, Ordering::Relaxed) + 1;
        tokio::time::sleep(KEEP_LOADED).await;
        if self.read.load(Ordering::Relaxed) == read {
            *self.examiner.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}

/// `POST /api/v1/classify`
pub(super) async fn classify(
    State(photographs): State<Arc<Photographs>>,
    State(metrics): State<Arc<Metrics>>,
    request: Request<Body>,
) -> Result<Json<Photograph>, Problem> {
    let answer = read(photographs, request).await;
    metrics.photograph(match &answer {
        Ok(_) => "read",
        Err(problem) if problem.status == StatusCode::SERVICE_UNAVAILABLE => "busy",
        Err(_) => "refused",
    });
    answer.map(Json)
}

async fn read(photographs: Arc<Photographs>, request: Request<Body>) -> Result<Photograph, Problem> {
    // Taken before the body, so that none lies in memory that has no seat.
    let seat = photographs.seats.clone().try_acquire_owned();
    let seat = seat.map_err(|_| Problem::busy("other photographs are being read; try again in a moment"))?;
    // Whoever waits for the one before sends nothing yet.
    let turn = photographs.turn.acquire().await.map_err(|error| broken(error.to_string()))?;
    let bytes = body(request).await?;
    let work = tokio::task::spawn_blocking({
        // As the device reads its next capture.
        let (photographs, setting) = (photographs.clone(), photographs.remote.told().setting);
        move || {
            let read = photographs.read(&bytes, &setting);
            drop(seat);
            read
        }
    });
    let read = work.await.map_err(|_| broken("reading the photograph failed".into()))?;
    drop(turn);
    tokio::spawn(photographs.rest());
    read.map_err(|failure| match failure {
        Failure::Picture(cause) => refused(&cause),
        Failure::Model(cause) => broken(cause.to_string()),
    })
}

/// The photograph itself: the form's field `photo`, or else the whole body.
async fn body(request: Request<Body>) -> Result<Bytes, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or("").trim().to_ascii_lowercase();
    let bytes = match kind.as_str() {
        "multipart/form-data" => {
            let form = Multipart::from_request(request, &()).await;
            field(form.map_err(|error| Problem::new(error.status(), error.body_text()))?).await?
        }
        // What it is, its bytes say: browsers and phones have many names for the same.
        kind if kind.starts_with("image/") || kind == "application/octet-stream" => {
            let bytes = Bytes::from_request(request, &()).await;
            bytes.map_err(|error| Problem::new(error.status(), error.body_text()))?
        }
        _ => {
            let detail = "send a JPEG or PNG, as multipart/form-data with the field `photo`, or as image/jpeg or image/png";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
    };
    if bytes.len() > MAX_PHOTO { Err(refused(&PictureError::TooLarge)) } else { Ok(bytes) }
}

async fn field(mut form: Multipart) -> Result<Bytes, Problem> {
    let wrong =
        |error: axum::extract::multipart::MultipartError| Problem::new(error.status(), error.body_text());
    while let Some(field) = form.next_field().await.map_err(wrong)? {
        if field.name() == Some("photo") {
            return field.bytes().await.map_err(wrong);
        }
    }
    Err(Problem::new(StatusCode::BAD_REQUEST, "the form has no field `photo`"))
}

fn broken(detail: String) -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
}

fn refused(cause: &PictureError) -> Problem {
    let status = match cause {
        PictureError::Format(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        PictureError::TooLarge | PictureError::TooManyPixels | PictureError::TooMuchMemory { .. } => {
            StatusCode::PAYLOAD_TOO_LARGE
        }
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    Problem::new(status, cause.to_string())
}
