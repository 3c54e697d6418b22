//! Who may come in: over loopback and the USB cable anyone, from elsewhere who has the token.

use std::fs;
use std::net::{IpAddr, SocketAddr};

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
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
