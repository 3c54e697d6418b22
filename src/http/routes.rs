//! The routes: which path is answered by whom.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::routing::{MethodRouter, get, post};
use axum::{Router, middleware};

use super::access::Lock;
use super::guard::{self, Guard};
use super::limits::{Limits, MAX_BODY, MAX_FORM, MAX_PHOTO};
use super::link::Link;
use super::problem::{self, Problem};
use super::{HttpConfig, buttons, case, export, live, metrics, outcomes, photographs, records, setting};
use crate::health::Health;

/// What the API is, for programs that read OpenAPI 3.1.
const DOCUMENT: &str = include_str!("openapi.json");

/// The media type of the page's modules.
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The files of the page: path, media type, content.
const FILES: &[(&str, &str, &str)] = &[
    ("/", "text/html; charset=utf-8", include_str!("web/index.html")),
    ("/style.css", "text/css; charset=utf-8", include_str!("web/style.css")),
    ("/page.js", SCRIPT, include_str!("web/page.js")),
    ("/case.js", SCRIPT, include_str!("web/case.js")),
    ("/setting.js", SCRIPT, include_str!("web/setting.js")),
    ("/dom.js", SCRIPT, include_str!("web/dom.js")),
    ("/screen.js", SCRIPT, include_str!("web/screen.js")),
    ("/records.js", SCRIPT, include_str!("web/records.js")),
    ("/record.js", SCRIPT, include_str!("web/record.js")),
    ("/reading.js", SCRIPT, include_str!("web/reading.js")),
    ("/photograph.js", SCRIPT, include_str!("web/photograph.js")),
    ("/outcome.js", SCRIPT, include_str!("web/outcome.js")),
    ("/performance.js", SCRIPT, include_str!("web/performance.js")),
    ("/due.js", SCRIPT, include_str!("web/due.js")),
    ("/compare.js", SCRIPT, include_str!("web/compare.js")),
    ("/icon.svg", "image/svg+xml", include_str!("web/icon.svg")),
];

/// What answers to whom, besides the page's files: the paths of `openapi.json`.
fn api() -> Vec<(&'static str, MethodRouter<Link>)> {
    vec![
        ("/healthz", get(healthz)),
        ("/metrics", get(metrics::metrics)),
        ("/openapi.json", file("application/json", DOCUMENT)),
        ("/api/v1/status", get(live::status)),
        ("/api/v1/events", get(live::events)),
        ("/api/v1/screen.png", get(live::screen)),
        ("/api/v1/buttons/{button}", limited(post(buttons::press), MAX_BODY)),
        ("/api/v1/case", limited(get(case::get).put(case::put).delete(case::delete), MAX_BODY)),
        ("/api/v1/setting", limited(get(setting::get).put(setting::put), MAX_BODY)),
        ("/api/v1/classify", limited(post(photographs::classify), MAX_PHOTO + MAX_FORM)),
        ("/api/v1/records", get(records::list)),
        ("/api/v1/records/{sequence}", get(records::one)),
        ("/api/v1/records/{sequence}/image", get(records::image)),
        ("/api/v1/departures", get(records::departures)),
        ("/api/v1/records/{sequence}/outcomes", limited(get(outcomes::list).post(outcomes::note), MAX_BODY)),
        ("/api/v1/performance", get(outcomes::performance)),
        ("/api/v1/due", get(outcomes::due)),
        ("/api/v1/export.zip", get(export::archive)),
    ]
}

/// `GET /healthz`: whether all that should work does, for who watches over the device.
async fn healthz(State(health): State<Health>) -> Result<&'static str, Problem> {
    match health.broken().as_slice() {
        [] => Ok("ok\n"),
        broken => Err(Problem::busy(format!("not well: {}", broken.join(", ")))),
    }
}

/// Takes no more than so many bytes of a body, and none of one that is announced as larger.
fn limited(methods: MethodRouter<Link>, most: usize) -> MethodRouter<Link> {
    methods
        .layer(DefaultBodyLimit::max(most))
        .layer(middleware::from_fn_with_state(most, guard::refuse_large))
}

/// Everything that is served.
pub(super) fn router(link: Link, config: &HttpConfig, limits: &Limits) -> Router {
    let lock = config.token_sha256.as_deref().and_then(Lock::of);
    let guard = Arc::new(Guard { names: guard::names(&config.names), lock, timeout: limits.request });
    let metrics = link.metrics.clone();
    let files = FILES.iter().map(|(path, kind, text)| (*path, file(kind, text)));
    let routes = api().into_iter().chain(files);
    routes
        .fold(Router::new(), |router, (path, methods)| router.route(path, methods))
        .fallback(|| async { Problem::new(StatusCode::NOT_FOUND, "there is nothing here") })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::map_response(problem::explain))
        .layer(middleware::from_fn_with_state(guard, guard::guard))
        .layer(middleware::from_fn_with_state(metrics, metrics::count))
        .with_state(link)
}

fn file(kind: &'static str, text: &'static str) -> MethodRouter<Link> {
    // A newer firmware serves a newer page: ask each time.
    get(move || async move { ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], text) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In the page and in the description of the API.
    #[test]
    fn the_sites_to_choose_from_are_those_of_the_list() {
        let words: Vec<_> = crate::case::SITES.iter().map(|row| row.word).collect();
        let page = include_str!("web/index.html");
        let options: String = words.iter().map(|word| format!("<option>{word}</option>")).collect();
        assert!(page.contains(&format!("<option value=\"\">Not said</option>{options}</select>")));
        let document: serde_json::Value = serde_json::from_str(DOCUMENT).expect("JSON");
        assert_eq!(document["components"]["schemas"]["Site"]["enum"], serde_json::json!(words));
    }

    #[test]
    fn the_diagnoses_to_choose_from_are_those_of_the_list() {
        let words: Vec<_> = crate::outcome::DIAGNOSES.iter().map(|row| row.word).collect();
        let page = include_str!("web/outcome.js");
        let document: serde_json::Value = serde_json::from_str(DOCUMENT).expect("JSON");
        let schemas = &document["components"]["schemas"];
        for (name, words) in [("Diagnosis", words), ("Confirmation", crate::outcome::CONFIRMATIONS.to_vec())]
        {
            assert_eq!(schemas[name]["enum"], serde_json::json!(words));
            let listed: Vec<_> = words.iter().map(|word| format!("\"{word}\"")).collect();
            assert!(page.contains(&listed.join(", ")), "{name}: {listed:?}");
        }
    }

    #[test]
    fn every_route_is_described_and_nothing_else() {
        let document: serde_json::Value = serde_json::from_str(DOCUMENT).expect("JSON");
        let mut described: Vec<_> =
            document["paths"].as_object().expect("paths").keys().map(String::as_str).collect();
        let mut routes: Vec<_> = api().into_iter().map(|(path, _)| path).collect();
        described.sort_unstable();
        routes.sort_unstable();
        assert_eq!(routes, described);
    }
}
