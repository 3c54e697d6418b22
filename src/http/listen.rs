//! Where the link listens: every address of the configuration, also one that this computer does not have yet, such as
//! the cable's before it is plugged in. One that cannot be had is tried again for as long as the device runs.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::{Mutex, PoisonError};
use std::{fmt, io};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use socket2::{Domain, Protocol, Socket, Type};

use super::access;
use super::config::{HttpConfig, HttpError};
use crate::health::Health;
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

/// A place to listen at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    At(SocketAddr),
    /// Its addresses are asked for once the link runs, for as long as it takes: at the start there may be no network.
    Named {
        host: String,
        port: u16,
    },
}

impl HttpConfig {
    /// Where to listen, in the order of the configuration; nowhere if nothing is served. `usb` is the device's address
    /// on its cable.
    pub(super) fn places(&self, usb: IpAddr) -> Result<Vec<Place>, HttpError> {
        self.listen.iter().map(|listen| self.place(listen, usb)).collect()
    }

    fn place(&self, listen: &str, usb: IpAddr) -> Result<Place, HttpError> {
        if let Ok(address) = listen.parse::<SocketAddr>() {
            return self.allow(&[address]).map(|()| Place::At(address));
        }
        let unclear = |cause: &str| HttpError::Address { listen: listen.into(), cause: cause.into() };
        let (host, port) = listen.rsplit_once(':').ok_or_else(|| unclear("it has no port"))?;
        let port = port.parse().map_err(|_| unclear(&format!("{port} is no port")))?;
        match host {
            USB => Ok(Place::At(SocketAddr::new(usb, port))),
            "localhost" => Ok(Place::At((Ipv4Addr::LOCALHOST, port).into())),
            host if access::is_host(host) => Ok(Place::Named { host: host.into(), port }),
            _ => Err(unclear("it names no address")),
        }
    }

    /// That these may be listened on.
    fn allow(&self, addresses: &[SocketAddr]) -> Result<(), HttpError> {
        let open = addresses.iter().find(|address| !access::is_private(address.ip()));
        match open {
            Some(listen) if self.token_sha256.is_none() => {
                Err(HttpError::NeedsToken { listen: listen.to_string() })
            }
            _ => Ok(()),
        }
    }

    /// That every address can be had now: for a program that is of no use without.
    pub fn check_free(&self, usb: IpAddr) -> Result<(), HttpError> {
        for place in self.places(usb)? {
            let addresses = match place {
                Place::At(address) => vec![address],
                Place::Named { host, port } => {
                    let found = (host.as_str(), port).to_socket_addrs();
                    found.map_err(|cause| HttpError::unknown(&host, port, &cause))?.collect()
                }
            };
            self.allow(&addresses)?;
            for address in addresses {
                bind(address).map_err(|cause| HttpError::Bind { address, cause })?;
            }
        }
        Ok(())
    }

    /// The port on which a host on the USB cable is served, if it is.
    pub fn usb_port(&self, usb: IpAddr) -> Option<u16> {
        self.places(usb).ok()?.into_iter().find_map(|place| match place {
            Place::At(address) if address.ip() == usb || address.ip().is_unspecified() => {
                Some(address.port())
            }
            _ => None,
        })
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

/// Takes a place's addresses as soon as they can be had, and tells meanwhile why they cannot.
pub(super) async fn bind_later(place: &Place, config: &HttpConfig, deaf: &Deaf) -> Vec<TcpListener> {
    let name = place.to_string();
    loop {
        match try_bind(place, config).await {
            Ok(listeners) => {
                tracing::info!("listening on http://{name} after all");
                deaf.hears(&name);
                return listeners;
            }
            Err(error) => deaf.tell(&name, &error),
        }
        tokio::time::sleep(RETRY).await;
    }
}

async fn try_bind(place: &Place, config: &HttpConfig) -> Result<Vec<TcpListener>, HttpError> {
    let addresses = match place {
        Place::At(address) => vec![*address],
        Place::Named { host, port } => {
            let found = tokio::net::lookup_host((host.as_str(), *port)).await;
            found.map_err(|cause| HttpError::unknown(host, *port, &cause))?.collect()
        }
    };
    config.allow(&addresses)?;
    let bound = addresses.into_iter().map(|address| {
        let listener = bind(address);
        listener.map_err(|cause| HttpError::Bind { address, cause })
    });
    bound.collect()
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::At(address) => address.fmt(out),
            Self::Named { host, port } => write!(out, "{host}:{port}"),
        }
    }
}

/// The places that cannot be had yet, and why: told on the screen while there are any.
#[derive(Default)]
pub(super) struct Deaf {
    health: Health,
    places: Mutex<BTreeMap<String, String>>,
}

impl Deaf {
    pub fn new(health: Health) -> Self {
        Self { health, ..Self::default() }
    }

    /// The same cause is logged once.
    pub fn tell(&self, place: &str, error: &HttpError) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if places.get(place) != Some(&error.brief()) {
            tracing::error!("{error}; it is tried again");
        }
        places.insert(place.into(), error.brief());
        self.tell_health(&places);
    }

    fn hears(&self, place: &str) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.remove(place);
        self.tell_health(&places);
    }

    fn tell_health(&self, places: &BTreeMap<String, String>) {
        self.health.trouble("http", places.values().next().cloned());
    }
}
