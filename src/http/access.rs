//! Who may come in: over loopback and the USB cable anyone, from elsewhere who has the token.

use std::fs;
use std::net::{IpAddr, SocketAddr};

use axum::http::header::{AUTHORIZATION, HOST};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Request, StatusCode, Version};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::problem::Problem;
use crate::digest::{hex, sha256_hex};
use crate::usb;

/// Where the kernel keeps which neighbour it reaches over which interface. Below `self`, which the service sees of
/// `/proc` even where all but processes is hidden from it.
const NEIGHBOURS: &str = "/proc/self/net/arp";

/// Whether a peer is on the device itself, or at the other end of its USB cable.
pub(super) fn is_near(peer: SocketAddr) -> bool {
    let peer = peer.ip().to_canonical();
    // Where the table cannot be read, nobody is on the cable.
    peer.is_loopback() || is_on_cable(peer, &fs::read_to_string(NEIGHBOURS).unwrap_or_default())
}

/// What proxies and tunnels put on what they pass on, by the beginning of its name: RFC 7239, RFC 9110 (Via), and what
/// nginx, Apache, Envoy, HAProxy, Cloudflare, Akamai, Fastly, AWS, Azure, Google, Fly, ngrok and Tailscale say.
const FORWARDED: &[&str] = &[
    "forwarded",
    "x-forwarded",
    "x-original-",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-proxyuser-ip",
    "x-remote-",
    "x-envoy-",
    "x-amzn-",
    "x-amz-cf-",
    "x-azure-",
    "x-arr-",
    "x-appengine-",
    "x-cloud-trace-context",
    "x-proxy-",
    "true-client-ip",
    "client-ip",
    "via",
    "cf-",
    "cdn-loop",
    "akamai-",
    "fastly-",
    "fly-",
    "ngrok-",
    "tailscale-",
    "proxy-connection",
    "max-forwards",
];

/// Whether somebody passed a request on for somebody else, who may be anywhere: it says so, it is of a version that only
/// proxies still speak, or it came to another name than those that only this computer and its cable have.
pub(super) fn is_forwarded<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    headers.keys().any(|name| FORWARDED.iter().any(|sign| name.as_str().starts_with(sign)))
        || request.version() < Version::HTTP_11
        || host(request).is_none_or(|host| !is_near_name(&host, is_from_here(request)))
}

/// The name that a request is for, without its port.
fn host<B>(request: &Request<B>) -> Option<String> {
    let said = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let target = request.uri().authority().cloned();
    let authority = target.or_else(|| said?.parse::<Authority>().ok())?;
    Some(authority.host().trim_start_matches('[').trim_end_matches(']').to_string())
}

/// Whether a request came over loopback, where tunnels end too.
fn is_from_here<B>(request: &Request<B>) -> bool {
    request.extensions().get::<SocketAddr>().is_some_and(|peer| peer.ip().to_canonical().is_loopback())
}

/// Whether a name leads here only from the device itself or its cable, or only by multicast DNS. Over loopback nobody
/// comes by an address of a network.
fn is_near_name(host: &str, from_here: bool) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) if from_here => address.to_canonical().is_loopback(),
        Ok(address) => !is_public(address),
        Err(_) => host.eq_ignore_ascii_case("localhost") || host.to_ascii_lowercase().ends_with(".local"),
    }
}

/// Whether an address is one of the whole internet's, at which nobody is near.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => !(address.is_loopback() || address.is_link_local() || address.is_private()),
        IpAddr::V6(address) => {
            !(address.is_loopback() || address.is_unicast_link_local() || address.is_unique_local())
        }
    }
}

/// Whether a text can be the name of a host, or an IPv4 address.
pub(super) fn is_host(host: &str) -> bool {
    !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c))
}

/// The host of a configured name, which may have a scheme before it and a port behind it.
pub(super) fn host_of(name: &str) -> &str {
    let authority = name.split_once("://").map_or(name, |(_, authority)| authority);
    authority.rsplit_once(':').map_or(authority, |(host, _)| host)
}

/// Whether what is sent to an address leaves over the cable, by the kernel's table. Addresses alone say nothing:
/// other networks may use the same. But a connection exists only where the device's own packets arrive.
fn is_on_cable(peer: IpAddr, neighbours: &str) -> bool {
    neighbours.lines().skip(1).any(|line| {
        let mut words = line.split_whitespace();
        let known = words.next().and_then(|address| address.parse::<IpAddr>().ok());
        known == Some(peer) && words.last() == Some(usb::INTERFACE)
    })
}

/// Whether an address may be listened on without a token: nobody reaches it from another network by mistake.
pub(super) fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback(),
    }
}

/// A new token: 256 random bits as 64 hexadecimal digits.
pub fn new_token() -> Result<String, getrandom::Error> {
    let mut bits = [0; 32];
    getrandom::fill(&mut bits)?;
    Ok(hex(&bits))
}

/// What the configuration keeps of a token. A plain hash is enough: nobody guesses 256 random bits, however fast.
pub fn hash_of(token: &str) -> String {
    sha256_hex(token.as_bytes())
}

/// The token that is asked for, by its hash.
#[derive(Clone, Debug)]
pub(super) struct Lock([u8; 32]);

impl Lock {
    /// Reads a hash of 64 hexadecimal digits.
    pub fn of(hash: &str) -> Option<Self> {
        if hash.len() != 64 {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(hash.as_bytes().chunks(2)) {
            let digit = |at: usize| char::from(pair[at]).to_digit(16);
            *byte = (digit(0)? * 16 + digit(1)?) as u8;
        }
        Some(Self(bytes))
    }

    /// Lets in who sends the token: as a bearer (RFC 6750), or as the password of basic authentication (RFC 7617),
    /// which browsers ask for by themselves and send with pictures and streams too.
    pub fn open(&self, headers: &HeaderMap) -> Result<(), Locked> {
        let sent = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let (scheme, rest) = sent.and_then(|sent| sent.split_once(' ')).ok_or(Locked)?;
        let token = match scheme.to_ascii_lowercase().as_str() {
            "bearer" => rest.trim().to_string(),
            "basic" => password(rest.trim()).ok_or(Locked)?,
            _ => return Err(Locked),
        };
        let found: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        if bool::from(found.ct_eq(&self.0)) { Ok(()) } else { Err(Locked) }
    }
}

/// The password in basic credentials.
fn password(credentials: &str) -> Option<String> {
    let text = String::from_utf8(BASE64_STANDARD.decode(credentials).ok()?).ok()?;
    text.split_once(':').map(|(_, password)| password.to_string())
}

/// The token was missing or wrong.
#[derive(Debug, PartialEq)]
pub(super) struct Locked;

impl From<Locked> for Problem {
    fn from(_: Locked) -> Self {
        let detail = "this needs the device's token: as `Authorization: Bearer TOKEN`, or in a browser as the password";
        Self::new(StatusCode::UNAUTHORIZED, detail)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn this_computer_is_near() {
        for near in ["127.0.0.1:9", "[::1]:9", "[::ffff:127.0.0.1]:9"] {
            assert!(is_near(near.parse().expect("an address")), "{near}");
        }
        for far in ["192.0.2.9:9", "[fe80::2]:9", "[::]:9"] {
            assert!(!is_near(far.parse().expect("an address")), "{far}");
        }
    }

    fn request(host: &str, name: &str, value: &str) -> Request<()> {
        Request::builder().header(HOST, host).header(name, value).body(()).expect("a request")
    }

    #[test]
    fn any_sign_of_a_proxy_is_seen_and_a_browsers_own_headers_are_none() {
        for sign in [
            "Forwarded",
            "X-Forwarded-For",
            "x-forwarded-proto",
            "X-Forwarded-Host",
            "X-Forwarded",
            "X-Real-IP",
            "Via",
            "CF-Connecting-IP",
            "CF-Ray",
            "True-Client-IP",
            "Fly-Client-IP",
            "X-Original-Forwarded-For",
            "Tailscale-User-Login",
            "X-Envoy-External-Address",
            "X-Amzn-Trace-Id",
            "CDN-Loop",
            "Fastly-Client-IP",
        ] {
            assert!(is_forwarded(&request("127.0.0.1:8080", sign, "")), "{sign}");
        }
        for own in
            ["Accept", "Cookie", "Sec-Fetch-Site", "Origin", "Range", "Cache-Control", "DNT", "Priority"]
        {
            assert!(!is_forwarded(&request("127.0.0.1:8080", own, "x")), "{own}");
        }
    }

    #[test]
    fn a_name_or_version_that_only_a_proxy_asks_by_is_seen() {
        for near in
            ["localhost", "[::1]:8080", "127.0.0.1", "169.254.55.1:8080", "pi.local:8080", "10.55.0.1"]
        {
            assert!(!is_forwarded(&request(near, "accept", "")), "{near}");
        }
        for far in ["derma.example", "203.0.113.9", "[2001:db8::1]:80", "pi", ""] {
            assert!(is_forwarded(&request(far, "accept", "")), "{far}");
        }
        for (host, forwarded) in
            [("192.168.1.7", true), ("169.254.55.1", true), ("127.0.0.1", false), ("pi.local", false)]
        {
            let mut tunnelled = request(host, "accept", "");
            tunnelled.extensions_mut().insert(SocketAddr::from(([127, 0, 0, 1], 9)));
            assert_eq!(is_forwarded(&tunnelled), forwarded, "{host}");
        }
        let mut old = request("127.0.0.1:8080", "accept", "");
        *old.version_mut() = Version::HTTP_10;
        assert!(is_forwarded(&old), "nginx asks so");
    }

    #[test]
    fn only_who_is_reached_over_the_cable_is_on_it() {
        let table = "IP address       HW type     Flags       HW address            Mask     Device\n\
                     169.254.8.9      0x1         0x2         02:00:00:00:00:01     *        usb0\n\
                     169.254.8.10     0x1         0x2         02:00:00:00:00:02     *        wlan0\n\
                     169.254.8.1      0x1         0x2         02:00:00:00:00:03     *        usb01\n\
                     half\n\n";
        let on_cable = |address: &str| is_on_cable(address.parse().expect("an address"), table);
        assert!(on_cable("169.254.8.9"));
        for far in ["169.254.8.10", "169.254.8.1", "169.254.8.99", "fe80::1"] {
            assert!(!on_cable(far), "{far}");
        }
        assert!(!is_on_cable("169.254.8.9".parse().expect("an address"), ""));
    }

    fn open(lock: &Lock, authorization: &str) -> Result<(), Locked> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_str(authorization).expect("a header value"));
        lock.open(&headers)
    }

    #[test]
    fn only_the_token_opens() {
        let token = new_token().expect("random bits");
        let lock = Lock::of(&hash_of(&token)).expect("a hash");
        assert_eq!(token.len(), 64);
        assert_ne!(token, new_token().expect("random bits"), "each is new");
        let basic = |name: &str, password: &str| {
            format!("Basic {}", BASE64_STANDARD.encode(format!("{name}:{password}")))
        };
        for right in
            [format!("Bearer {token}"), format!("bearer {token}"), basic("", &token), basic("me", &token)]
        {
            assert_eq!(open(&lock, &right), Ok(()), "{right}");
        }
        for wrong in [
            format!("Bearer {}", &token[1..]),
            format!("Bearer {}", hash_of(&token)),
            format!("Bearer {token}0"),
            format!("Token {token}"),
            token.clone(),
            basic(&token, ""),
            "Bearer ".into(),
            "Basic %%%".into(),
            String::new(),
        ] {
            assert_eq!(open(&lock, &wrong), Err(Locked), "{wrong}");
        }
        assert_eq!(lock.open(&HeaderMap::new()), Err(Locked));
    }

    #[test]
    fn what_is_no_hash_is_no_lock() {
        for wrong in ["", "abc", &"g".repeat(64), &"a".repeat(63), &"ä".repeat(32), &"+1".repeat(32)] {
            assert!(Lock::of(wrong).is_none(), "{wrong}");
        }
    }
}
