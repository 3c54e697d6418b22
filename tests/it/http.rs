//! The HTTP link, over a real socket, with a device that the test plays.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use dermascope::buttons::{Button, Buttons, Edge, VirtualButtons};
use dermascope::classifier::{Doubt, ModelConfig};
use dermascope::control::{self, DeviceState, Remote};
use dermascope::digest::sha256_hex;
use dermascope::feed::ScreenFeed;
use dermascope::health::{Health, Parts};
use dermascope::http::{self, Device, HttpConfig, Limits, Server};
use dermascope::light::{Lit, Ring};
use dermascope::panel::{Canvas, VirtualScreen};
use dermascope::power::{Battery, Charge};
use dermascope::quality::{QualityConfig, Reason};
use dermascope::reading::{Capture, Saved};
use dermascope::records::{RecordError, RecordsConfig, Store};
use dermascope::screens::{Hint, Page, Screen, Status};
use dermascope::verdict::judge;
use embedded_graphics::geometry::Size;
use embedded_graphics::pixelcolor::Rgb565;
use embedded_graphics::prelude::*;
use serde_json::Value;
use tempfile::TempDir;

use crate::records::reading;
use crate::shared::{manifest, remote};

/// A server over three records, and what the test plays the device with.
pub struct Bench {
    _folder: TempDir,
    pub health: Health,
    pub server: Server,
    pub records: RecordsConfig,
    pub feed: ScreenFeed,
    buttons: VirtualButtons,
    store: Store,
}

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const SIZE: Size = Size::new(6, 4);

pub fn bench() -> Bench {
    bench_within(Limits::default())
}

pub fn bench_within(limits: Limits) -> Bench {
    let buttons = VirtualButtons::default();
    bench_with(Some(buttons.clone()), buttons, limits)
}

fn bench_with(presses: Option<VirtualButtons>, buttons: VirtualButtons, limits: Limits) -> Bench {
    bench_of(remote(), presses, buttons, limits)
}

fn bench_of(
    remote: Remote,
    presses: Option<VirtualButtons>,
    buttons: VirtualButtons,
    limits: Limits,
) -> Bench {
    let folder = TempDir::new().expect("a temporary folder");
    let records = RecordsConfig { folder: folder.path().into(), ..RecordsConfig::default() };
    let mut store = Store::open(&records).expect("opens");
    for seed in [10, 20, 200] {
        store.save(&reading(seed)).expect("saves");
    }
    let feed = ScreenFeed::new(VirtualScreen::new(SIZE));
    let config = HttpConfig { listen: vec!["127.0.0.1:0".into()], ..HttpConfig::default() };
    let model = ModelConfig { manifest: Some(manifest()), ..ModelConfig::default() };
    let quality = QualityConfig::default();
    let health = remote.health.clone();
    let device = Device { records: records.clone(), model, quality, feed: feed.clone(), presses, remote };
    let server =
        http::serve_within(&config, LOCALHOST, device, limits).expect("serves").expect("is configured");
    Bench { _folder: folder, health, server, records, feed, buttons, store }
}

impl Bench {
    pub fn address(&self) -> SocketAddr {
        self.server.addresses()[0]
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Adds record 4 with a picture of so many bytes: more than any socket holds.
    pub fn fill(&self, size: usize) {
        let mut bytes = reading(99).capture.encoded.bytes.to_vec();
        bytes.resize(size, 7);
        let mut reading = reading(99);
        let mut capture = Capture::clone(&reading.capture);
        capture.encoded.bytes = bytes.into();
        reading.capture = capture.into();
        Store::open(&self.records).expect("opens").save(&reading).expect("saves");
    }
}

/// An answer as it came over the socket.
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("connects");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a socket has a timeout");
    stream
}

pub fn raw(address: SocketAddr, request: &str) -> Answer {
    let mut stream = connect(address);
    stream.write_all(request.as_bytes()).expect("writes");
    answer(&mut stream)
}

/// Reads an answer to its end, which closes the connection.
pub fn answer(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("reads to the end");
    let end = bytes.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a head and a body");
    let head = String::from_utf8(bytes[..end].to_vec()).expect("a head is text");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let body = bytes[end + 4..].to_vec();
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    Answer { status, body: if chunked { unchunk(&body) } else { body }, head }
}

/// A body that was sent in chunks; one that breaks off fails the test.
fn unchunk(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        let end = body.windows(2).position(|bytes| bytes == b"\r\n").expect("a chunk's size");
        let digits = std::str::from_utf8(&body[..end]).expect("digits");
        let size = usize::from_str_radix(digits, 16).expect("hexadecimal");
        if size == 0 {
            return whole;
        }
        whole.extend(&body[end + 2..end + 2 + size]);
        body = &body[end + 2 + size + 2..];
    }
}

pub fn get(bench: &Bench, path: &str) -> Answer {
    let address = bench.address();
    raw(address, &format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"))
}

pub fn post_bytes(bench: &Bench, path: &str, kind: &str, body: &[u8]) -> Answer {
    let address = bench.address();
    let mut stream = connect(address);
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("writes");
    stream.write_all(body).expect("writes");
    answer(&mut stream)
}

/// Sends JSON.
pub fn send(bench: &Bench, method: &str, path: &str, body: &str) -> Answer {
    ask(bench, method, path, "", body)
}

fn post(bench: &Bench, path: &str, headers: &str, body: &str) -> Answer {
    ask(bench, "POST", path, headers, body)
}

fn ask(bench: &Bench, method: &str, path: &str, headers: &str, body: &str) -> Answer {
    let address = bench.address();
    let length = body.len();
    raw(
        address,
        &format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n{headers}\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        ),
    )
}

fn canvas(colour: Rgb565) -> Canvas {
    let mut canvas = Canvas::new(SIZE);
    canvas.clear(colour).expect("a canvas cannot fail");
    canvas
}

fn viewfinder() -> Screen {
    Screen::Viewfinder { frame: None, hint: Hint::Ready }
}

#[test]
fn health_is_what_the_device_says_of_its_parts_and_needs_no_name() {
    let bench = bench();
    assert_eq!(get(&bench, "/healthz").body, b"ok\n");
    bench.health.turned(Parts { broken: vec!["camera", "records"], frames_refused: 7 });
    let sick = get(&bench, "/healthz");
    assert_eq!(sick.status, 503);
    assert_eq!(sick.json()["detail"], "not well: camera, records");
    let metrics = String::from_utf8(get(&bench, "/metrics").body).expect("text");
    for line in [
        "dermascope_well 0\n",
        "dermascope_camera_frames_refused_total 7\n",
        "dermascope_decoder_panics_total ",
    ] {
        assert!(metrics.contains(line), "{line} {metrics}");
    }
    bench.health.turned(Parts::default());
    for head in ["GET /healthz HTTP/1.0\r\n\r\n", "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n"] {
        let answer = raw(bench.address(), head);
        assert_eq!((answer.status, &answer.body[..]), (200, &b"ok\n"[..]), "{head}");
    }
    let strange =
        raw(bench.address(), "GET /healthz HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    assert_eq!(strange.status, 421);
}

#[test]
fn the_page_needs_nothing_from_elsewhere() {
    let bench = bench();
    let page = get(&bench, "/");
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").expect("has a policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let html = String::from_utf8(page.body).expect("text");
    assert!(html.contains(dermascope::RESEARCH_ONLY));
    let mut files = vec!["/style.css".to_string(), "/page.js".into(), "/icon.svg".into()];
    for file in &files {
        assert!(html.contains(&format!("\"{file}\"")), "{file} is not used");
    }
    let mut at = 0;
    while let Some(file) = files.get(at).cloned() {
        let answer = get(&bench, &file);
        assert_eq!(answer.status, 200, "{file}");
        let text = String::from_utf8(answer.body).expect("text").replace("http://www.w3.org/2000/svg", "");
        assert!(!text.contains("http://") && !text.contains("https://"), "{file} names another address");
        // What a module imports must be there too.
        let imports = text.split("\"./").skip(1).filter_map(|rest| rest.split('"').next());
        let new: Vec<_> =
            imports.map(|name| format!("/{name}")).filter(|name| !files.contains(name)).collect();
        files.extend(new);
        at += 1;
    }
    assert!(files.contains(&"/reading.js".into()), "{files:?}");
    assert!(
        !html.contains("<style") && !html.contains("style=") && !html.contains("onclick"),
        "nothing inline"
    );
}

#[test]
fn the_page_uses_the_devices_own_words() {
    let script = String::from_utf8(get(&bench(), "/reading.js").body).expect("text");
    let reasons = [
        Reason::Blurred,
        Reason::TooDark,
        Reason::TooBright,
        Reason::Glare,
        Reason::NoLesion,
        Reason::OffCentre,
    ];
    let doubts = [Doubt::OutOfDistribution, Doubt::LowConfidence, Doubt::NearThreshold];
    let words = reasons.map(Reason::instruction).into_iter().chain(doubts.map(Doubt::words));
    for words in words {
        assert!(script.contains(&format!("\"{words}\"")), "{words}");
    }
}

#[test]
fn the_screen_comes_pixel_by_pixel() {
    let bench = bench();
    let canvas = canvas(Rgb565::new(31, 32, 0));
    bench.feed.show(&viewfinder(), &Status::default(), &canvas);
    let answer = get(&bench, "/api/v1/screen.png");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("image/png")));
    let picture = image::load_from_memory(&answer.body).expect("a PNG").to_rgb8();
    assert_eq!(picture, canvas.to_rgb());
}

#[test]
fn the_status_says_what_the_screen_says() {
    let bench = bench();
    assert_eq!(get(&bench, "/api/v1/status").json()["screen"], "dark");
    let reading = Arc::new(reading(200));
    let screen = Screen::Result { reading, saved: Saved::Saved(3), page: Page::Reading };
    let status = Status { records: 3, warning: Some("Disk nearly full".into()), ..Status::default() };
    bench.feed.show(&screen, &status, &canvas(Rgb565::RED));
    let status = get(&bench, "/api/v1/status").json();
    assert_eq!(status["screen"], "result");
    assert_eq!(status["result"]["verdict"], "suspicious");
    assert_eq!(status["result"]["record"], 3);
    assert_eq!(status["result"]["top"][0]["class"], "mel");
    assert_eq!(status["records"], 3);
    assert_eq!(status["warning"], "Disk nearly full");
    assert_eq!(status["virtual_buttons"], true);
    let words = status["words"].as_str().expect("words");
    for part in ["SUSPICIOUS", "78%", "Melanoma", "Saved as record 3", dermascope::RESEARCH_ONLY] {
        assert!(words.contains(part), "{part} is missing in {words}");
    }
}

#[test]
fn events_tell_every_new_screen_at_once() {
    let bench = bench();
    let address = bench.address();
    let mut stream = connect(address);
    let request = format!("GET /api/v1/events HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("writes");
    let mut lines = BufReader::new(stream).lines().map(|line| line.expect("the stream goes on"));
    let mut next = || -> Value {
        let data = lines.find_map(|line| line.strip_prefix("data: ").map(String::from)).expect("an event");
        serde_json::from_str(&data).expect("JSON")
    };
    assert_eq!(next()["screen"], "dark");
    bench.feed.show(&viewfinder(), &Status::default(), &canvas(Rgb565::BLUE));
    let event = std::iter::repeat_with(&mut next).find(|event| event["version"] == 1).expect("comes");
    assert_eq!(event["screen"], "viewfinder");
    // A watcher that was away gets the newest, not all.
    for green in 0..60 {
        bench.feed.show(&Screen::NoHistory, &Status::default(), &canvas(Rgb565::new(0, green, 0)));
    }
    let mut events = 1;
    while next()["version"] != 61 {
        events += 1;
    }
    assert!(events <= 60);
}

#[test]
fn a_press_and_its_release_arrive_once_and_in_order() {
    let bench = bench();
    for pressed in [true, true, false, false] {
        let answer = post(&bench, "/api/v1/buttons/main", "", &format!("{{\"pressed\": {pressed}}}"));
        assert_eq!(answer.status, 204);
    }
    let mut reader = bench.buttons.reader();
    let mut edge = |wait| reader.next_edge(Duration::from_millis(wait)).expect("virtual buttons cannot fail");
    assert_eq!(edge(5000), Some(Edge { button: Button::Main, pressed: true }));
    assert_eq!(edge(5000), Some(Edge { button: Button::Main, pressed: false }));
    assert_eq!(edge(0), None);
}

#[test]
fn a_press_whose_page_is_gone_is_let_go() {
    let bench = bench();
    assert_eq!(post(&bench, "/api/v1/buttons/main", "", "{\"pressed\": true}").status, 204);
    let mut reader = bench.buttons.reader();
    let mut edge = || reader.next_edge(Duration::from_secs(60)).expect("virtual buttons cannot fail");
    assert_eq!(edge(), Some(Edge { button: Button::Main, pressed: true }));
    assert_eq!(edge(), Some(Edge { button: Button::Main, pressed: false }));
}

#[test]
fn a_case_holds_from_the_answer_until_it_is_cleared() {
    let bench = bench();
    let none = serde_json::json!({"case_id": null, "lesion": null, "anatomic_site": null, "laterality": null,
        "body_site": null});
    assert_eq!(get(&bench, "/api/v1/case").json(), none);
    let said = send(
        &bench,
        "PUT",
        "/api/v1/case",
        "{\"case_id\": \" AB-12 \", \"lesion\": \"l3\", \"anatomic_site\": \"Forearm\"}",
    );
    let case = serde_json::json!({"case_id": "AB-12", "lesion": "L3", "anatomic_site": "forearm", "laterality": null,
        "body_site": null});
    assert_eq!((said.status, said.json()), (200, case.clone()));
    assert_eq!(get(&bench, "/api/v1/case").json(), case);
    assert_eq!(get(&bench, "/api/v1/status").json()["case"], case);
    for wrong in [
        "{\"case_id\": \"A\\u0007\"}",
        "{\"body_site\": 3}",
        "{\"lesion\": \"L1\"}",
        "{\"case_id\": \"A\", \"lesion\": \"2\"}",
        "{\"anatomic_site\": \"elbo\"}",
        "{\"laterality\": \"both\"}",
        &format!("{{\"case_id\": \"{}\"}}", "x".repeat(65)),
    ] {
        let refused = send(&bench, "PUT", "/api/v1/case", wrong);
        assert_eq!(
            (refused.status, refused.header("content-type")),
            (422, Some("application/problem+json")),
            "{wrong}"
        );
    }
    assert_eq!(get(&bench, "/api/v1/case").json(), case, "what is refused changes nothing");
    assert_eq!(
        send(&bench, "PUT", "/api/v1/case", "{\"body_site\": \"back\"}").json()["case_id"],
        Value::Null
    );
    assert_eq!(send(&bench, "DELETE", "/api/v1/case", "").status, 204);
    assert_eq!(get(&bench, "/api/v1/case").json(), none);
}

#[test]
fn the_setting_holds_from_the_answer_on_and_what_the_model_does_not_have_is_refused() {
    let bench = bench();
    let none = serde_json::json!({"operating_point": "screening", "prevalence": null});
    assert_eq!(get(&bench, "/api/v1/setting").json(), none);
    let said =
        send(&bench, "PUT", "/api/v1/setting", "{\"operating_point\": \"balanced\", \"prevalence\": 0.25}");
    let setting = serde_json::json!({"operating_point": "balanced", "prevalence": 0.25});
    assert_eq!((said.status, said.json()), (200, setting.clone()));
    assert_eq!(get(&bench, "/api/v1/status").json()["setting"], setting);
    for wrong in [
        "{\"operating_point\": \"guess\"}",
        "{\"operating_point\": \"screening\", \"prevalence\": 1.5}",
        "{\"prevalence\": 0.02}",
    ] {
        let refused = send(&bench, "PUT", "/api/v1/setting", wrong);
        let kind = refused.header("content-type");
        assert_eq!((refused.status, kind), (422, Some("application/problem+json")), "{wrong}");
    }
    assert_eq!(get(&bench, "/api/v1/setting").json(), setting, "what is refused changes nothing");
    let evil = "Origin: http://evil.example\r\n";
    assert_eq!(
        ask(&bench, "PUT", "/api/v1/setting", evil, "{\"operating_point\": \"screening\"}").status,
        403
    );
}

#[test]
fn a_case_of_another_site_is_not_taken() {
    let bench = bench();
    let evil = "Origin: http://evil.example\r\n";
    assert_eq!(ask(&bench, "PUT", "/api/v1/case", evil, "{\"case_id\": \"X\"}").status, 403);
    assert_eq!(ask(&bench, "DELETE", "/api/v1/case", evil, "").status, 403);
    assert_eq!(get(&bench, "/api/v1/case").json()["case_id"], Value::Null);
}

#[test]
fn a_device_with_real_buttons_is_not_pressed_from_here() {
    let bench = bench_with(None, VirtualButtons::default(), Limits::default());
    let answer = post(&bench, "/api/v1/buttons/main", "", "{\"pressed\": true}");
    assert_eq!((answer.status, answer.header("content-type")), (409, Some("application/problem+json")));
    assert_eq!(get(&bench, "/api/v1/status").json()["virtual_buttons"], false);
}

#[test]
fn a_press_of_another_site_does_nothing() {
    let bench = bench();
    let evil = post(&bench, "/api/v1/buttons/main", "Origin: http://evil.example\r\n", "{\"pressed\": true}");
    assert_eq!(evil.status, 403);
    let form = raw(
        bench.address(),
        &format!(
            "POST /api/v1/buttons/main HTTP/1.1\r\nHost: {}\r\nContent-Type: text/plain\r\n\
             Content-Length: 17\r\nConnection: close\r\n\r\n{{\"pressed\": true}}",
            bench.address()
        ),
    );
    assert_eq!(form.status, 415);
    let rebound = raw(
        bench.address(),
        "GET /api/v1/records HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
    );
    assert_eq!(rebound.status, 421);
    let edge = bench.buttons.reader().next_edge(Duration::ZERO).expect("virtual buttons cannot fail");
    assert_eq!(edge, None);
}

#[test]
fn records_are_listed_in_pages_and_given_whole() {
    let bench = bench();
    let list = get(&bench, "/api/v1/records?limit=2").json();
    let sequences = |list: &Value| -> Vec<u64> {
        let records = list["records"].as_array().expect("an array");
        records.iter().map(|record| record["sequence"].as_u64().expect("a number")).collect()
    };
    assert_eq!((sequences(&list), &list["total"], &list["next_before"]), (vec![3, 2], &3.into(), &2.into()));
    let rest = get(&bench, "/api/v1/records?limit=2&before=2").json();
    assert_eq!((sequences(&rest), &rest["next_before"]), (vec![1], &Value::Null));
    assert_eq!(sequences(&get(&bench, "/api/v1/records?verdict=suspicious").json()), [3]);
    let record = get(&bench, "/api/v1/records/3").json();
    assert_eq!(record["image_sha256"], sha256_hex(&reading(200).capture.encoded.bytes));
    assert_eq!(record["assessment"]["malignant"]["operating_point"], "screening");
}

#[test]
fn a_record_whose_picture_has_left_is_given_and_says_so() {
    let mut bench = bench();
    bench.store.give_out("test", &[(1, true)]).expect("notes");
    let pruned = bench.store.prune("test", |_, _| Ok::<_, RecordError>(true)).expect("prunes");
    assert_eq!(pruned, 1);
    let record = get(&bench, "/api/v1/records/1").json();
    assert_eq!((&record["sequence"], &record["image_pruned"]), (&1.into(), &true.into()));
    assert_eq!(get(&bench, "/api/v1/records/2").json()["image_pruned"], false);
    let image = get(&bench, "/api/v1/records/1/image");
    assert_eq!((image.status, image.header("content-type")), (410, Some("application/problem+json")));
    let detail = image.json()["detail"].as_str().expect("text").to_string();
    assert!(detail.contains("removed to make room"), "{detail}");
}

#[test]
fn the_status_tells_battery_light_and_space() {
    let (remote, base) = control::pair();
    let buttons = VirtualButtons::default();
    let bench = bench_of(remote, None, buttons, Limits::default());
    let status = get(&bench, "/api/v1/status").json();
    assert_eq!((&status["battery"], &status["light"]), (&Value::Null, &Value::Null));
    assert!(status["space"]["free"].as_u64() <= status["space"]["total"].as_u64());
    assert!(status["space"]["total"].as_u64().expect("a number") > 0);
    let battery = Battery { charge: Charge { percent: 57, charging: true }, low: false };
    let light = Lit { ring: Ring::Polarised, percent: 80 };
    base.tell(DeviceState { battery: Some(battery), light: Some(light), ..DeviceState::default() });
    let status = get(&bench, "/api/v1/status").json();
    assert_eq!(status["battery"], serde_json::json!({"percent": 57, "charging": true, "low": false}));
    assert_eq!(status["light"], serde_json::json!({"ring": "polarised", "percent": 80}));
}

#[test]
fn the_total_follows_what_is_saved_and_deleted() {
    let mut bench = bench();
    let total = |bench: &Bench| get(bench, "/api/v1/records?limit=1").json()["total"].as_u64();
    assert_eq!((total(&bench), total(&bench)), (Some(3), Some(3)));
    bench.store.save(&reading(30)).expect("saves");
    assert_eq!(total(&bench), Some(4));
    bench.store.delete(1, "test").expect("deletes");
    assert_eq!(total(&bench), Some(3));
}

#[test]
fn records_are_chosen_by_class_quality_and_time() {
    let mut bench = bench();
    let mut blurred = reading(30);
    blurred.quality.reasons = vec![Reason::Blurred];
    blurred.judgement = judge(&blurred.quality, &blurred.assessment, true);
    bench.store.save(&blurred).expect("saves");
    let time = |seed: u8| reading(seed).capture.captured_at;
    for (query, expected) in [
        ("class=mel", vec![3]),
        ("class=nv", vec![4, 2, 1]),
        ("class=none", vec![]),
        ("usable=false", vec![4]),
        ("usable=true&class=nv", vec![2, 1]),
        (&format!("since={}", time(20)), vec![4, 3, 2]),
        (&format!("since={}&until={}", time(20), time(30)), vec![2]),
        ("after=1&before=4", vec![3, 2]),
        ("verdict=uncertain", vec![4]),
    ] {
        let list = get(&bench, &format!("/api/v1/records?{query}")).json();
        let records = list["records"].as_array().expect("an array");
        let found: Vec<_> = records.iter().filter_map(|record| record["sequence"].as_u64()).collect();
        assert_eq!(found, expected, "{query}");
    }
}

#[test]
fn a_picture_comes_byte_for_byte_and_once() {
    let bench = bench();
    let picture = get(&bench, "/api/v1/records/2/image");
    assert_eq!((picture.status, picture.header("content-type")), (200, Some("image/png")));
    assert_eq!(picture.body, reading(20).capture.encoded.bytes.to_vec());
    let tag = picture.header("etag").expect("has a tag").to_string();
    let address = bench.address();
    let again = raw(
        address,
        &format!(
            "GET /api/v1/records/2/image HTTP/1.1\r\nHost: {address}\r\nIf-None-Match: {tag}\r\n\
             Connection: close\r\n\r\n"
        ),
    );
    assert_eq!((again.status, again.body.len()), (304, 0));
}

#[test]
fn whatever_is_wrong_comes_as_problem_details() {
    let mut bench = bench();
    bench.store.delete(1, "test").expect("deletes");
    let long = format!("{{\"pressed\": \"{}\"}}", "x".repeat(100_000));
    let cases = [
        (get(&bench, "/nothing"), 404),
        (get(&bench, "/api/v1/records/1"), 404),
        (get(&bench, "/api/v1/records/9/image"), 404),
        (get(&bench, "/api/v1/records/-1"), 400),
        (get(&bench, "/api/v1/records/many"), 400),
        (get(&bench, "/api/v1/records?limit=0"), 400),
        (get(&bench, "/api/v1/records?limit=1000000"), 400),
        (get(&bench, "/api/v1/records?colour=red"), 400),
        (get(&bench, "/api/v1/records?since=yesterday"), 400),
        (get(&bench, "/api/v1/buttons/main"), 405),
        (post(&bench, "/api/v1/buttons/reset", "", "{\"pressed\": true}"), 400),
        (post(&bench, "/api/v1/buttons/main", "", "{\"pressed\": 1}"), 422),
        (post(&bench, "/api/v1/buttons/main", "", "[true]"), 422),
        (post(&bench, "/api/v1/buttons/main", "", "{\"pressed\": true, \"held\": true}"), 422),
        (post(&bench, "/api/v1/buttons/main", "", "{}"), 422),
        (post(&bench, "/api/v1/buttons/main", "", "{"), 400),
        (post(&bench, "/api/v1/buttons/main", "", &long), 413),
    ];
    for (answer, status) in cases {
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(answer.status, status, "{text}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{text}");
        let problem = answer.json();
        assert_eq!(problem["status"], status);
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{text}");
    }
}

#[test]
fn a_dropped_server_lets_its_address_go() {
    let bench = bench();
    let address = bench.address();
    // One that watches must not keep it.
    let mut watcher = connect(address);
    let request = format!("GET /api/v1/events HTTP/1.1\r\nHost: {address}\r\n\r\n");
    watcher.write_all(request.as_bytes()).expect("writes");
    let mut first = [0; 16];
    watcher.read_exact(&mut first).expect("the stream starts");
    drop(bench.server);
    assert!(TcpStream::connect(address).is_err(), "nobody listens any more");
}

#[test]
fn what_was_wiped_is_told_by_nobody_and_nothing_here_wipes() {
    let bench = bench();
    let key = get(&bench, "/api/v1/status").json()["public_key"].clone();
    assert_eq!(
        key.as_str(),
        bench.store.signed_head().expect("reads").map(|head| head.public_key).as_deref()
    );
    for (method, path) in
        [("POST", "/api/v1/wipe"), ("DELETE", "/api/v1/records"), ("DELETE", "/api/v1/records/1")]
    {
        let answer = send(&bench, method, path, "{}");
        assert!(matches!(answer.status, 404 | 405), "{method} {path}: {}", answer.status);
    }
    assert_eq!(get(&bench, "/api/v1/records").json()["total"], 3);
    dermascope::records::wipe(&bench.records, "a test").expect("wipes");
    let left = get(&bench, "/api/v1/records").json();
    assert_eq!((left["total"].clone(), left["records"].clone()), (0.into(), serde_json::json!([])));
    assert_eq!(get(&bench, "/api/v1/records/1").status, 404);
    assert_eq!(get(&bench, "/api/v1/records/1/image").status, 404);
    let after = get(&bench, "/api/v1/status").json()["public_key"].clone();
    assert!(after.is_string() && after != key, "a new device, by a new key");
}

#[test]
fn departures_are_told_in_pages() {
    let mut bench = bench();
    bench.store.give_out("pull", &[(1, true), (2, false)]).expect("notes");
    let page = get(&bench, "/api/v1/departures?limit=2").json();
    let numbers = |page: &Value| -> Vec<u64> {
        let records = page["departures"].as_array().expect("a list");
        records.iter().map(|record| record["sequence"].as_u64().expect("a number")).collect()
    };
    assert_eq!((numbers(&page), &page["next_before"]), (vec![3, 2], &2.into()));
    assert_eq!(
        (&page["records"], &page["not_left"], &page["pictures_not_left"]),
        (&3.into(), &1.into(), &2.into())
    );
    assert_eq!(page["departures"][1]["departures"][0]["way"], "pull");
    assert_eq!(numbers(&get(&bench, "/api/v1/departures?not_left=true").json()), [3, 2]);
    assert_eq!(numbers(&get(&bench, "/api/v1/departures?before=2").json()), [1]);
}
