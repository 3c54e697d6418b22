//! The HTTP link: the device over a browser. The page shows the panel live and, on a device with virtual
//! buttons, presses them; the API gives the records.
//!
//! All of it runs on threads of its own, so that nothing here can delay a reading: the screen comes over a slot that
//! keeps only the newest, presses leave over a channel, and what takes time waits for the device on threads of low
//! priority: records are read through connections of their own, and photographs by a network of their own. Over
//! loopback and the USB cable it is open; from elsewhere a token is asked for ([`access`]).

mod access;
mod buttons;
mod case;
mod connections;
mod export;
mod feed;
mod guard;
mod limits;
mod live;
mod metrics;
mod photographs;
mod problem;
mod records;
mod routes;

use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;
use std::thread::JoinHandle;

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

pub use access::{hash_of, new_token};
pub use feed::{ResultState, ScreenFeed, ScreenState};
pub use limits::Limits;

use crate::buttons::VirtualButtons;
use crate::classifier::ModelConfig;
use crate::links::remote::Remote;
use crate::quality::QualityConfig;
use crate::records::RecordsConfig;
use metrics::Metrics;
use routes::Link;

/// `[http]` of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// Address and port to serve on, such as "127.0.0.1:8080"; none serves nothing. Port 0 takes any that is free.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<String>,
    /// Names besides "localhost" and IP addresses that a browser may call the device by, such as
    /// "dermascope.local".
    pub names: Vec<String>,
    /// SHA-256 of the token, 64 hexadecimal digits as `dermascope token` prints them. Needed to listen on any
    /// address that is neither loopback nor link-local, and asked of everyone who is neither on the device itself nor
    /// on its USB cable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_sha256: Option<String>,
}

/// What the link shows and asks of the device.
pub struct Device {
    pub records: RecordsConfig,
    /// What reads photographs that are sent.
    pub model: ModelConfig,
    pub quality: QualityConfig,
    pub feed: ScreenFeed,
    /// Where the page's buttons press; none on a device with buttons of its own.
    pub presses: Option<VirtualButtons>,
    /// What else the device tells, and where it is told a case.
    pub remote: Remote,
}

impl HttpConfig {
    /// Says which key is wrong, and how.
    pub fn check(&self) -> Result<(), String> {
        if self.token_sha256.as_deref().is_some_and(|hash| access::Lock::of(hash).is_none()) {
            return Err("http.token_sha256 is not a SHA-256; `dermascope token` makes one".into());
        }
        self.addresses().map(|_| ()).map_err(|error| error.to_string())
    }

    /// Where to listen; nowhere if nothing is served.
    fn addresses(&self) -> Result<Vec<SocketAddr>, HttpError> {
        let Some(listen) = &self.listen else { return Ok(Vec::new()) };
        let unclear = |cause: String| HttpError::Address { listen: listen.into(), cause };
        let found: Vec<_> = listen.to_socket_addrs().map_err(|cause| unclear(cause.to_string()))?.collect();
        if found.is_empty() {
            return Err(unclear("it names no address".into()));
        }
        let private = found.iter().all(|address| access::is_private(address.ip()));
        if private || self.token_sha256.is_some() {
            Ok(found)
        } else {
            Err(HttpError::NeedsToken { listen: listen.into() })
        }
    }
}

/// Why there is no server. Each message names the key and the cure.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    #[error("http.listen is `{listen}`: {cause}; write an address and a port, such as \"127.0.0.1:8080\"")]
    Address { listen: String, cause: String },
    #[error(
        "http.listen is `{listen}`: on a network anyone could read the records there; run `dermascope token` and set \
         http.token_sha256 to what it prints, or listen on \"127.0.0.1:8080\""
    )]
    NeedsToken { listen: String },
    #[error(
        "http.listen is `{listen}`: cannot listen there: {cause}; choose another port, or stop what uses it"
    )]
    Bind { listen: String, cause: std::io::Error },
    #[error("cannot start the HTTP link: {0}")]
    Start(std::io::Error),
}

/// A running server. Dropping it stops it.
pub struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What to open in a browser.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has been reported already, and stopping is all that is asked.
            let _ = thread.join();
        }
    }
}

/// Starts serving the device, where the configuration asks for it. On return the address is bound.
pub fn serve(config: &HttpConfig, device: Device) -> Result<Option<Server>, HttpError> {
    serve_within(config, device, Limits::default())
}

/// Like [`serve`], with other limits.
pub fn serve_within(
    config: &HttpConfig,
    device: Device,
    limits: Limits,
) -> Result<Option<Server>, HttpError> {
    let Some(listen) = &config.listen else { return Ok(None) };
    let bind = |cause| HttpError::Bind { listen: listen.clone(), cause };
    let listener = TcpListener::bind(&config.addresses()?[..]).map_err(bind)?;
    listener.set_nonblocking(true).map_err(HttpError::Start)?;
    let address = listener.local_addr().map_err(HttpError::Start)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(BLOCKING_THREADS)
        .on_thread_start(yield_to_the_device)
        .thread_name("http-disk")
        .build()
        .map_err(HttpError::Start)?;
    let link = Link::new(device, &limits);
    let metrics = link.metrics.clone();
    let router = routes::router(link, config, &limits);
    let (stop, stopped) = oneshot::channel();
    let work = move || {
        runtime.block_on(run(listener, router, limits, metrics, stopped));
        // Streams to browsers never end by themselves.
        runtime.shutdown_background();
    };
    let thread = std::thread::Builder::new().name("http".into()).spawn(work).map_err(HttpError::Start)?;
    Ok(Some(Server { address, stop: Some(stop), thread: Some(thread) }))
}

/// One lists, one exports, two read photographs, one waits for the device, and one is left for a picture.
const BLOCKING_THREADS: usize = 6;

/// Whenever the device has something to do, this thread waits. Not the one that answers: it does little, and a button
/// that is let go late would have been held.
fn yield_to_the_device() {
    if let Err(cause) = thread_priority::set_current_thread_priority(thread_priority::ThreadPriority::Min) {
        tracing::warn!("the HTTP link reads records at the device's own priority: {cause:?}");
    }
}

async fn run(
    listener: TcpListener,
    router: axum::Router,
    limits: Limits,
    metrics: Arc<Metrics>,
    stopped: oneshot::Receiver<()>,
) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(cause) => return tracing::error!("the HTTP link stops: {cause}"),
    };
    tokio::select! {
        _ = stopped => {}
        () = connections::take_in(listener, router, limits, metrics) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(listen: &str) -> Result<(), String> {
        HttpConfig { listen: Some(listen.into()), ..HttpConfig::default() }.check()
    }

    #[test]
    fn only_loopback_and_the_usb_cable_are_served_without_a_token() {
        for near in ["127.0.0.1:8080", "[::1]:0", "169.254.55.1:80"] {
            assert_eq!(check(near), Ok(()));
        }
        for open in ["0.0.0.0:8080", "[::]:8080", "192.168.1.7:80"] {
            let refused = check(open).expect_err("needs a token");
            assert!(refused.contains("dermascope token") && refused.contains(open), "{refused}");
            let token_sha256 = Some(hash_of("token"));
            let config = HttpConfig { listen: Some(open.into()), token_sha256, ..HttpConfig::default() };
            assert_eq!(config.check(), Ok(()));
        }
    }

    #[test]
    fn a_token_itself_is_not_taken_for_its_hash() {
        let config = HttpConfig { token_sha256: Some("swordfish".into()), ..HttpConfig::default() };
        assert!(config.check().is_err_and(|error| error.contains("dermascope token")));
    }

    #[test]
    fn an_address_that_is_none_is_refused_with_an_example() {
        for wrong in ["", "8080", "127.0.0.1", "127.0.0.1:99999"] {
            assert!(check(wrong).is_err_and(|error| error.contains("127.0.0.1:8080")), "{wrong}");
        }
    }
}
