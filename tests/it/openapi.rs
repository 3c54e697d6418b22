//! `openapi.json` says what the device answers: every real answer here is checked against it, key by key, and
//! schemathesis makes up requests from it.

use crate::shared::skipped;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use dermascope::case::Lesion;
use dermascope::light::{Lit, Ring};
use dermascope::panel::Canvas;
use dermascope::power::{Battery, Charge};
use dermascope::reading::Saved;
use dermascope::screens::{About, Countdown, Page, Screen, Status};
use dermascope::synthetic;
use embedded_graphics::geometry::Size;
use serde_json::Value;

use crate::http::{Answer, Bench, bench, get, post_bytes, raw, send};
use crate::records::reading;

fn document(bench: &Bench) -> Value {
    get(bench, "/openapi.json").json()
}

/// Panics where a value is not as a schema of the document says, or where the schema says what is not understood here.
fn check(document: &Value, schema: &Value, value: &Value, place: &str) {
    let rules = schema.as_object().unwrap_or_else(|| panic!("{place}: a schema is an object"));
    for (rule, wanted) in rules {
        let number = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("{place}: no number: {value}"));
        let holds = match rule.as_str() {
            "description" | "default" => true,
            "$ref" => {
                let target = wanted.as_str().and_then(|path| document.pointer(&path[1..]));
                check(document, target.unwrap_or_else(|| panic!("{place}: {wanted}")), value, place);
                true
            }
            "type" if wanted.is_array() => {
                wanted.as_array().is_some_and(|all| all.iter().any(|one| is(value, one)))
            }
            "type" => is(value, wanted),
            "const" => value == wanted,
            "enum" => wanted.as_array().is_some_and(|all| all.contains(value)),
            "minimum" => value.is_null() || number(value) >= number(wanted),
            "maximum" => number(value) <= number(wanted),
            "exclusiveMinimum" => number(value) > number(wanted),
            "maxLength" => value.as_str().is_none_or(|text| text.chars().count() as f64 <= number(wanted)),
            "maxItems" => value.as_array().is_some_and(|items| items.len() as f64 <= number(wanted)),
            "format" if *wanted == "date" => value.is_null() || is_day(value),
            "format" => *wanted == "date-time" && is_time(value),
            "pattern" => value.is_null() || fits(wanted, value),
            "oneOf" => {
                let fits =
                    |one: &Value| std::panic::catch_unwind(|| check(document, one, value, place)).is_ok();
                wanted.as_array().is_some_and(|all| all.iter().filter(|one| fits(one)).count() == 1)
            }
            "items" => {
                let items = value.as_array().into_iter().flatten().enumerate();
                items.for_each(|(at, item)| check(document, wanted, item, &format!("{place}[{at}]")));
                true
            }
            "required" => wanted
                .as_array()
                .is_some_and(|keys| keys.iter().all(|key| value.get(key.as_str().unwrap()).is_some())),
            "properties" => {
                for (key, value) in value.as_object().into_iter().flatten() {
                    let schema = wanted.get(key).unwrap_or_else(|| panic!("{place}.{key} is not described"));
                    check(document, schema, value, &format!("{place}.{key}"));
                }
                true
            }
            "additionalProperties" => *wanted == false && rules.contains_key("properties"),
            other => panic!("{place}: the rule {other} is not understood here"),
        };
        assert!(holds, "{place}: {value} is not {rule} {wanted}");
    }
}

fn is(value: &Value, kind: &Value) -> bool {
    match kind.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("number") => value.is_number(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("null") => value.is_null(),
        _ => false,
    }
}

fn is_day(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.parse::<jiff::civil::Date>().is_ok())
}

fn is_time(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok())
}

/// Whether a text is as one of the patterns of the document says.
fn fits(pattern: &Value, value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    match pattern.as_str() {
        Some("^[0-9a-f]{64}$") => is_hash(value),
        Some("^([Ll][1-9][0-9]{0,2})?$") => text.is_empty() || Lesion::parse(text).is_some(),
        Some("^L[1-9][0-9]{0,2}$") => Lesion::parse(text).is_some() && text.starts_with('L'),
        Some("^2\\.25\\.[0-9]+$") => {
            text.strip_prefix("2.25.").is_some_and(|number| number.parse::<u128>().is_ok())
        }
        _ => panic!("the pattern {pattern} is not understood here"),
    }
}

fn is_hash(value: &Value) -> bool {
    value.as_str().is_some_and(|text| {
        text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

/// Checks an answer against what the document says of this operation.
fn agrees(document: &Value, path: &str, method: &str, answer: &Answer) {
    let place = format!("{method} {path} {}", answer.status);
    let operation =
        document.pointer(&format!("/paths/{}/{method}", path.replace('~', "~0").replace('/', "~1")));
    let operation = operation.unwrap_or_else(|| panic!("{place}: not described"));
    let mut response = operation.pointer(&format!("/responses/{}", answer.status));
    if let Some(target) = response.and_then(|response| response["$ref"].as_str()) {
        response = document.pointer(&target[1..]);
    }
    let response = response.unwrap_or_else(|| panic!("{place}: this status is not described"));
    let Some(contents) = response["content"].as_object() else {
        return assert!(answer.body.is_empty(), "{place}: has a body");
    };
    let kind = answer.header("content-type").unwrap_or_else(|| panic!("{place}: no media type"));
    let content = contents.get(kind).unwrap_or_else(|| panic!("{place}: {kind} is not described"));
    if kind.ends_with("json") {
        check(document, &content["schema"], &answer.json(), &place);
    }
}

#[test]
fn every_answer_is_as_described() {
    let bench = bench();
    let document = document(&bench);
    let asked = |path: &str, template: &str| agrees(&document, template, "get", &get(&bench, path));
    asked("/healthz", "/healthz");
    asked("/metrics", "/metrics");
    asked("/openapi.json", "/openapi.json");
    asked("/api/v1/screen.png", "/api/v1/screen.png");
    asked("/api/v1/export.zip", "/api/v1/export.zip");
    asked("/api/v1/export.zip?limit=1", "/api/v1/export.zip");
    asked("/api/v1/records", "/api/v1/records");
    asked("/api/v1/records?limit=2&usable=true&class=nv&before=9", "/api/v1/records");
    asked("/api/v1/records?limit=0", "/api/v1/records");
    for query in ["", "?limit=2&not_left=true", "?limit=0", "?before=2&after=1"] {
        asked(&format!("/api/v1/departures{query}"), "/api/v1/departures");
    }
    for record in ["1", "9", "x"] {
        asked(&format!("/api/v1/records/{record}"), "/api/v1/records/{sequence}");
        asked(&format!("/api/v1/records/{record}/image"), "/api/v1/records/{sequence}/image");
    }
    for (button, body) in [("main", "{\"pressed\": true}"), ("main", "{}"), ("x", "{}"), ("main", "{")] {
        let answer =
            post_bytes(&bench, &format!("/api/v1/buttons/{button}"), "application/json", body.as_bytes());
        agrees(&document, "/api/v1/buttons/{button}", "post", &answer);
    }
    for body in ["{\"case_id\": \"AB-12\"}", "{}", "{\"case_id\": \"A\\n\"}", "{\"case\": 1}", "{", "[]"] {
        let answer = send(&bench, "PUT", "/api/v1/case", body);
        agrees(&document, "/api/v1/case", "put", &answer);
        asked("/api/v1/case", "/api/v1/case");
    }
    for body in [
        "{\"diagnosis\": \"nevus\", \"confirmed_by\": \"histopathology\", \"on\": \"2026-05-01\"}",
        "{\"on\": 3}",
        "{}",
        "{",
    ] {
        for record in ["1", "99"] {
            let path = format!("/api/v1/records/{record}/outcomes");
            agrees(
                &document,
                "/api/v1/records/{sequence}/outcomes",
                "post",
                &send(&bench, "POST", &path, body),
            );
            asked(&path, "/api/v1/records/{sequence}/outcomes");
        }
        asked("/api/v1/records/1", "/api/v1/records/{sequence}");
        asked("/api/v1/performance", "/api/v1/performance");
    }
    asked("/api/v1/performance?limit=3", "/api/v1/performance");
    asked("/api/v1/due", "/api/v1/due");
    asked("/api/v1/due?by=2030-01-01", "/api/v1/due");
    asked("/api/v1/due?by=soon", "/api/v1/due");
    agrees(&document, "/api/v1/case", "delete", &send(&bench, "DELETE", "/api/v1/case", ""));
    let photo = dermascope::picture::encode_png(&synthetic::lesion(3, 240)).expect("encodes").bytes;
    for (kind, body) in [("image/png", &photo[..]), ("image/png", &photo[..99]), ("text/html", &[])] {
        agrees(&document, "/api/v1/classify", "post", &post_bytes(&bench, "/api/v1/classify", kind, body));
    }
}

#[test]
fn every_state_of_the_screen_is_as_described() {
    let bench = bench();
    let document = document(&bench);
    let result = |saved| Screen::Result { reading: Arc::new(reading(9)), saved, page: Page::Reading };
    let screens = [
        result(Saved::Pending),
        result(Saved::Saved(3)),
        result(Saved::Failed("disk full".into())),
        Screen::SelfTest { checks: Vec::new() },
        Screen::NoHistory,
        Screen::About { about: About::default() },
        Screen::Wipe { about: About::default(), countdown: Some(Countdown { seconds: 7, share: 0.3 }) },
        Screen::Wiping,
        Screen::Goodbye,
    ];
    agrees(&document, "/api/v1/status", "get", &get(&bench, "/api/v1/status"));
    for light in [Ring::Polarised, Ring::Unpolarised] {
        let light = serde_json::to_value(Lit { ring: light, percent: 100 }).expect("JSON");
        check(&document, &document["components"]["schemas"]["Light"], &light, "light");
    }
    let battery = Battery { charge: Charge { percent: 100, charging: false }, low: true };
    let battery = serde_json::to_value(battery).expect("JSON");
    check(&document, &document["components"]["schemas"]["Battery"], &battery, "battery");
    for screen in screens {
        let status = Status { records: 3, warning: Some("Disk nearly full".into()), ..Status::default() };
        bench.feed.show(&screen, &status, &Canvas::new(Size::new(6, 4)));
        agrees(&document, "/api/v1/status", "get", &get(&bench, "/api/v1/status"));
    }
}

#[test]
fn other_methods_are_refused_with_those_that_are_described() {
    let bench = bench();
    let address = bench.address();
    for (path, operations) in document(&bench)["paths"].as_object().expect("paths") {
        let path = path.replace("{button}", "main").replace("{sequence}", "1");
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
            if operations.get(method.to_ascii_lowercase()).is_some() {
                continue;
            }
            let request = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
            let answer = raw(address, &request);
            assert_eq!(
                (answer.status, answer.header("content-type")),
                (405, Some("application/problem+json")),
                "{method} {path}"
            );
            let known = [("get", "GET,HEAD"), ("post", "POST"), ("put", "PUT"), ("delete", "DELETE")];
            let known: Vec<_> = known
                .into_iter()
                .filter(|(name, _)| operations.get(name).is_some())
                .map(|(_, name)| name)
                .collect();
            assert_eq!(answer.header("allow"), Some(&*known.join(",")), "{path}");
        }
    }
}

#[test]
fn schemathesis_finds_no_answer_that_is_not_described() {
    let python = std::env::var("DERMASCOPE_PYTHON").unwrap_or_else(|_| "build/venv/bin/python".into());
    let program = Path::new(&python).with_file_name("schemathesis");
    if !program.is_file() {
        return skipped(
            "python",
            &format!("schemathesis: not in {} (`make setup` installs it)", program.display()),
        );
    }
    let bench = bench();
    let url = bench.url();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = Command::new(&program)
        .args(["run", &format!("{url}/openapi.json"), "--url", &url, "--no-color"])
        // Chosen once, so that a failure is seen again.
        .args(["--seed", "20261123", "--generation-deterministic", "--max-examples", "40"])
        // Two threads that parse at once break Python 3.11 (CPython issue 106905).
        .args(["--workers", "1"])
        // Events never end; bytes that are made up are no photographs.
        .args(["--exclude-path", "/api/v1/events", "--exclude-checks", "positive_data_acceptance"])
        .current_dir(folder.path())
        .output()
        .expect("schemathesis runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
}
