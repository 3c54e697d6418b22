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
mod guard;
mod limits;
mod listen;
mod live;
mod metrics;
mod photographs;
mod problem;
mod records;
mod routes;

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, oneshot};

pub use access::{hash_of, new_token};
pub use limits::Limits;

use crate::buttons::VirtualButtons;
use crate::classifier::ModelConfig;
use crate::control::Remote;
use crate::feed::ScreenFeed;
use crate::quality::QualityConfig;
use crate::records::RecordsConfig;
use metrics::Metrics;
use routes::Link;

/// `[http]` of the configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// Addresses with their ports to serve on; none serves nothing. "usb:8080" is the device's address on its USB cable,
    /// which need not be plugged in. Port 0 takes any that is free.
    #[serde(deserialize_with = "listen::written")]
    pub listen: Vec<String>,
    /// Names besides "localhost" and IP addresses that a browser may call the device by, such as
    /// "dermascope.local".
    pub names: Vec<String>,
    /// SHA-256 of the token, 64 hexadecimal digits as `dermascope token` prints them. Needed to listen on any
    /// address that is neither loopback nor link-local, and asked of everyone who is neither on the device itself nor
    /// on its USB cable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_sha256: Option<String>,
}

impl Default for HttpConfig {
    /// For this computer and the one at the other end of the cable.
    fn default() -> Self {
        Self {
            listen: vec!["127.0.0.1:8080".into(), "usb:8080".into()],
            names: Vec::new(),
            token_sha256: None,
        }
    }
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
        // `[usb]` checks its own.
        self.addresses(Ipv4Addr::LOCALHOST.into()).map(|_| ()).map_err(|error| error.to_string())
    }

    /// That every address can be had now: for a program that is of no use without.
    pub fn check_free(&self, usb: IpAddr) -> Result<(), HttpError> {
        for address in self.addresses(usb)? {
            listen::bind(address).map_err(|cause| HttpError::Bind { address, cause })?;
        }
        Ok(())
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
    #[error("http.listen: cannot listen on {address}: {cause}; choose another port, or stop what uses it")]
    Bind { address: SocketAddr, cause: std::io::Error },
    #[error("cannot start the HTTP link: {0}")]
    Start(std::io::Error),
}

/// A running server. Dropping it stops it.
pub struct Server {
    addresses: Vec<SocketAddr>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Where it listens since its start, in the order of the configuration.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
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

/// Starts serving the device, where the configuration asks for it. `usb` is the device's address on its cable. On return
/// every address is bound that can be; any other is tried again.
pub fn serve(config: &HttpConfig, usb: IpAddr, device: Device) -> Result<Option<Server>, HttpError> {
    serve_within(config, usb, device, Limits::default())
}

/// Like [`serve`], with other limits.
pub fn serve_within(
    config: &HttpConfig,
    usb: IpAddr,
    device: Device,
    limits: Limits,
) -> Result<Option<Server>, HttpError> {
    let wanted = config.addresses(usb)?;
    if wanted.is_empty() {
        return Ok(None);
    }
    let bound = wanted.iter().map(|address| (*address, listen::bind(*address)));
    let places: Vec<Place> = bound.map(|(address, bound)| place(address, bound)).collect();
    let listening = places.iter().filter_map(|place| place.listener.as_ref());
    let addresses =
        listening.map(TcpListener::local_addr).collect::<Result<_, _>>().map_err(HttpError::Start)?;
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
        runtime.block_on(run(places, &router, &limits, &metrics, stopped));
        // Streams to browsers never end by themselves.
        runtime.shutdown_background();
    };
    let thread = std::thread::Builder::new().name("http".into()).spawn(work).map_err(HttpError::Start)?;
    Ok(Some(Server { addresses, stop: Some(stop), thread: Some(thread) }))
}

/// One address of the configuration; without a listener where it cannot be had yet.
struct Place {
    address: SocketAddr,
    listener: Option<TcpListener>,
}

fn place(address: SocketAddr, bound: std::io::Result<TcpListener>) -> Place {
    if let Err(cause) = &bound {
        tracing::error!("http.listen: cannot listen on {address}: {cause}; it is tried again");
    }
    Place { address, listener: bound.ok() }
}

/// One lists, one exports, two read photographs, one waits for the device, and one is left for a picture.
const BLOCKING_THREADS: usize = 6;

/// How much nicer the threads are that read records and photographs. Beside one that is not, on the same core, one gets a
/// tenth of it (weights 110 and 1024: sched(7), and `sched_prio_to_weight` of the kernel): a capture hardly feels it.
/// At 19 it would get a seventieth, and on a busy device a list could take a minute.
const NICE: i32 = 10;

/// What the device does goes before what this thread does. Not before the thread that answers: it does little, and a
/// button that is let go late would have been held.
fn yield_to_the_device() {
    // On Linux this is of the calling thread alone.
    if let Err(cause) = rustix::process::nice(NICE) {
        tracing::warn!("the HTTP link reads records at the device's own priority: {cause}");
    }
}

async fn run(
    places: Vec<Place>,
    router: &axum::Router,
    limits: &Limits,
    metrics: &Arc<Metrics>,
    stopped: oneshot::Receiver<()>,
) {
    let seats = Arc::new(Semaphore::new(limits.connections));
    for Place { address, listener } in places {
        let door = connections::Door {
            router: router.clone(),
            limits: limits.clone(),
            metrics: metrics.clone(),
            seats: seats.clone(),
        };
        tokio::spawn(async move {
            let listener = match listener {
                Some(listener) => listener,
                None => listen::bind_later(address).await,
            };
            match tokio::net::TcpListener::from_std(listener) {
                Ok(listener) => door.take_in(listener).await,
                Err(cause) => tracing::error!("the HTTP link stops on {address}: {cause}"),
            }
        });
    }
    // Fails where the server is dropped, which is all that ends it.
    let _ = stopped.await;
}

#[cfg(test)]
mod tests {
    use rustix::process::getpriority_process;

    use super::*;

    #[test]
    fn a_thread_that_reads_records_yields_to_the_device_and_the_others_do_not() {
        let before = getpriority_process(None).expect("the priority of this thread");
        let yielding = std::thread::spawn(|| {
            yield_to_the_device();
            getpriority_process(None)
        });
        let yielded = yielding.join().expect("no panic").expect("the priority of that thread");
        assert_eq!(yielded, (before + NICE).min(19));
        assert_eq!(getpriority_process(None).expect("the priority of this thread"), before);
    }

    fn check(listen: &str) -> Result<(), String> {
        HttpConfig { listen: vec![listen.into()], ..HttpConfig::default() }.check()
    }

    #[test]
    fn only_loopback_and_the_usb_cable_are_served_without_a_token() {
        for near in ["127.0.0.1:8080", "[::1]:0", "169.254.55.1:80", "usb:8080"] {
            assert_eq!(check(near), Ok(()));
        }
        for open in ["0.0.0.0:8080", "[::]:8080", "192.168.1.7:80"] {
            let refused = check(open).expect_err("needs a token");
            assert!(refused.contains("dermascope token") && refused.contains(open), "{refused}");
            let token_sha256 = Some(hash_of("token"));
            let config = HttpConfig { listen: vec![open.into()], token_sha256, ..HttpConfig::default() };
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
        for wrong in ["", "8080", "127.0.0.1", "127.0.0.1:99999", "usb", "usb:", "usb:99999"] {
            assert!(check(wrong).is_err_and(|error| error.contains("127.0.0.1:8080")), "{wrong}");
        }
    }

    #[test]
    fn one_open_address_among_others_needs_the_token_too() {
        let listen = vec!["127.0.0.1:8080".into(), "0.0.0.0:8081".into()];
        let refused = HttpConfig { listen, ..HttpConfig::default() }.check().expect_err("needs a token");
        assert!(refused.contains("0.0.0.0:8081"), "{refused}");
    }

    #[test]
    fn a_list_and_a_lone_address_are_both_read() {
        let read = |text: &str| toml::from_str::<HttpConfig>(text).map(|config| config.listen);
        assert_eq!(read("listen = \"127.0.0.1:1\"").expect("reads"), ["127.0.0.1:1"]);
        assert_eq!(read("listen = [\"127.0.0.1:1\", \"usb:2\"]").expect("reads"), ["127.0.0.1:1", "usb:2"]);
        assert!(read("listen = []").expect("reads").is_empty());
        assert!(read("listen = 8080").expect_err("no text").to_string().contains("127.0.0.1:8080"));
    }

    #[test]
    fn by_default_loopback_and_the_cable_are_served_wherever_the_cable_is() {
        let usb: IpAddr = Ipv4Addr::new(10, 55, 0, 1).into();
        let addresses = HttpConfig::default().addresses(usb).expect("resolves");
        assert_eq!(
            addresses,
            ["127.0.0.1:8080", "10.55.0.1:8080"].map(|one| one.parse().expect("an address"))
        );
        assert_eq!(HttpConfig::default().usb_port(usb), Some(8080));
        let local = HttpConfig { listen: vec!["127.0.0.1:80".into()], ..HttpConfig::default() };
        assert_eq!(local.usb_port(usb), None);
    }
}
