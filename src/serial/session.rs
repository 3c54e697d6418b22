//! The protocol: bytes in, bytes out, no terminal. Holds one line that comes in and one answer that goes out, each of
//! bounded size, whatever the peer sends.

use serde_json::Value;

use super::limits::LONGEST_CALL;
use super::lines::{Line, Lines};
use super::message::{self, Fault, INVALID, Message, PARSE};
use super::service::Service;
use super::{wire, words};

/// A conversation over one line.
pub struct Session {
    lines: Lines,
    service: Service,
}

impl Session {
    pub fn new(service: Service) -> Self {
        Self { lines: Lines::new(LONGEST_CALL), service }
    }

    /// Takes bytes from the front of `bytes`, up to where an answer is due, and gives the answer.
    /// Whoever calls it sends the answer before it takes more: so a peer that does not read is not read from.
    pub fn take(&mut self, bytes: &mut &[u8]) -> Option<Vec<u8>> {
        while !bytes.is_empty() {
            let answer = match self.lines.take(bytes) {
                Some(Line::Whole(line)) => answer(&mut self.service, line),
                Some(Line::TooLong) => {
                    let words = format!("the line is longer than {LONGEST_CALL} bytes");
                    Some(ended(refusal(Fault::new(INVALID, words)), false))
                }
                None => None,
            };
            if answer.is_some() {
                return answer;
            }
        }
        None
    }

    /// The line was cut: what comes next begins anew.
    pub fn reset(&mut self) {
        self.lines = Lines::new(LONGEST_CALL);
    }
}

/// The answer to a line, with its end; none where none is due.
fn answer(service: &mut Service, line: &[u8]) -> Option<Vec<u8>> {
    // What was lost before it may have left something in front of a call.
    let line = line.trim_ascii_start();
    if !line.starts_with(b"{") && !line.starts_with(b"[") {
        return words::answer(service, line).map(String::into_bytes);
    }
    let Some((line, sealed)) = message::unseal(line) else {
        return Some(ended(refusal(Fault::new(PARSE, "the checksum is wrong")), true));
    };
    let call = match message::parse(line) {
        Message::Call(call) => call,
        Message::Answer => return None,
        Message::Faulty(fault) => return Some(ended(refusal(fault), sealed)),
    };
    let answered = service.call(&call.method, call.params);
    let id = call.id?;
    let (result, extra) = match answered {
        Ok(answer) => (Ok(answer.result), answer.line),
        Err(fault) => (Err(fault), None),
    };
    let mut bytes = ended(message::answer(&id, result), sealed);
    if let Some(extra) = extra {
        wire::write_line(&extra, &mut bytes);
        bytes.push(b'\n');
    }
    Some(bytes)
}

/// To a line that nobody can say whose it was.
fn refusal(fault: Fault) -> Vec<u8> {
    message::answer(&Value::Null, Err(fault))
}

/// A line with its end, and with a checksum where the call had one.
fn ended(line: Vec<u8>, sealed: bool) -> Vec<u8> {
    let mut line = if sealed { message::seal(line) } else { line };
    line.push(b'\n');
    line
}
