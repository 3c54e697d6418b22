//! The HTTP link: the device over a browser. The page shows the panel live and, on a device with virtual
//! buttons, presses them; the API gives the records.
//!
//! All of it runs on one thread of its own, so that nothing here can delay a reading: the screen comes over a
//! slot that keeps only the newest, presses leave over a channel, and records are read through a
//! connection of their own. Loopback only: who may read results elsewhere is not decided yet.

mod buttons;
mod feed;
mod guard;
mod problem;
mod records;
mod routes;

use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::thread::JoinHandle;

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

pub use feed::{ResultState, ScreenFeed, ScreenState};

use crate::buttons::VirtualButtons;
use crate::records::RecordsConfig;

/// `[http]` of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// Address and port to serve on, such as "127.0.0.1:8080"; none serves nothing. Only loopback addresses.
    /// Port 0 takes any that is free.
    pub listen: Option<String>,
    /// Names besides "localhost" and IP addresses that a browser may call the device by, such as
    /// "dermascope.local".
    pub names: Vec<String>,
}

impl HttpConfig {
    /// Says which key is wrong, and how.
    pub fn check(&self) -> Result<(), String> {
        match &self.listen {
            Some(listen) => resolve(listen).map(|_| ()).map_err(|error| error.to_string()),
            None => Ok(()),
        }
    }
}

/// Why there is no server. Each message names the key and the cure.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    #[error("http.listen is `{listen}`: {cause}; write an address and a port, such as \"127.0.0.1:8080\"")]
    Address { listen: String, cause: String },
    #[error(
        "http.listen is `{listen}`: only loopback addresses are served, since anyone on a network could read the \
         records; use \"127.0.0.1:8080\", and from another computer `ssh -L 8080:localhost:8080 DEVICE`"
    )]
    NotLoopback { listen: String },
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

/// Starts serving what the panel shows and the records, where the configuration asks for it. The page presses
/// `presses`; a device with buttons of its own gives none. On return the address is bound.
pub fn serve(
    config: &HttpConfig,
    records: &RecordsConfig,
    feed: ScreenFeed,
    presses: Option<VirtualButtons>,
) -> Result<Option<Server>, HttpError> {
    let Some(listen) = &config.listen else { return Ok(None) };
    let addresses = resolve(listen)?;
    let bind = |cause| HttpError::Bind { listen: listen.clone(), cause };
    let listener = TcpListener::bind(&addresses[..]).map_err(bind)?;
    listener.set_nonblocking(true).map_err(HttpError::Start)?;
    let address = listener.local_addr().map_err(HttpError::Start)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(2)
        .thread_name("http-disk")
        .build()
        .map_err(HttpError::Start)?;
    let router = routes::router(&config.names, records, feed, presses);
    let (stop, stopped) = oneshot::channel();
    let work = move || {
        runtime.block_on(run(listener, router, stopped));
        // Streams to browsers never end by themselves.
        runtime.shutdown_background();
    };
    let thread = std::thread::Builder::new().name("http".into()).spawn(work).map_err(HttpError::Start)?;
    Ok(Some(Server { address, stop: Some(stop), thread: Some(thread) }))
}

async fn run(listener: TcpListener, router: axum::Router, stopped: oneshot::Receiver<()>) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(cause) => return tracing::error!("the HTTP link stops: {cause}"),
    };
    tokio::select! {
        _ = stopped => {}
        ended = axum::serve(listener, router) => tracing::error!("the HTTP link stopped: {ended:?}"),
    }
}

fn resolve(listen: &str) -> Result<Vec<SocketAddr>, HttpError> {
    let unclear = |cause: String| HttpError::Address { listen: listen.into(), cause };
    let addresses: Vec<_> = listen.to_socket_addrs().map_err(|cause| unclear(cause.to_string()))?.collect();
    match &addresses[..] {
        [] => Err(unclear("it names no address".into())),
        found if found.iter().all(|address| address.ip().is_loopback()) => Ok(addresses),
        _ => Err(HttpError::NotLoopback { listen: listen.into() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(listen: &str) -> Result<(), String> {
        HttpConfig { listen: Some(listen.into()), ..HttpConfig::default() }.check()
    }

    #[test]
    fn only_loopback_addresses_are_served() {
        assert_eq!(check("127.0.0.1:8080"), Ok(()));
        assert_eq!(check("[::1]:0"), Ok(()));
        for open in ["0.0.0.0:8080", "[::]:8080", "192.168.1.7:80"] {
            assert!(check(open).is_err_and(|error| error.contains("only loopback") && error.contains(open)));
        }
    }

    #[test]
    fn an_address_that_is_none_is_refused_with_an_example() {
        for wrong in ["", "8080", "127.0.0.1", "127.0.0.1:99999"] {
            assert!(check(wrong).is_err_and(|error| error.contains("127.0.0.1:8080")), "{wrong}");
        }
    }
}
