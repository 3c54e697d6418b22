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
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;

use super::access;
use super::limits::{Limits, MAX_HEAD};
use super::metrics::Metrics;

/// The first byte of a TLS connection: a record with a handshake (RFC 8446, 5.1). No HTTP request begins so.
const HANDSHAKE: u8 = 0x16;
/// How long to rest where the system has no room for another connection.
const REST: Duration = Duration::from_millis(200);

/// Whether a request came from the device itself or over its USB cable.
#[derive(Clone, Copy)]
pub(super) struct Near(pub bool);

/// Whether a request came by HTTPS.
#[derive(Clone, Copy)]
pub(super) struct Secure(pub bool);

/// Who has connected.
#[derive(Clone, Copy)]
struct Caller {
    peer: SocketAddr,
    near: Near,
}

/// What takes in those who come to one address. The seats are those of all addresses.
#[derive(Clone)]
pub(super) struct Door {
    pub router: Router,
    pub limits: Limits,
    pub metrics: Arc<Metrics>,
    pub seats: Seats,
    /// What serves HTTPS, where that is wanted.
    pub tls: Option<TlsAcceptor>,
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
        let Self { router, limits, metrics, seats, tls } = self;
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let near = Near(access::is_near(peer));
                    let Some(seat) = seats.take(near).await else { continue };
                    let (router, limits, metrics) = (router.clone(), limits.clone(), metrics.clone());
                    let tls = tls.clone();
                    tokio::spawn(async move {
                        let open = metrics.connections.clone();
                        open.inc();
                        open_up(stream, tls, Caller { peer, near }, router, &limits).await;
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

/// Serves HTTPS to who begins with a handshake, and HTTP to others, on the same port.
async fn open_up(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    caller: Caller,
    router: Router,
    limits: &Limits,
) {
    // Events are small, and somebody waits for them.
    let _ = stream.set_nodelay(true);
    let mut first = [0];
    let tls = match tls {
        Some(tls) => match timeout(limits.head, stream.peek(&mut first)).await {
            Ok(Ok(1)) => (first[0] == HANDSHAKE).then_some(tls),
            // Nothing came, or it has gone.
            _ => return,
        },
        None => None,
    };
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(limits.stall));
    let stream = Box::pin(stream);
    let Some(tls) = tls else { return serve(stream, Secure(false), caller, router, limits).await };
    match timeout(limits.head, tls.accept(stream)).await {
        Ok(Ok(stream)) => serve(stream, Secure(true), caller, router, limits).await,
        Ok(Err(cause)) => tracing::debug!("no TLS with {}: {cause}", caller.peer),
        Err(_) => tracing::debug!("no TLS with {}: it took too long", caller.peer),
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    secure: Secure,
    Caller { peer, near }: Caller,
    router: Router,
    limits: &Limits,
) {
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(near);
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(secure);
        router.call(request)
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service)
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
