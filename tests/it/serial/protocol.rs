//! What the link answers, without a terminal: the session is bytes in, bytes out.

use dermascope::RESEARCH_ONLY;
use dermascope::control::{self, DeviceState};
use dermascope::digest::sha256_hex;
use dermascope::light::{Lit, Ring};
use dermascope::power::{Battery, Charge};
use dermascope::records::export::{FORMATS, export};
use dermascope::records::{Filter, Record};
use dermascope::serial::{LARGEST_PART, LONGEST_CALL, Service, Session, message, wire};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::Bench;

fn session(bench: &Bench) -> Session {
    Session::new(Service::new(bench.config.clone(), Box::new(bench.clock.clone()), crate::shared::remote()))
}

/// All that a session answers to some bytes.
fn say(session: &mut Session, mut bytes: &[u8]) -> Vec<u8> {
    let mut answers = Vec::new();
    while let Some(answer) = session.take(&mut bytes) {
        answers.extend(answer);
    }
    answers
}

fn answer(session: &mut Session, method: &str, params: Value) -> Value {
    let call = [message::call(7, method, &params), b"\n".to_vec()].concat();
    let answer: Value = serde_json::from_slice(&say(session, &call)).expect("one line of JSON");
    assert_eq!((&answer["jsonrpc"], &answer["id"]), (&json!("2.0"), &json!(7)), "{answer}");
    answer
}

fn result(session: &mut Session, method: &str, params: Value) -> Value {
    let answer = answer(session, method, params);
    assert!(answer["error"].is_null(), "{answer}");
    answer["result"].clone()
}

fn code(session: &mut Session, method: &str, params: Value) -> i64 {
    answer(session, method, params)["error"]["code"].as_i64().expect("an error")
}

#[test]
fn the_methods_tell_of_the_device_and_its_records() {
    let bench = Bench::new(&[100, 200, 300]);
    let (mut session, store) = (session(&bench), bench.store());
    let hello = result(&mut session, "hello", Value::Null);
    assert_eq!((&hello["product"], &hello["device"]), (&json!("dermascope"), &json!(store.device())));
    assert_eq!(hello["notice"], RESEARCH_ONLY);
    let status = result(&mut session, "status", json!({}));
    assert_eq!(
        (&status["records"], &status["newest"], &status["exported"]),
        (&json!(3), &json!(3), &json!(0))
    );
    assert!(status["space"]["free"].as_u64().expect("a number") > 0);
    let page = result(&mut session, "records.list", json!({"limit": 2}));
    let numbers: Vec<_> =
        page["records"].as_array().expect("a list").iter().map(|r| r["sequence"].clone()).collect();
    assert_eq!((numbers, &page["next_before"]), (vec![json!(3), json!(2)], &json!(2)));
    let page = result(&mut session, "records.list", json!({"filter": {"before": 2}}));
    assert_eq!(
        (page["records"][0]["sequence"].clone(), page["next_before"].clone()),
        (json!(1), Value::Null)
    );
    let record = result(&mut session, "records.get", json!({"sequence": 2}));
    let record: Record = serde_json::from_value(record["record"].clone()).expect("a record");
    assert_eq!(record, store.get(2).expect("reads").expect("is there"));
}

#[test]
fn what_cannot_be_answered_is_an_error_with_its_code() {
    let bench = Bench::new(&[100]);
    let mut session = session(&bench);
    assert_eq!(code(&mut session, "records.burn", json!({})), message::NO_METHOD);
    assert_eq!(code(&mut session, "records.get", json!({"sequence": 9})), message::NO_RECORD);
    assert_eq!(code(&mut session, "records.get", json!({"seqence": 1})), message::PARAMS);
    assert_eq!(code(&mut session, "records.list", json!({"limit": 100_000})), message::PARAMS);
    let too_long = json!({"sequence": 1, "offset": 0, "length": LARGEST_PART + 1});
    assert_eq!(code(&mut session, "image.read", too_long), message::PARAMS);
    assert_eq!(code(&mut session, "export.read", json!({"offset": 0, "length": 1})), message::NO_PART);
    assert_eq!(code(&mut session, "time.set", json!({"now": "1999-01-01T00:00:00Z"})), message::CLOCK);
    let stranger = json!({"proofs": [{"sequence": 1, "proof": sha256_hex(b"made up")}]});
    assert_eq!(code(&mut session, "records.pulled", stranger), message::PARAMS, "without a nonce");
    assert_eq!(bench.store().exported().expect("reads"), 0);
}

#[test]
fn only_who_has_the_bytes_can_say_that_they_have_them() {
    let bench = Bench::new(&[100, 200]);
    let (mut session, store) = (session(&bench), bench.store());
    let nonce = |session: &mut Session| {
        let asked = result(session, "records.unproved", json!({}));
        assert_eq!(asked["sequences"], json!([1, 2]), "{asked}");
        asked["nonce"].as_str().expect("text").to_string()
    };
    let body = store.body(1).expect("reads").expect("is there");
    let image = store.image(&store.get(1).expect("reads").expect("is there")).expect("reads").bytes;
    let proof = |nonce: &str| dermascope::records::proof(nonce, &body, Some(&image));
    let say = |session: &mut Session, sequence: u64, proof: &str| {
        answer(session, "records.pulled", json!({"proofs": [{"sequence": sequence, "proof": proof}]}))
    };
    let hello = result(&mut session, "hello", json!({}));
    let first = nonce(&mut session);
    let head = hello["head"]["chain_sha256"].as_str().expect("text");
    for made_up in [head, &sha256_hex(&image), &proof("another nonce")] {
        nonce(&mut session);
        let refused = say(&mut session, 1, made_up);
        assert_eq!((&refused["result"]["proved"], &refused["result"]["refused"]), (&json!(0), &json!([1])));
    }
    nonce(&mut session);
    let stale = say(&mut session, 1, &proof(&first));
    assert_eq!(stale["result"]["proved"], 0, "a nonce is good for one answer: {stale}");
    let fresh = nonce(&mut session);
    let other = say(&mut session, 2, &proof(&fresh));
    assert_eq!(other["result"]["proved"], 0, "{other}");
    let fresh = nonce(&mut session);
    assert_eq!(say(&mut session, 1, &proof(&fresh))["result"]["proved"], 1);
    assert!(say(&mut session, 1, &proof(&fresh))["error"].is_object(), "used up");
    assert_eq!(store.not_given_out(dermascope::records::Scope::Picture, 0, 9).expect("reads"), [2]);
}

#[test]
fn the_clock_is_set_once_a_link_tells_the_time() {
    let bench = Bench::new(&[]);
    let mut session = session(&bench);
    assert_eq!(result(&mut session, "hello", json!({}))["clock_set"], false);
    let set = result(&mut session, "time.set", json!({"now": "2026-11-23T08:00:00Z"}));
    assert_eq!(set, json!({"now": "2026-11-23T08:00:00Z", "clock_set": true}));
}

#[test]
fn a_picture_comes_in_parts_with_checksums_in_both_forms() {
    let bench = Bench::new(&[1_000]);
    let mut session = session(&bench);
    let store = bench.store();
    let image = store.image(&store.get(1).expect("reads").expect("is there")).expect("reads").bytes;
    let params = json!({"sequence": 1, "offset": 600, "length": 300});
    let part = result(&mut session, "image.read", params.clone());
    let bytes = wire::from_base64(part["data"].as_str().expect("text")).expect("base64");
    assert_eq!(bytes, image[600..900]);
    assert_eq!((&part["crc32"], &part["size"]), (&json!(wire::crc32(&bytes)), &json!(1_000)));
    let mut params = params;
    params["as"] = json!("line");
    params["length"] = json!(48 * 1024);
    let call = [message::call(1, "image.read", &params), b"\n".to_vec()].concat();
    let answer = say(&mut session, &call);
    let mut lines = answer.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let first: Value = serde_json::from_slice(lines.next().expect("a line")).expect("JSON");
    assert_eq!(first["result"]["length"], 400, "the end is the end");
    assert_eq!(wire::read_line(lines.next().expect("a second line")).expect("bytes"), image[600..]);
}

#[test]
fn an_export_over_the_link_is_the_export() {
    let bench = Bench::new(&[40_000, 50_000]);
    let mut session = session(&bench);
    let store = bench.store();
    for (name, _, format) in FORMATS {
        let mut expected = std::io::Cursor::new(Vec::new());
        export(&store, &Filter::default(), *format, &mut expected).expect("exports");
        let made = result(&mut session, "export", json!({"format": name}));
        let mut bytes = Vec::new();
        while bytes.len() < made["size"].as_u64().expect("a number") as usize {
            let part = result(&mut session, "export.read", json!({"offset": bytes.len(), "length": 10_000}));
            bytes.extend(wire::from_base64(part["data"].as_str().expect("text")).expect("base64"));
        }
        assert!(bytes == expected.into_inner(), "{name}");
        assert_eq!(made["sha256"], sha256_hex(&bytes));
    }
    let left = std::fs::read_dir(bench.config.folder.join("incoming")).expect("is there").count();
    assert_eq!(left, 0, "nothing of it lies around");
}

#[test]
fn an_export_of_before_a_deletion_or_a_wipe_is_not_given_any_more_and_nothing_here_wipes() {
    let bench = Bench::new(&[100, 200]);
    let mut session = session(&bench);
    let part = json!({"offset": 0, "length": 16, "as": "base64"});
    result(&mut session, "export", json!({"format": "csv"}));
    result(&mut session, "export.read", part.clone());
    bench.store().delete(1, "test").expect("deletes");
    assert_eq!(code(&mut session, "export.read", part.clone()), message::NO_PART);
    result(&mut session, "export", json!({"format": "csv"}));
    for method in ["records.wipe", "wipe", "records.delete"] {
        assert_eq!(code(&mut session, method, json!({})), message::NO_METHOD);
    }
    let device = result(&mut session, "hello", Value::Null)["device"].clone();
    dermascope::records::wipe(&bench.config, "a test").expect("wipes");
    assert_eq!(code(&mut session, "export.read", part), message::NO_PART);
    let hello = result(&mut session, "hello", Value::Null);
    assert!(hello["device"].is_string() && hello["device"] != device);
    assert_eq!(result(&mut session, "status", json!({}))["records"], 0);
}

#[test]
fn a_person_reads_plain_words() {
    let bench = Bench::new(&[100, 100]);
    let mut session = session(&bench);
    let mut text = |words: &str| String::from_utf8(say(&mut session, words.as_bytes())).expect("text");
    assert!(text("help\r\n").contains("status"));
    let status = text("status\n");
    assert!(
        status.contains("2 records") && status.contains("clock") && status.contains("MiB free"),
        "{status}"
    );
    let list = text("list\n");
    assert_eq!(list.lines().filter(|line| line.contains('%')).count(), 2, "{list}");
    assert!(text("last\n").contains("     2  2025-"), "{}", text("last\n"));
    for words in ["list 1\n", "status\n", "help\n"] {
        assert!(text(words).contains(RESEARCH_ONLY), "{words}");
    }
    assert_eq!(text("what is this\n"), "? that is no word of mine: type help\r\n");
}

#[test]
fn a_case_is_said_in_plain_words_or_by_a_program() {
    let bench = Bench::new(&[]);
    let mut session = session(&bench);
    let mut text = |words: &str| String::from_utf8(say(&mut session, words.as_bytes())).expect("text");
    for (words, id, site) in [
        ("case", "-", "-"),
        ("case AB-12  left forearm", "AB-12", "left forearm"),
        ("case", "AB-12", "left forearm"),
        ("case AB-12 l3 left forearm", "AB-12 L3", "left forearm"),
        ("case AB-12 L3", "AB-12 L3", "-"),
        ("case Ä-7", "Ä-7", "-"),
        ("case - back", "-", "back"),
        ("case -", "-", "-"),
    ] {
        let said = text(&format!("{words}\r\n"));
        assert!(said.contains(&format!("case {id}, body site {site}\r\n")), "{words}: {said}");
    }
    assert!(text(&format!("case {}\n", "x".repeat(65))).contains("at most 64"));
    let case = json!({"case_id": "AB-12", "lesion": null, "anatomic_site": null, "laterality": null, "body_site": null});
    assert_eq!(result(&mut session, "case.set", json!({"case_id": "AB-12"})), case);
    assert_eq!(result(&mut session, "case.get", json!({})), case);
    assert_eq!(code(&mut session, "case.set", json!({"case_id": "A\nB"})), message::PARAMS);
    assert_eq!(result(&mut session, "status", json!({}))["case"], case);
    assert_eq!(result(&mut session, "case.set", json!({}))["case_id"], Value::Null);
}

#[test]
fn the_setting_is_said_in_words_and_in_calls() {
    let bench = Bench::new(&[]);
    let mut session = session(&bench);
    for (words, point, prevalence) in [
        ("point", "screening", "none stated"),
        ("point balanced", "balanced", "none stated"),
        ("prevalence 2%", "balanced", "2 %"),
        ("prevalence 0.5", "balanced", "50 %"),
        ("prevalence", "balanced", "50 %"),
        ("prevalence -", "balanced", "none stated"),
    ] {
        let said = String::from_utf8(say(&mut session, format!("{words}\n").as_bytes())).expect("text");
        assert!(
            said.contains(&format!("decided at `{point}`, prevalence {prevalence}\r\n")),
            "{words}: {said}"
        );
    }
    for (words, why) in
        [("point guess", "no such operating point"), ("prevalence 120%", "from 0.001 to 0.999")]
    {
        let said = String::from_utf8(say(&mut session, format!("{words}\n").as_bytes())).expect("text");
        assert!(said.contains(why), "{words}: {said}");
    }
    let setting = json!({"operating_point": "screening", "prevalence": 0.25});
    assert_eq!(result(&mut session, "setting.set", setting.clone()), setting);
    assert_eq!(result(&mut session, "setting.get", json!({})), setting);
    assert_eq!(code(&mut session, "setting.set", json!({"operating_point": "guess"})), message::PARAMS);
    assert_eq!(
        result(&mut session, "status", json!({}))["operating_points"],
        json!(["screening", "balanced"])
    );
}

#[test]
fn the_status_tells_battery_and_light_where_there_are_any() {
    let bench = Bench::new(&[]);
    let (remote, base) = control::pair();
    let service = Service::new(bench.config.clone(), Box::new(bench.clock.clone()), remote);
    let mut session = Session::new(service);
    let words = |session: &mut Session| String::from_utf8(say(session, b"status\n")).expect("text");
    let said = words(&mut session);
    assert!(!said.contains("battery") && !said.contains("light"), "{said}");
    let battery = Some(Battery { charge: Charge { percent: 9, charging: false }, low: true });
    base.tell(DeviceState {
        battery,
        light: Some(Lit { ring: Ring::Unpolarised, percent: 80 }),
        ..DeviceState::default()
    });
    let status = result(&mut session, "status", json!({}));
    assert_eq!(status["battery"], json!({"percent": 9, "charging": false, "low": true}));
    assert_eq!(status["light"], json!({"ring": "unpolarised", "percent": 80}));
    let said = words(&mut session);
    assert!(said.contains("# battery 9 %\r\n") && said.contains("# light unpolarised, 80 %\r\n"), "{said}");
}

#[test]
fn a_device_that_does_not_answer_is_an_error_with_its_code() {
    let bench = Bench::new(&[]);
    let (remote, gone) = control::pair();
    drop(gone);
    let service = Service::new(bench.config.clone(), Box::new(bench.clock.clone()), remote);
    assert_eq!(code(&mut Session::new(service), "case.set", json!({})), message::DEVICE);
}

#[test]
fn a_person_is_answered_whatever_key_ends_or_corrects_a_line() {
    let bench = Bench::new(&[100]);
    let mut session = session(&bench);
    let mut text = |typed: &[u8]| String::from_utf8(say(&mut session, typed)).expect("text");
    for typed in [
        &b"last\r"[..],
        b"last\n",
        b"last\r\n",
        b"LAST\r",
        b"Last 1\r",
        b"lats\x08\x08st\r",
        b"lats\x7f\x7fst\r",
        b"nonsense\x15last\r",
        b"\x1b[Alast\r",
        b" last \r",
        b"\x7e\x00\x78\xf0\x7elast\r",
    ] {
        let said = text(typed);
        assert!(said.contains("     1  2025-"), "{typed:?}: {said}");
        assert!(said.split_inclusive('\n').all(|line| line.ends_with("\r\n")), "{typed:?}: {said:?}");
    }
    assert!(
        text(b"CASE Ab-1 Left arm\r").contains("case Ab-1, body site Left arm"),
        "names keep their letters"
    );
    assert!(text(b"help\rlast\r").contains("     1  2025-"), "two lines at once");
}

/// What ModemManager, brltty and others send to every new port, with and without an end of a line.
const PROBES: &[&[u8]] = &[
    b"AT\r",
    b"ATI\r",
    b"AT+GCAP\r",
    b"ATE0V1+CMEE=1\r\n",
    b"AT",
    b"+++",
    b"\x7e\x00\x78\xf0\x7e",
    b"\x1b\x54\x1b",
    b"\x00\xff\xfe\x80",
    b"\xf5\x01\x02{\x03{{",
    b"\r\n\r",
    b"~~~",
];

#[test]
fn what_other_programs_ask_before_and_between_calls_is_not_answered_and_swallows_no_call() {
    let bench = Bench::new(&[]);
    for sealed in [false, true] {
        for probe in PROBES {
            let mut session = session(&bench);
            for id in 1..4 {
                let call = message::call(id, "ping", &Value::Null);
                let call = if sealed { message::seal(call) } else { call };
                let said = say(&mut session, &[probe, &call[..], b"\r\n"].concat());
                let said = said.strip_suffix(b"\r\n").expect("one answer");
                let (said, checked) = message::unseal(said).expect("a whole line");
                let answer: Value = serde_json::from_slice(said).expect("one line of JSON");
                assert_eq!(
                    (&answer["id"], &answer["result"], checked),
                    (&json!(id), &json!({}), sealed),
                    "{probe:?}"
                );
            }
        }
    }
}

#[test]
fn a_line_that_echoes_falls_silent() {
    let bench = Bench::new(&[100]);
    let mut session = session(&bench);
    for words in
        [&b"help\n"[..], b"status\n", b"list\n", b"what?\n", b"{\"method\":\"hello\"}\n", b"{]\n", b"[]\n"]
    {
        let mut echo = words.to_vec();
        let mut rounds = 0;
        while !echo.is_empty() {
            echo = say(&mut session, &echo);
            rounds += 1;
            assert!(rounds < 4, "{words:?} is answered for ever: {:?}", String::from_utf8_lossy(&echo));
        }
    }
}

#[test]
fn a_line_of_100_mb_is_let_pass() {
    let bench = Bench::new(&[100]);
    let mut session = session(&bench);
    let block = vec![b'x'; 1 << 20];
    for _ in 0..100 {
        assert!(say(&mut session, &block).is_empty());
    }
    let refused: Value = serde_json::from_slice(&say(&mut session, b"\n")).expect("one line of JSON");
    assert!(refused["error"]["message"].as_str().expect("text").contains(&LONGEST_CALL.to_string()));
    assert_eq!(result(&mut session, "hello", json!({}))["product"], "dermascope");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever came before, a call on a line of its own is answered.
    #[test]
    fn a_call_after_any_garbage_is_answered(garbage in prop::collection::vec(any::<u8>(), 0..6000), cut in 1_usize..100) {
        let bench = Bench::new(&[]);
        let mut session = session(&bench);
        for piece in garbage.chunks(cut) {
            say(&mut session, piece);
        }
        say(&mut session, b"\n");
        prop_assert_eq!(&result(&mut session, "hello", json!({}))["product"], "dermascope");
    }
}
