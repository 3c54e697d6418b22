//! The routes: the page, the screen, the status, and what [`super::records`] and [`super::buttons`] answer.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Json, Router, middleware};
use futures_util::Stream;
use serde::Serialize;
use tokio::sync::Semaphore;

use super::buttons::{self, Buttons};
use super::feed::{ScreenFeed, ScreenState};
use super::guard;
use super::problem::{self, Problem};
use super::records::{self, Records};
use crate::RESEARCH_ONLY;
use crate::buttons::VirtualButtons;
use crate::panel::Shown;
use crate::picture::PictureError;
use crate::records::RecordsConfig;

/// The largest body of a request, in bytes.
const MAX_BODY: usize = 4096;
/// How many pages may watch the screen at once.
const MAX_WATCHERS: usize = 16;
/// A silent stream says that it lives this often.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// What the handlers share.
pub(super) struct Link {
    feed: ScreenFeed,
    /// The newest screen as PNG, with its version, so that many watchers cost one encoding.
    encoded: Mutex<Option<(u64, Bytes)>>,
    pub buttons: Option<Arc<Buttons>>,
    pub records: Arc<Records>,
    watchers: Arc<Semaphore>,
}

/// The files of the page: path, media type, content.
const FILES: &[(&str, &str, &str)] = &[
    ("/", "text/html; charset=utf-8", include_str!("web/index.html")),
    ("/style.css", "text/css; charset=utf-8", include_str!("web/style.css")),
    ("/page.js", "text/javascript; charset=utf-8", include_str!("web/page.js")),
    ("/icon.svg", "image/svg+xml", include_str!("web/icon.svg")),
];

/// Everything that is served.
pub(super) fn router(
    names: &[String],
    records: &RecordsConfig,
    feed: ScreenFeed,
    presses: Option<VirtualButtons>,
) -> Router {
    let link = Arc::new(Link {
        feed,
        encoded: Mutex::default(),
        buttons: presses.map(Buttons::new),
        records: Arc::new(Records::new(records.clone())),
        watchers: Arc::new(Semaphore::new(MAX_WATCHERS)),
    });
    let names: Arc<[String]> = names.into();
    let files =
        FILES.iter().fold(Router::new(), |router, (path, kind, text)| router.route(path, file(kind, text)));
    files
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/screen.png", get(screen))
        .route("/api/v1/status", get(status))
        .route("/api/v1/events", get(events))
        .route("/api/v1/buttons/{button}", post(buttons::press))
        .route("/api/v1/records", get(records::list))
        .route("/api/v1/records/{sequence}", get(records::one))
        .route("/api/v1/records/{sequence}/image", get(records::image))
        .fallback(|| async { Problem::new(StatusCode::NOT_FOUND, "there is nothing here") })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::map_response(problem::explain))
        .layer(middleware::from_fn_with_state(names, guard::guard))
        .with_state(link)
}

fn file(kind: &'static str, text: &'static str) -> MethodRouter<Arc<Link>> {
    // A newer firmware serves a newer page: ask each time.
    get(move || async move { ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], text) })
}

/// `GET /screen.png`: what the panel shows, pixel by pixel.
async fn screen(State(link): State<Arc<Link>>) -> Result<Response, Problem> {
    let (shown, _) = link.feed.newest();
    let png = match link.encoded(shown.version) {
        Some(png) => png,
        None => link.encode(&shown)?,
    };
    Ok(([(header::CONTENT_TYPE, "image/png")], png).into_response())
}

impl Link {
    fn encoded(&self, version: u64) -> Option<Bytes> {
        let encoded = self.encoded.lock().unwrap_or_else(PoisonError::into_inner);
        encoded.as_ref().filter(|(known, _)| *known == version).map(|(_, png)| png.clone())
    }

    fn encode(&self, shown: &Shown) -> Result<Bytes, Problem> {
        let failed = |cause: PictureError| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, cause.to_string());
        let png = Bytes::copy_from_slice(&shown.canvas.to_png().map_err(failed)?.bytes);
        *self.encoded.lock().unwrap_or_else(PoisonError::into_inner) = Some((shown.version, png.clone()));
        Ok(png)
    }
}

/// What the device is doing.
#[derive(Serialize)]
struct Status {
    #[serde(flatten)]
    state: ScreenState,
    /// Grows with every change of the panel.
    version: u64,
    /// Of the panel, in percent.
    backlight: u8,
    /// Whether the page's buttons press anything.
    virtual_buttons: bool,
    firmware: &'static str,
    notice: &'static str,
}

impl Status {
    fn of(link: &Link, (shown, state): (Shown, ScreenState)) -> Self {
        Self {
            state,
            version: shown.version,
            backlight: shown.backlight,
            virtual_buttons: link.buttons.is_some(),
            firmware: env!("CARGO_PKG_VERSION"),
            notice: RESEARCH_ONLY,
        }
    }
}

/// `GET /api/v1/status`
async fn status(State(link): State<Arc<Link>>) -> Response {
    Json(Status::of(&link, link.feed.newest())).into_response()
}

/// `GET /api/v1/events`: the status, at once and whenever the screen changes. A watcher that is too slow for all
/// of them gets the newest.
async fn events(
    State(link): State<Arc<Link>>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let too_many = "too many pages watch the screen; close one";
    let seat = link
        .watchers
        .clone()
        .try_acquire_owned()
        .map_err(|_| Problem::new(StatusCode::SERVICE_UNAVAILABLE, too_many))?;
    let watcher = link.feed.watch();
    let stream = futures_util::stream::unfold((link, watcher, seat), |(link, mut watcher, seat)| async {
        let status = Status::of(&link, watcher.next().await);
        let event = Event::default().event("screen").json_data(status).ok()?;
        Some((Ok(event), (link, watcher, seat)))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}
