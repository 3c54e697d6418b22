//! Several addresses, also ones that are taken, or not there yet.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use dermascope::http::{self, HttpConfig, Server};

use crate::http::raw;
use crate::shared::{nothing_to_show, skipped};

/// Nobody's: the address that the device has on its cable, but for tests.
const CABLE: Ipv4Addr = Ipv4Addr::new(169, 254, 55, 77);
/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

fn serve(listen: &[String]) -> Server {
    let config = HttpConfig { listen: listen.into(), ..HttpConfig::default() };
    http::serve(&config, IpAddr::V4(CABLE), nothing_to_show()).expect("serves").expect("is configured")
}

fn health(address: SocketAddr) -> u16 {
    raw(address, &format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")).status
}

#[test]
fn every_address_is_served() {
    let server = serve(&["127.0.0.1:0".into(), "127.0.0.2:0".into()]);
    let [first, second] = server.addresses() else { panic!("two addresses") };
    assert_eq!((first.ip().to_string(), second.ip().to_string()), ("127.0.0.1".into(), "127.0.0.2".into()));
    assert_eq!((health(*first), health(*second)), (200, 200));
}

#[test]
fn an_address_that_another_program_has_is_served_once_it_is_free() {
    let other = TcpListener::bind("127.0.0.1:0").expect("binds");
    let taken = other.local_addr().expect("has one");
    let config = HttpConfig { listen: vec![taken.to_string()], ..HttpConfig::default() };
    let refused = config.check_free(IpAddr::V4(CABLE)).expect_err("is taken").to_string();
    assert!(refused.contains(&taken.to_string()) && refused.contains("choose another port"), "{refused}");
    let server = serve(&["127.0.0.1:0".into(), taken.to_string()]);
    let [there] = server.addresses() else { panic!("the other is not there yet") };
    assert_eq!(health(*there), 503, "it serves, and says that it does not all that it should");
    drop(other);
    let start = Instant::now();
    while TcpStream::connect(taken).is_err() {
        assert!(start.elapsed() < PATIENCE, "it is not tried again");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(health(taken), 200);
}

/// An address of this computer, while it is held.
struct Cable;

impl Cable {
    /// None where this user may not add one.
    fn plug() -> Option<Self> {
        let added = Command::new("ip").args(["address", "add", &format!("{CABLE}/32"), "dev", "lo"]).output();
        added.is_ok_and(|done| done.status.success()).then_some(Self)
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["address", "del", &format!("{CABLE}/32"), "dev", "lo"]).status();
    }
}

#[test]
fn the_cables_address_is_served_as_soon_as_there_is_a_cable() {
    let server = serve(&["127.0.0.1:0".into(), "usb:0".into()]);
    let [here, cable] = server.addresses() else { panic!("both are bound") };
    assert_eq!((health(*here), cable.ip()), (200, IpAddr::V4(CABLE)));
    let Some(plugged) = Cable::plug() else {
        return skipped("network", "a cable: this user may not add addresses");
    };
    assert_eq!(health(*cable), 200);
    // An address alone does not make a peer one on the cable.
    let status = format!("GET /api/v1/status HTTP/1.1\r\nHost: {cable}\r\nConnection: close\r\n\r\n");
    assert_eq!(raw(*cable, &status).status, 307, "by HTTPS, where the token is asked for");
    drop(plugged);
}
