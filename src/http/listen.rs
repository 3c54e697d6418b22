//! Where the link listens: every address of the configuration, also one that this computer does not have yet, such as
//! the cable's before it is plugged in. One that cannot be had is tried again for as long as the device runs.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, ToSocketAddrs};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use socket2::{Domain, Protocol, Socket, Type};

use super::access;
use super::config::{HttpConfig, HttpError};
use crate::patience::RETRY;

/// Stands for the device's address on its USB cable.
const USB: &str = "usb";
/// Connections that wait in the system's queue; the kernel takes no more than it likes.
const QUEUE: i32 = 1024;

/// An address as the configuration has it, or a list of them.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged, expecting = "an address and a port, such as \"127.0.0.1:8080\", or a list of them")]
pub(super) enum Written {
    One(String),
    Many(Vec<String>),
}

/// Reads one address or a list of them.
pub(super) fn written<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(match Written::deserialize(deserializer)? {
        Written::One(address) => vec![address],
        Written::Many(addresses) => addresses,
    })
}

impl HttpConfig {
    /// Where to listen, in the order of the configuration; nowhere if nothing is served. `usb` is the device's address
    /// on its cable.
    pub(super) fn addresses(&self, usb: IpAddr) -> Result<Vec<SocketAddr>, HttpError> {
        let mut addresses = Vec::new();
        for listen in &self.listen {
            let unclear = |cause: String| HttpError::Address { listen: listen.into(), cause };
            if let Some(port) = listen.strip_prefix(USB).and_then(|rest| rest.strip_prefix(':')) {
                let port = port.parse().map_err(|_| unclear(format!("{port} is no port")))?;
                addresses.push(SocketAddr::new(usb, port));
                continue;
            }
            let found: Vec<_> =
                listen.to_socket_addrs().map_err(|cause| unclear(cause.to_string()))?.collect();
            if found.is_empty() {
                return Err(unclear("it names no address".into()));
            }
            if self.token_sha256.is_none() && !found.iter().all(|found| access::is_private(found.ip())) {
                return Err(HttpError::NeedsToken { listen: listen.into() });
            }
            addresses.extend(found);
        }
        Ok(addresses)
    }

    /// The port on which a host on the USB cable is served, if it is.
    pub fn usb_port(&self, usb: IpAddr) -> Option<u16> {
        let is_reached = |address: &SocketAddr| address.ip() == usb || address.ip().is_unspecified();
        self.addresses(usb).ok()?.into_iter().find(is_reached).map(|address| address.port())
    }
}

/// Takes an address, whether this computer has it already or not.
pub(super) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    match address {
        SocketAddr::V4(_) => socket.set_freebind_v4(true)?,
        SocketAddr::V6(_) => socket.set_freebind_v6(true)?,
    }
    socket.bind(&address.into())?;
    socket.listen(QUEUE)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Takes an address as soon as it can be had.
pub(super) async fn bind_later(address: SocketAddr) -> TcpListener {
    loop {
        tokio::time::sleep(RETRY).await;
        if let Ok(listener) = bind(address) {
            tracing::info!("listening on http://{address} after all");
            return listener;
        }
    }
}
