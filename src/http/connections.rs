//! Connections: taken in as long as there are seats, each with a limit on how long it may dawdle.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;

use super::access;
use super::limits::{Limits, MAX_HEAD};
use super::metrics::Metrics;

/// How long to rest where the system has no room for another connection.
const REST: Duration = Duration::from_millis(200);

/// Whether a request came from the device itself or over its USB cable.
#[derive(Clone, Copy)]
pub(super) struct Near(pub bool);

/// What takes in those who come to one address. The seats are those of all addresses.
#[derive(Clone)]
pub(super) struct Door {
    pub router: Router,
    pub limits: Limits,
    pub metrics: Arc<Metrics>,
    pub seats: Seats,
}

/// Seats by who may come in, so that strangers never keep out those who are near.
#[derive(Clone)]
pub(super) struct Seats {
    near: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
}

impl Seats {
    pub fn new(limits: &Limits) -> Self {
        let seats = |count| Arc::new(Semaphore::new(count));
        Self { near: seats(limits.connections), strangers: seats(limits.strangers) }
    }

    /// Who is near waits for a seat, the next ones in the system's queue: idle ones soon lose theirs. A stranger who
    /// finds none is turned away.
    async fn take(&self, near: Near) -> Option<OwnedSemaphorePermit> {
        if near.0 {
            self.near.clone().acquire_owned().await.ok()
        } else {
            self.strangers.clone().try_acquire_owned().ok()
        }
    }
}

impl Door {
    /// Takes in connections for ever.
    pub async fn take_in(self, listener: TcpListener) {
        let Self { router, limits, metrics, seats } = self;
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let near = Near(access::is_near(peer));
                    let Some(seat) = seats.take(near).await else { continue };
                    let (router, limits, metrics) = (router.clone(), limits.clone(), metrics.clone());
                    tokio::spawn(async move {
                        let open = metrics.connections.clone();
                        open.inc();
                        serve(stream, (peer, near), router, &limits).await;
                        open.dec();
                        drop(seat);
                    });
                }
                Err(cause) => {
                    tracing::warn!("no new connection: {cause}");
                    tokio::time::sleep(REST).await;
                }
            }
        }
    }
}

async fn serve(stream: TcpStream, (peer, near): (SocketAddr, Near), router: Router, limits: &Limits) {
    // Events are small, and somebody waits for them.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(limits.stall));
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(near);
        request.extensions_mut().insert(peer);
        router.call(request)
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(Box::pin(stream)), service)
        .await;
    if let Err(cause) = served {
        tracing::debug!("connection from {peer}: {cause}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn strangers_never_take_the_seats_of_those_who_are_near() {
        let seats = Seats::new(&Limits { connections: 2, strangers: 1, ..Limits::default() });
        let stranger = seats.take(Near(false)).await.expect("a seat");
        assert!(seats.take(Near(false)).await.is_none(), "turned away at once");
        let near = [seats.take(Near(true)).await, seats.take(Near(true)).await];
        assert!(near.iter().all(Option::is_some));
        drop(stranger);
        assert!(seats.take(Near(false)).await.is_some());
    }
}
