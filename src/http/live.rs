//! The live view: the panel as a picture, as words, and as a stream of what is new on it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::Stream;
use serde::Serialize;

use super::link::Link;
use super::problem::Problem;
use crate::RESEARCH_ONLY;
use crate::case::Case;
use crate::classifier::Setting;
use crate::control::DeviceState;
use crate::feed::ScreenState;
use crate::light::Lit;
use crate::panel::Shown;
use crate::power::Battery;
use crate::records::Space;

/// A silent stream says that it lives this often.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// `GET /api/v1/screen.png`: what the panel shows, pixel by pixel.
pub(super) async fn screen(State(link): State<Link>) -> Result<Response, Problem> {
    let (shown, _) = link.feed.newest();
    let png = link.screenshot.of(&shown)?;
    Ok(([(header::CONTENT_TYPE, "image/png")], png).into_response())
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
    /// What the next captures are of.
    case: Case,
    /// Where there is one.
    battery: Option<Battery>,
    /// What lights a capture that is taken now, if anything does.
    light: Option<Lit>,
    /// How the next captures are read.
    setting: Setting,
    /// The model's operating points.
    operating_points: Vec<String>,
    /// The fingerprint of the certificate of HTTPS, where that is served.
    https_sha256: Option<String>,
    /// On the disk of the records, in bytes; none where that cannot be told.
    space: Option<Space>,
    /// The public half of the device's key: what signs its exports. None before its first start.
    public_key: Option<String>,
    /// Whether the page's buttons press anything.
    virtual_buttons: bool,
    firmware: &'static str,
    notice: &'static str,
}

impl Status {
    fn of(link: &Link, (shown, state): (Shown, ScreenState)) -> Self {
        let DeviceState { case, battery, light, setting, operating_points, https } = link.remote.told();
        Self {
            state,
            version: shown.version,
            backlight: shown.backlight,
            case,
            battery,
            light,
            setting,
            operating_points,
            https_sha256: https,
            space: Space::of(&link.records.config().folder).ok(),
            public_key: link.records.public_key(),
            virtual_buttons: link.buttons.is_some(),
            firmware: env!("CARGO_PKG_VERSION"),
            notice: RESEARCH_ONLY,
        }
    }
}

/// `GET /api/v1/status`
pub(super) async fn status(State(link): State<Link>) -> Response {
    Json(Status::of(&link, link.feed.newest())).into_response()
}

/// `GET /api/v1/events`: the status, at once and whenever the screen changes, or what the device tells beside it. A watcher that is too slow for all
/// of them gets the newest.
pub(super) async fn events(
    State(link): State<Link>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let too_many = "too many pages watch the screen; close one";
    let seat = link.watchers.clone().try_acquire_owned().map_err(|_| Problem::busy(too_many))?;
    let watching = Watching::new(&link, seat);
    let stream = futures_util::stream::unfold((link, watching), |(link, mut watching)| async {
        let status = Status::of(&link, watching.next(&link).await);
        let event = Event::default().event("screen").json_data(status).ok()?;
        Some((Ok(event), (link, watching)))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// One who watches, counted until it ends.
struct Watching {
    watcher: crate::feed::Watcher,
    told: tokio::sync::watch::Receiver<DeviceState>,
    metrics: Arc<super::metrics::Metrics>,
    _seat: tokio::sync::OwnedSemaphorePermit,
}

impl Watching {
    fn new(link: &Link, seat: tokio::sync::OwnedSemaphorePermit) -> Self {
        link.metrics.watchers.inc();
        Self {
            watcher: link.feed.watch(),
            told: link.remote.watch(),
            metrics: link.metrics.clone(),
            _seat: seat,
        }
    }
}

impl Watching {
    /// The screen, as soon as it or what the device tells of itself (case, battery, light, setting) is new.
    async fn next(&mut self, link: &Link) -> (Shown, ScreenState) {
        tokio::select! {
            screen = self.watcher.next() => screen,
            changed = self.told.changed() => match changed {
                Ok(()) => link.feed.newest(),
                // The device is gone; its last screen may still come.
                Err(_) => self.watcher.next().await,
            },
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.metrics.watchers.dec();
    }
}
