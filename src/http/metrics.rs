//! `GET /metrics`: what the link and the device count, for Prometheus.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::problem::Problem;
use crate::feed::ScreenFeed;
use crate::health::Health;
use crate::picture;

/// The media type of OpenMetrics 1.0, which Prometheus reads.
const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// One kind of request. Few by design: no label comes from what a client made up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    method: &'static str,
    route: String,
    status: u16,
}

/// What became of a photograph.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

pub(super) struct Metrics {
    registry: Registry,
    requests: Family<Asked, Counter>,
    seconds: Histogram,
    photographs: Family<Outcome, Counter>,
    pub connections: Gauge,
    pub watchers: Gauge,
    records: Gauge,
    warning: Gauge,
    memory: Gauge,
    well: Gauge,
    panics: Counter,
    refused: Counter,
}

impl Metrics {
    pub fn new() -> Arc<Self> {
        let mut metrics = Self {
            registry: Registry::default(),
            requests: Family::default(),
            // 0.25 ms to 8 s
            seconds: Histogram::new(exponential_buckets(0.00025, 2.0, 16)),
            photographs: Family::default(),
            connections: Gauge::default(),
            watchers: Gauge::default(),
            records: Gauge::default(),
            warning: Gauge::default(),
            memory: Gauge::default(),
            well: Gauge::default(),
            panics: Counter::default(),
            refused: Counter::default(),
        };
        metrics.register();
        Arc::new(metrics)
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("dermascope_build", "The firmware", build);
        registry.register("dermascope_http_requests", "Requests answered", self.requests.clone());
        let (help, seconds) = ("Time to the head of an answer", self.seconds.clone());
        registry.register_with_unit("dermascope_http_request_duration", help, Unit::Seconds, seconds);
        let photographs = self.photographs.clone();
        registry.register("dermascope_photographs", "Photographs sent to be read", photographs);
        let gauges: [(&str, &str, &Gauge); 5] = [
            ("dermascope_well", "1 while main loop, camera and records work, else 0", &self.well),
            ("dermascope_http_connections", "Connections that are open", &self.connections),
            ("dermascope_http_watchers", "Pages that watch the screen", &self.watchers),
            ("dermascope_records", "Records on the device", &self.records),
            ("dermascope_warning", "1 while the screen warns of something, else 0", &self.warning),
        ];
        for (name, help, gauge) in gauges {
            registry.register(name, help, gauge.clone());
        }
        let counters = [
            ("dermascope_decoder_panics", "Pictures that a decoder failed on", &self.panics),
            ("dermascope_camera_frames_refused", "Torn and damaged frames of the camera", &self.refused),
        ];
        for (name, help, counter) in counters {
            registry.register(name, help, counter.clone());
        }
        let help = "Memory that the device's program holds";
        registry.register_with_unit("process_resident_memory", help, Unit::Bytes, self.memory.clone());
    }

    /// Counts a photograph: "read", "refused" or "busy".
    pub fn photograph(&self, outcome: &'static str) {
        self.photographs.get_or_create(&Outcome { outcome }).inc();
    }
}

/// Counts and times each request.
pub(super) async fn count(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let method = match *request.method() {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        _ => "other",
    };
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_string();
    let response = next.run(request).await;
    metrics.seconds.observe(start.elapsed().as_secs_f64());
    let status = response.status().as_u16();
    metrics.requests.get_or_create(&Asked { method, route, status }).inc();
    response
}

/// `GET /metrics`
pub(super) async fn metrics(
    State(metrics): State<Arc<Metrics>>,
    State(feed): State<ScreenFeed>,
    State(health): State<Health>,
) -> Result<Response, Problem> {
    let (_, state) = feed.newest();
    metrics.records.set(i64::try_from(state.records).unwrap_or(i64::MAX));
    metrics.warning.set(i64::from(state.warning.is_some()));
    metrics.well.set(i64::from(health.broken().is_empty()));
    // Counted elsewhere, since the start of the program.
    raise(&metrics.panics, picture::decoder_panics());
    raise(&metrics.refused, health.frames_refused());
    metrics.memory.set(resident().unwrap_or(0));
    let mut out = String::new();
    text::encode(&mut out, &metrics.registry)
        .map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, MEDIA_TYPE)], out).into_response())
}

/// Raises a counter to what was counted elsewhere.
fn raise(counter: &Counter, counted: u64) {
    counter.inc_by(counted.saturating_sub(counter.get()));
}

/// The memory that this process holds, in bytes.
fn resident() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<i64>().ok()? * 1024)
}
