//! Who may ask: the Host check against DNS rebinding, the token for those from elsewhere, the Origin check against
//! posts from other sites, and the headers that keep the page to itself.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::access::{self, Lock, Locked};
use super::connections::{Near, Secure};
use super::problem::Problem;
use super::proxies::Proxies;

/// What is checked before anything is answered.
pub(super) struct Guard {
    /// Names that the device may be called by.
    pub names: Vec<String>,
    /// What opens it to those who are not near; none lets in nobody else.
    pub lock: Option<Lock>,
    /// Whether who is not near is served by HTTPS alone.
    pub https: bool,
    /// Whose word is taken that they were asked by HTTPS.
    pub proxies: Proxies,
    /// Longest that one request may take up to the head of its answer.
    pub timeout: Duration,
}

/// Answered to anyone: says only whether the device is well.
const OPEN: &str = "/healthz";

/// On every answer. The page needs nothing but its own files.
static HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// Lets a request through, or says why not.
pub(super) async fn guard(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let stranger = guard.is_stranger(&request);
    let mut response = match guard.check(&request) {
        Err(refusal) => refusal,
        Ok(()) => match tokio::time::timeout(guard.timeout, next.run(request)).await {
            Ok(response) => response,
            Err(_) => Problem::new(StatusCode::REQUEST_TIMEOUT, "the request took too long").into_response(),
        },
    };
    for (name, value) in &HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    if stranger {
        // Who has no token keeps no seat either.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

impl Guard {
    #[allow(clippy::result_large_err, reason = "the answer is made once, and sent")]
    fn check(&self, request: &Request) -> Result<(), Response> {
        let headers = request.headers();
        let is_open = request.uri().path() == OPEN && request.method().is_safe();
        if is_open && !headers.contains_key(header::HOST) && request.uri().authority().is_none() {
            // A supervisor, not a browser: those always say whom they ask.
            return Ok(());
        }
        let secure = self.is_secure(request);
        let host = check(request.method(), request.uri().authority(), headers, secure, &self.names)
            .map_err(IntoResponse::into_response)?;
        if is_open || is_near(request) {
            return Ok(());
        }
        if self.https && !secure {
            return Err(to_https(request, &host));
        }
        if self.has_token(request) { Ok(()) } else { Err(Problem::from(Locked).into_response()) }
    }

    /// Whether somebody is neither near nor has the token, or sends it in clear where it must not be.
    fn is_stranger(&self, request: &Request) -> bool {
        let in_clear = self.https && !self.is_secure(request);
        !is_near(request) && (in_clear || !self.has_token(request))
    }

    fn has_token(&self, request: &Request) -> bool {
        self.lock.as_ref().is_some_and(|lock| lock.open(request.headers()).is_ok())
    }

    /// Whether a request came by HTTPS, here or to a proxy that is trusted.
    fn is_secure(&self, request: &Request) -> bool {
        request.extensions().get::<Secure>().is_some_and(|secure| secure.0) || self.proxies.vouch(request)
    }
}

/// Who is not known to be near is not.
fn is_near(request: &Request) -> bool {
    let near = request.extensions().get::<Near>().is_some_and(|near| near.0);
    near && !access::is_forwarded(request)
}

/// Leads to HTTPS on the same port, before anybody is asked for the token. What changes something is refused: it was
/// sent in clear already.
fn to_https(request: &Request, host: &str) -> Response {
    let forwarded =
        access::is_forwarded(request) && request.extensions().get::<Near>().is_some_and(|near| near.0);
    if request.method().is_safe() && !forwarded {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        return Redirect::temporary(&format!("https://{host}{path}")).into_response();
    }
    let detail = if forwarded {
        "this came through a proxy that does not say that it was asked by HTTPS, or is not trusted to; add its address \
         to http.trusted_proxies and have it send X-Forwarded-Proto"
    } else {
        "this needs HTTPS, on the same port: the token does not go over the network in clear"
    };
    Problem::new(StatusCode::FORBIDDEN, detail).into_response()
}

/// That a request is for this device and from its own page; the host that it is for.
fn check(
    method: &Method,
    target: Option<&Authority>,
    headers: &HeaderMap,
    secure: bool,
    names: &[String],
) -> Result<String, Problem> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let host = target.map(Authority::as_str).or(text(header::HOST)).unwrap_or_default();
    if !is_ours(host, names) {
        let detail = format!("`{host}` is not a name of this device; add it to http.names to allow it");
        return Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, detail));
    }
    if method.is_safe() {
        return Ok(host.into());
    }
    let origin = text(header::ORIGIN);
    let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
    let scheme = if secure { "https://" } else { "http://" };
    // A name with its scheme is the whole origin of the page, as a proxy with TLS before it has it.
    let is_page = |origin: &str| {
        origin.strip_prefix(scheme) == Some(host)
            || names.iter().any(|name| name.contains("://") && name.eq_ignore_ascii_case(origin))
    };
    let same_origin = origin.is_none_or(is_page);
    let same_site = site.is_none_or(|site| site == "same-origin" || site == "none");
    if same_origin && same_site {
        return Ok(host.into());
    }
    let from = origin.unwrap_or("another site");
    Err(Problem::new(StatusCode::FORBIDDEN, format!("a page of {from} may not do this")))
}

/// Refuses a body by its announced length, before it comes; one that says nothing is cut off where it is read.
pub(super) async fn refuse_large(State(most): State<usize>, request: Request, next: Next) -> Response {
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    match length.and_then(|length| length.parse::<u64>().ok()) {
        Some(length) if length > most as u64 => {
            let detail = format!("the body has {length} bytes; at most {most} are taken here");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail).into_response()
        }
        _ => next.run(request).await,
    }
}

/// The names of the configuration and the computer's own as multicast DNS has it (RFC 6762), by which a laptop finds it
/// on the cable. No DNS server can answer for that one; for the bare name a hostile one could.
pub(super) fn names(configured: &[String]) -> Vec<String> {
    let own = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    configured.iter().cloned().chain(own.map(|name| format!("{name}.local"))).collect()
}

/// Whether a Host is an IP address, localhost or one of the device's names. A page that rebinds its own name to
/// this address still sends its own name.
fn is_ours(host: &str, names: &[String]) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host();
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    bare.parse::<IpAddr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
        || names.iter().any(|known| access::host_of(known).eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(host: &str, origin: Option<&str>, site: Option<&str>) -> Option<StatusCode> {
        let mut headers = HeaderMap::new();
        for (name, value) in [("host", Some(host)), ("origin", origin), ("sec-fetch-site", site)] {
            if let Some(value) = value {
                headers.insert(name, HeaderValue::from_str(value).expect("a header value"));
            }
        }
        check(&Method::POST, None, &headers, false, &["dermascope.local".into()])
            .err()
            .map(|problem| problem.status)
    }

    #[test]
    fn the_devices_own_names_are_let_in() {
        for host in ["localhost:8080", "127.0.0.1:8080", "[::1]:8080", "LOCALHOST", "dermascope.local:80"] {
            assert_eq!(post(host, None, None), None, "{host}");
            assert_eq!(post(host, Some(&format!("http://{host}")), Some("same-origin")), None, "{host}");
        }
    }

    #[test]
    fn the_computers_name_on_the_cable_is_let_in_and_its_bare_name_is_not() {
        let own = nix::unistd::gethostname().unwrap().into_string().unwrap();
        let names = names(&["dermascope.example".into()]);
        for host in [format!("{own}.local"), format!("{own}.local:8080"), "dermascope.example".into()] {
            assert!(is_ours(&host, &names), "{host}");
        }
        assert!(!is_ours(&own, &names), "a DNS server could answer for it");
        assert!(!is_ours(&format!("{own}.example"), &names));
    }

    #[test]
    fn the_pages_own_post_is_let_in_through_a_proxy_with_tls_by_the_configured_origin_alone() {
        let names = ["https://derma.example".to_string(), "plain.example".into()];
        let post = |host: &str, origin: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_str(host).expect("a header value"));
            headers.insert(header::ORIGIN, HeaderValue::from_str(origin).expect("a header value"));
            check(&Method::POST, None, &headers, false, &names).is_ok()
        };
        // As the browser has it, and as a proxy that asks by the address has it.
        assert!(
            post("derma.example", "https://derma.example") && post("127.0.0.1:8080", "https://derma.example")
        );
        for other in ["https://plain.example", "https://evil.example", "https://derma.example:444", "null"] {
            assert!(!post("derma.example", other) && !post("plain.example", other), "{other}");
        }
    }

    #[test]
    fn behind_https_the_pages_own_post_is_one_of_https() {
        let post = |origin: &'static str, secure| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("192.168.1.7:8080"));
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
            check(&Method::POST, None, &headers, secure, &[]).is_ok()
        };
        let (clear, secure) = ("http://192.168.1.7:8080", "https://192.168.1.7:8080");
        assert!(post(clear, false) && post(secure, true));
        assert!(!post(clear, true) && !post(secure, false));
    }

    #[test]
    fn a_rebound_name_is_refused() {
        for host in
            ["evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example", ""]
        {
            assert_eq!(post(host, None, None), Some(StatusCode::MISDIRECTED_REQUEST), "{host}");
        }
    }

    #[test]
    fn a_post_of_another_site_is_refused() {
        let host = "localhost:8080";
        for origin in ["http://evil.example", "http://localhost:9", "https://localhost:8080", "null"] {
            assert_eq!(post(host, Some(origin), None), Some(StatusCode::FORBIDDEN), "{origin}");
        }
        for site in ["cross-site", "same-site"] {
            assert_eq!(post(host, None, Some(site)), Some(StatusCode::FORBIDDEN), "{site}");
        }
    }
}
