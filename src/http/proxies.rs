//! Proxies that the configuration trusts: what they say of how they were reached is believed.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, Request};

/// Addresses of proxies: one, or a network by the length of its prefix.
#[derive(Clone, Debug, Default)]
pub(super) struct Proxies(Vec<(IpAddr, u32)>);

impl Proxies {
    /// Reads "10.0.0.2" or "10.0.0.0/8"; the first that is neither is given back.
    pub fn of(written: &[String]) -> Result<Self, String> {
        let read = written.iter().map(|text| network(text).ok_or_else(|| text.clone()));
        read.collect::<Result<_, _>>().map(Self)
    }

    /// Whether a proxy that is trusted says that it was asked by HTTPS.
    pub fn vouch<B>(&self, request: &Request<B>) -> bool {
        let peer = request.extensions().get::<SocketAddr>().map(|peer| peer.ip().to_canonical());
        let is_trusted = peer.is_some_and(|peer| self.0.iter().any(|network| is_in(peer, *network)));
        is_trusted && scheme(request.headers()).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
    }
}

fn network(text: &str) -> Option<(IpAddr, u32)> {
    let (address, length) =
        text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let length = length.map_or(Some(most), |length| length.parse().ok())?;
    (length <= most).then_some((address, length))
}

fn is_in(peer: IpAddr, (network, length): (IpAddr, u32)) -> bool {
    match (peer, network) {
        (IpAddr::V4(peer), IpAddr::V4(network)) => {
            (peer.to_bits() ^ network.to_bits()).checked_shr(32 - length).unwrap_or(0) == 0
        }
        (IpAddr::V6(peer), IpAddr::V6(network)) => {
            (peer.to_bits() ^ network.to_bits()).checked_shr(128 - length).unwrap_or(0) == 0
        }
        _ => false,
    }
}

/// By which scheme the last proxy was asked, as it says: `Forwarded` (RFC 7239) goes before `X-Forwarded-Proto`. What
/// stands before the last entry was written by others.
fn scheme(headers: &HeaderMap) -> Option<&str> {
    let last = |name: &str| headers.get_all(name).iter().next_back()?.to_str().ok()?.rsplit(',').next();
    let forwarded = last("forwarded").and_then(|hop| {
        let pair = |pair: &'static str| move |part: &&str| part.trim().to_ascii_lowercase().starts_with(pair);
        let value = hop.split(';').find(pair("proto="))?.trim().split_once('=')?.1;
        Some(value.trim_matches('"'))
    });
    forwarded.or_else(|| last("x-forwarded-proto").map(str::trim))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(peer: &str, headers: &[(&str, &str)]) -> Request<()> {
        let mut request = headers.iter().fold(Request::builder(), |r, (name, value)| r.header(*name, *value));
        let peer: SocketAddr = peer.parse().unwrap();
        request.extensions_mut().unwrap().insert(peer);
        request.body(()).unwrap()
    }

    #[test]
    fn a_trusted_proxy_is_believed_and_nobody_else() {
        let proxies = Proxies::of(&["127.0.0.1".into(), "10.1.0.0/16".into(), "fd00::/8".into()]).unwrap();
        let https = [("x-forwarded-proto", "https")];
        for trusted in ["127.0.0.1:9", "10.1.2.3:9", "[fd12::1]:9", "[::ffff:10.1.0.1]:9"] {
            assert!(proxies.vouch(&request(trusted, &https)), "{trusted}");
            assert!(!proxies.vouch(&request(trusted, &[])), "{trusted}");
        }
        for other in ["127.0.0.2:9", "10.2.0.1:9", "[fe80::1]:9", "[::1]:9"] {
            assert!(!proxies.vouch(&request(other, &https)), "{other}");
        }
        assert!(Proxies::of(&["0.0.0.0/0".into()]).unwrap().vouch(&request("8.8.8.8:1", &https)));
    }

    #[test]
    fn what_the_last_proxy_says_counts() {
        let proxies = Proxies::of(&["127.0.0.1".into()]).unwrap();
        for (name, value, is_https) in [
            ("x-forwarded-proto", "HTTPS", true),
            ("x-forwarded-proto", "https, http", false),
            ("x-forwarded-proto", "http,https", true),
            ("forwarded", "for=1.2.3.4;proto=https;by=a", true),
            ("forwarded", "for=1.2.3.4;Proto=\"https\"", true),
            ("forwarded", "proto=https, for=1.2.3.4;proto=http", false),
            ("forwarded", "for=1.2.3.4", false),
        ] {
            assert_eq!(proxies.vouch(&request("127.0.0.1:1", &[(name, value)])), is_https, "{name}: {value}");
        }
        let both = [("x-forwarded-proto", "https"), ("x-forwarded-proto", "http")];
        assert!(!proxies.vouch(&request("127.0.0.1:1", &both)));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for wrong in ["", "proxy", "10.0.0.0/33", "10.0.0.0/", "::/129", "1.2.3.4/x", "1.2.3"] {
            assert_eq!(Proxies::of(&[wrong.into()]).unwrap_err(), wrong);
        }
    }
}
