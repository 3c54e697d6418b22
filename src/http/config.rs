//! `[http]` of the configuration, and why there is no server for it.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{access, listen};

/// `[http]` of the configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// Addresses with their ports to serve on; none serves nothing. "usb:8080" is the device's address on its USB cable,
    /// which need not be plugged in. Port 0 takes any that is free.
    #[serde(deserialize_with = "listen::written")]
    #[schemars(with = "listen::Written")]
    pub listen: Vec<String>,
    /// Names besides "localhost", IP addresses and the computer's own ".local" that a browser may call the device by, such
    /// as "dermascope.example"; with its scheme, "https://dermascope.example", where a proxy with TLS stands before it.
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

impl HttpConfig {
    /// Says which key is wrong, and how.
    pub fn check(&self) -> Result<(), String> {
        if self.token_sha256.as_deref().is_some_and(|hash| access::Lock::of(hash).is_none()) {
            return Err("http.token_sha256 is not a SHA-256; `dermascope token` makes one".into());
        }
        if let Some(wrong) = self.names.iter().find(|name| !is_name(name)) {
            return Err(format!(
                "http.names: `{wrong}` is no name; write \"dermascope.example\" or \"https://dermascope.example\""
            ));
        }
        // `[usb]` checks its own.
        self.places(Ipv4Addr::LOCALHOST.into()).map(|_| ()).map_err(|error| error.to_string())
    }
}

/// Whether a name is a host, or an origin as browsers have it: no path, and a port only behind a scheme.
fn is_name(name: &str) -> bool {
    let (scheme, authority) = name.split_once("://").unwrap_or(("", name));
    let host = access::host_of(name);
    let port = authority.strip_prefix(host).and_then(|rest| rest.strip_prefix(':'));
    matches!(scheme, "" | "http" | "https")
        && access::is_host(host)
        && port.is_none_or(|port| !scheme.is_empty() && port.parse::<u16>().is_ok())
}

/// Why there is no server. Each message names the key and the cure.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// An entry of `http.listen` is no address.
    #[error("http.listen is `{listen}`: {cause}; write an address and a port, such as \"127.0.0.1:8080\"")]
    Address {
        /// The entry.
        listen: String,
        /// What is wrong with it.
        cause: String,
    },
    /// An address can be reached from a network, and no token is set.
    #[error(
        "http.listen is `{listen}`: on a network anyone could read the records there; run `dermascope token` and set \
         http.token_sha256 to what it prints, or listen on \"127.0.0.1:8080\""
    )]
    NeedsToken {
        /// The entry of `http.listen`.
        listen: String,
    },
    /// The address cannot be had.
    #[error("http.listen: cannot listen on {address}: {cause}; choose another port, or stop what uses it")]
    Bind {
        /// The address and its port.
        address: SocketAddr,
        /// What the kernel said.
        cause: std::io::Error,
    },
    /// No name server knows the host, or none answers.
    #[error("http.listen: no address for {listen}: {cause}; check the name, or listen on \"127.0.0.1:8080\"")]
    Unknown {
        /// The entry of `http.listen`.
        listen: String,
        /// What the resolver said.
        cause: String,
    },
    /// The sockets, the runtime or the thread of the server cannot be had.
    #[error("cannot start the HTTP link: {0}")]
    Start(std::io::Error),
}

impl HttpError {
    /// In few words, for the strip below the screen.
    pub(super) fn brief(&self) -> String {
        match self {
            Self::Bind { address, cause } if cause.kind() == ErrorKind::AddrInUse => {
                format!("Port in use: {address}")
            }
            Self::Bind { address, .. } => format!("Not listening on {address}"),
            Self::Unknown { listen, .. } => format!("No address: {listen}"),
            other => other.to_string(),
        }
    }

    /// No name server knows a host, or none answers.
    pub(super) fn unknown(host: &str, port: u16, cause: &std::io::Error) -> Self {
        Self::Unknown { listen: format!("{host}:{port}"), cause: cause.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::http::hash_of;
    use crate::http::listen::Place;

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
    fn a_name_is_not_looked_up_to_check_it() {
        for name in ["nobody.invalid:8080", "pi:80", "localhost:8080"] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn a_token_itself_is_not_taken_for_its_hash() {
        let config = HttpConfig { token_sha256: Some("swordfish".into()), ..HttpConfig::default() };
        assert!(config.check().is_err_and(|error| error.contains("dermascope token")));
    }

    #[test]
    fn an_address_that_is_none_is_refused_with_an_example() {
        for wrong in ["", "8080", "127.0.0.1", "127.0.0.1:99999", "usb", "usb:", "usb:99999", ":80", "a b:80"]
        {
            assert!(check(wrong).is_err_and(|error| error.contains("127.0.0.1:8080")), "{wrong}");
        }
    }

    #[test]
    fn a_name_is_a_host_or_an_origin() {
        let check = |name: &str| HttpConfig { names: vec![name.into()], ..HttpConfig::default() }.check();
        for right in ["dermascope.example", "pi", "https://derma.example", "https://derma.example:8443"] {
            assert_eq!(check(right), Ok(()), "{right}");
        }
        for wrong in ["", "https://", "https://a/b", "ftp://a", "a b", "https://a:port", "a:80", "https://a/"]
        {
            assert!(check(wrong).is_err_and(|error| error.contains("http.names")), "{wrong}");
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
        let places = HttpConfig::default().places(usb).expect("addresses");
        let at = ["127.0.0.1:8080", "10.55.0.1:8080"].map(|one| Place::At(one.parse().expect("an address")));
        assert_eq!(places, at);
        assert_eq!(HttpConfig::default().usb_port(usb), Some(8080));
        let local = HttpConfig { listen: vec!["127.0.0.1:80".into()], ..HttpConfig::default() };
        assert_eq!(local.usb_port(usb), None);
    }
}
