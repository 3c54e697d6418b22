//! The serial link takes anything: bytes in any pieces, and after them a call on a line of its own is answered.
#![no_main]

use dermascope::clock::SettableClock;
use dermascope::control;
use dermascope::serial::lines::{Line, Lines};
use dermascope::serial::{LONGEST_CALL, Service, Session, message, wire};
use dermascope::records::RecordsConfig;
use libfuzzer_sys::fuzz_target;

struct Stopped;

impl SettableClock for Stopped {
    fn now(&self) -> (jiff::Timestamp, bool) {
        (jiff::Timestamp::UNIX_EPOCH, false)
    }

    fn set(&self, _: jiff::Timestamp) -> Result<(), String> {
        Err("it is stopped".into())
    }
}

fuzz_target!(|bytes: &[u8]| {
    let records = RecordsConfig { folder: "/nowhere".into(), ..RecordsConfig::default() };
    let mut session = Session::new(Service::new(records, Box::new(Stopped), control::pair().0));
    let mut rest = bytes;
    while session.take(&mut rest).is_some() {}
    let mut end: &[u8] = b"\n";
    while session.take(&mut end).is_some() {}
    let mut ping = &[message::seal(message::call(1, "ping", &serde_json::Value::Null)), b"\n".to_vec()].concat()[..];
    let answer = session.take(&mut ping).expect("a call is answered");
    assert!(message::unseal(answer.trim_ascii_end()).is_some_and(|(_, sealed)| sealed));

    // The laptop's end of it.
    let mut lines = Lines::new(LONGEST_CALL);
    let mut rest = bytes;
    while !rest.is_empty() {
        if let Some(Line::Whole(line)) = lines.take(&mut rest) {
            let _ = (wire::read_line(line), message::unseal(line), message::parse(line));
        }
    }
    let mut line = Vec::new();
    wire::write_line(bytes, &mut line);
    assert_eq!(wire::read_line(&line).as_deref(), Some(bytes));
});
