//! The protocol: bytes in, bytes out, no terminal. Holds one line that comes in and one answer that goes out, each of
//! bounded size, whatever the peer sends.

use std::borrow::Cow;

use serde_json::Value;

use super::limits::LONGEST_CALL;
use super::lines::{Line, Lines};
use super::message::{self, INVALID, Message, PARSE, RpcError};
use super::service::Service;
use super::{typed, wire, words};

/// What ends every line of an answer: terminals need the CR to go to the left, and programs the LF.
pub(super) const END: &str = "\r\n";
/// In how many places of a line a call is looked for.
const TRIES: usize = 32;

/// A conversation over one line.
pub struct Session {
    lines: Lines,
    service: Service,
}

impl Session {
    /// A conversation that begins: no byte has come in yet.
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
                    Some(ended(refusal(RpcError::new(INVALID, words)), false))
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
    let line = without_probe(line);
    if !looks_like_json(&line) {
        return words::answer(service, &line).map(|words| words.replace('\n', END).into_bytes());
    }
    let Some((line, sealed)) = message::unseal(&line) else {
        return Some(ended(refusal(RpcError::new(PARSE, "the checksum is wrong")), true));
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
        bytes.extend(END.bytes());
    }
    Some(bytes)
}

/// A line without what may stand in front of a call: what was lost before it, or a probe that had no end. Any other
/// line is what a person typed, as it was meant.
fn without_probe(line: &[u8]) -> Cow<'_, [u8]> {
    let starts = line.iter().enumerate().filter(|(_, byte)| **byte == b'{').take(TRIES);
    let mut calls = starts.map(|(start, _)| &line[start..]);
    match calls.find(|call| is_call(call)) {
        Some(call) => call.into(),
        None => match typed::as_meant(line) {
            Cow::Borrowed(line) => line.trim_ascii_start().into(),
            Cow::Owned(line) => line.trim_ascii_start().to_vec().into(),
        },
    }
}

fn is_call(line: &[u8]) -> bool {
    message::unseal(line).is_some_and(|(text, _)| matches!(message::parse(text), Message::Call(_)))
}

fn looks_like_json(line: &[u8]) -> bool {
    line.starts_with(b"{") || line.starts_with(b"[")
}

/// To a line that nobody can say whose it was.
fn refusal(fault: RpcError) -> Vec<u8> {
    message::answer(&Value::Null, Err(fault))
}

/// A line with its end, and with a checksum where the call had one.
fn ended(line: Vec<u8>, sealed: bool) -> Vec<u8> {
    let mut line = if sealed { message::seal(line) } else { line };
    line.extend(END.bytes());
    line
}
