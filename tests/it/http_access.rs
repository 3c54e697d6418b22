//! From a network, only with the token.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use assert_cmd::Command;
use dermascope::http::{self, HttpConfig, Server};

use crate::http::{Answer, raw};
use crate::shared::{nothing_to_show, skipped};

/// This computer's address on a network. Nothing is sent to find it.
pub fn address_on_a_network() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

/// A token and its hash, from the command that makes them.
pub fn new_token() -> (String, String) {
    let output = Command::cargo_bin("dermascope").expect("is built").arg("token").output().expect("runs");
    let said = String::from_utf8(output.stdout).expect("text");
    let token = said.lines().find_map(|line| line.rsplit_once(": ")).expect("the token").1.to_string();
    let line =
        said.lines().find(|line| line.starts_with("token_sha256")).expect("a line for the configuration");
    let table: toml::Table = line.parse().expect("TOML");
    (token, table["token_sha256"].as_str().expect("a text").to_string())
}

fn serve(token_sha256: String) -> Server {
    let config = HttpConfig {
        listen: vec!["0.0.0.0:0".into()],
        token_sha256: Some(token_sha256),
        https: false,
        ..HttpConfig::default()
    };
    http::serve(&config, "127.0.0.1".parse().expect("an address"), nothing_to_show())
        .expect("serves")
        .expect("is configured")
}

fn ask(address: SocketAddr, path: &str, header: &str) -> Answer {
    raw(address, &format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{header}Connection: close\r\n\r\n"))
}

#[test]
fn from_a_network_the_token_is_asked_for_and_from_here_it_is_not() {
    let Some(outside) = address_on_a_network() else {
        return skipped("network", "from_a_network_the_token_is_asked_for: this computer has no network");
    };
    let (token, hash) = new_token();
    let server = serve(hash.clone());
    let port = server.addresses()[0].port();
    let (outside, inside) = (SocketAddr::new(outside, port), SocketAddr::from(([127, 0, 0, 1], port)));
    for path in ["/", "/api/v1/status", "/api/v1/records", "/metrics", "/openapi.json", "/nothing"] {
        let refused = ask(outside, path, "");
        assert_eq!(
            (refused.status, refused.header("content-type")),
            (401, Some("application/problem+json")),
            "{path}"
        );
        assert!(refused.header("www-authenticate").is_some(), "{path}");
    }
    for wrong in [hash.as_str(), &token[1..], ""] {
        assert_eq!(ask(outside, "/api/v1/status", &format!("Authorization: Bearer {wrong}\r\n")).status, 401);
    }
    assert_eq!(ask(outside, "/api/v1/status", &format!("Authorization: Bearer {token}\r\n")).status, 200);
    assert_eq!(ask(outside, "/healthz", "").status, 200, "says only that it runs");
    assert_eq!(ask(inside, "/api/v1/status", "").status, 200);
}

#[test]
fn through_a_proxy_on_the_device_the_token_is_asked_for_and_a_browser_here_needs_none() {
    let (token, hash) = new_token();
    let server = serve(hash);
    let here = SocketAddr::from(([127, 0, 0, 1], server.addresses()[0].port()));
    let bearer = format!("Authorization: Bearer {token}\r\n");
    for sign in [
        "X-Forwarded-For: 203.0.113.9\r\n",
        "x-forwarded-proto: https\r\n",
        "Forwarded: for=203.0.113.9\r\n",
        "Via: 1.1 proxy\r\n",
        "X-Real-IP: 127.0.0.1\r\n",
        "CF-Connecting-IP: ::1\r\n",
        "True-Client-IP: 127.0.0.1\r\n",
        "Tailscale-User-Login: somebody\r\n",
    ] {
        let refused = ask(here, "/api/v1/status", sign);
        assert_eq!((refused.status, refused.header("connection")), (401, Some("close")), "{sign}");
        assert_eq!(ask(here, "/api/v1/status", &format!("{sign}{bearer}")).status, 200, "{sign}");
        assert_eq!(ask(here, "/healthz", sign).status, 200, "{sign}");
    }
    let old = raw(here, &format!("GET /api/v1/status HTTP/1.0\r\nHost: {here}\r\n\r\n"));
    assert_eq!(old.status, 401, "as nginx asks unless it is told otherwise");
    let tunnelled =
        raw(here, "GET /api/v1/status HTTP/1.1\r\nHost: 192.168.7.7\r\nConnection: close\r\n\r\n");
    assert_eq!(tunnelled.status, 401, "nobody here asks by an address of a network");
    assert_eq!(ask(here, "/api/v1/status", "Sec-Fetch-Site: same-origin\r\nAccept: */*\r\n").status, 200);
    assert_eq!(raw(here, "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n").status, 200, "a supervisor's");
}

#[test]
fn the_command_makes_another_token_each_time_and_its_hash() {
    let ((token, hash), (other, _)) = (new_token(), new_token());
    assert_ne!(token, other);
    assert_eq!(hash, http::hash_of(&token));
}
