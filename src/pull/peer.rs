//! The device as the laptop sees it over a terminal: calls that are tried again until their answers come whole.

use std::io;
use std::time::{Duration, Instant};

use rand::Rng;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serial2::SerialPort;

use crate::serial::lines::{Line, Lines};
use crate::serial::message::{self, RpcError};
use crate::serial::{LARGEST_PART, is_wait, wire};

/// The longest line of an answer: the largest part with every byte turned over, or a page of the chain as JSON.
const LONGEST_ANSWER: usize = 1 << 20;
/// The first and the smallest part of a picture, in bytes. Parts grow while they arrive whole and soon.
const FIRST_PART: usize = 1024;
const SMALLEST_PART: usize = 128;
const SOON: Duration = Duration::from_millis(500);

/// Why a call was not answered.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// The terminal is gone.
    #[error("the cable was unplugged, or the device switched off ({0})")]
    Cut(io::Error),
    /// Noise on the line, or a device that is not there: calls and answers do not come whole.
    #[error("no whole answer after {tries} tries; check that the device runs, and its cable")]
    Noise {
        /// How often the call was tried.
        tries: u32,
    },
    /// The answer did not come within the time that one call has.
    #[error("no whole answer within {} s; check that the device runs, and its cable", .0.as_secs())]
    Slow(Duration),
    /// The device answered that it cannot.
    #[error("{}", .0.message)]
    Refused(RpcError),
    /// The device answered, and what it said cannot be written on this computer.
    #[error("cannot write what was pulled: {0}")]
    Keep(io::Error),
}

/// How an answer went wrong that may go right next time.
pub(super) enum Trouble {
    Garbled,
    Final(PeerError),
}

impl From<PeerError> for Trouble {
    fn from(error: PeerError) -> Self {
        Self::Final(error)
    }
}

/// What the laptop expects of the line.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How long nothing may come before an answer is given up.
    pub silence: Duration,
    /// How often in a row a call may fail.
    pub tries: u32,
    /// How long one call may take until its answer is whole, with all tries: whatever else comes on the line.
    pub call: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { silence: Duration::from_secs(2), tries: 10, call: Duration::from_secs(60) }
    }
}

pub struct Peer {
    port: SerialPort,
    patience: Patience,
    lines: Lines,
    block: Vec<u8>,
    /// What of `block` is still to be looked at.
    rest: std::ops::Range<usize>,
    id: u64,
    part: usize,
    /// When the call that is under way has taken too long.
    deadline: Instant,
}

impl Peer {
    pub fn new(port: SerialPort, patience: Patience) -> Self {
        // Answers to an earlier run's calls may still be on the line: its numbers were others.
        let id = u64::from(rand::rng().next_u32()) << 16;
        let lines = Lines::new(LONGEST_ANSWER);
        let deadline = Instant::now() + patience.call;
        Self { port, patience, lines, block: vec![0; 64 * 1024], rest: 0..0, id, part: FIRST_PART, deadline }
    }

    /// From here on the next answer has its time.
    pub(super) fn begin_call(&mut self) {
        self.deadline = Instant::now() + self.patience.call;
    }

    fn check_deadline(&self) -> Result<(), PeerError> {
        if Instant::now() > self.deadline { Err(PeerError::Slow(self.patience.call)) } else { Ok(()) }
    }

    /// Calls a method that may be called twice without harm.
    pub fn call<T: DeserializeOwned>(&mut self, method: &str, params: &Value) -> Result<T, PeerError> {
        self.call_sized(method, |_| params.clone())
    }

    /// As `call`, for an answer that may be asked to be so many bytes: fewer each time that it does not come whole.
    pub fn call_sized<T: DeserializeOwned>(
        &mut self,
        method: &str,
        params: impl Fn(usize) -> Value,
    ) -> Result<T, PeerError> {
        self.begin_call();
        for _ in 0..self.patience.tries {
            let asked = Instant::now();
            let answered =
                self.send(method, &params(self.part)).map_err(Trouble::from).and_then(|id| self.answer(id));
            match answered.map(|(result, _)| serde_json::from_value(result)) {
                Ok(Ok(result)) => {
                    self.grow(asked);
                    return Ok(result);
                }
                Err(Trouble::Final(error)) => return Err(error),
                Ok(Err(_)) | Err(Trouble::Garbled) => self.begin_anew()?,
            }
        }
        Err(PeerError::Noise { tries: self.patience.tries })
    }

    /// Counts one more failure in a row, up to what the patience bears, and begins anew.
    pub(super) fn count_failure(&mut self, failed: u32) -> Result<u32, PeerError> {
        if failed + 1 >= self.patience.tries {
            return Err(PeerError::Noise { tries: failed + 1 });
        }
        self.begin_anew()?;
        Ok(failed + 1)
    }

    /// Bytes to ask for at once.
    pub(super) fn part(&self) -> usize {
        self.part
    }

    pub(super) fn grow(&mut self, asked: Instant) {
        if asked.elapsed() < SOON {
            self.part = (self.part * 2).min(LARGEST_PART);
        }
    }

    /// After an answer that was not whole: asks for less at once, and lets all that was asked for before pass by. Else
    /// each answer that comes late and damaged would make for more calls, and more of those.
    fn begin_anew(&mut self) -> Result<(), PeerError> {
        self.part = (self.part / 2).max(SMALLEST_PART);
        for _ in 0..self.patience.tries {
            // Half a call may stand at the device.
            self.write(b"\n")?;
            let id = self.send("ping", &Value::Null)?;
            if self.passes(id)? {
                return Ok(());
            }
        }
        Err(PeerError::Noise { tries: self.patience.tries })
    }

    /// Lets lines pass, whole or not, up to the answer to a call; false where nothing comes any more.
    fn passes(&mut self, id: u64) -> Result<bool, PeerError> {
        let mut heard = Instant::now();
        loop {
            match self.line() {
                Ok(line) => {
                    heard = Instant::now();
                    if Answer::read(&line).is_ok_and(|answer| answer.is_some_and(|answer| answer.id == id)) {
                        return Ok(true);
                    }
                }
                Err(Trouble::Garbled) if heard.elapsed() >= self.patience.silence => return Ok(false),
                Err(Trouble::Garbled) => {}
                Err(Trouble::Final(error)) => return Err(error),
            }
        }
    }

    pub(super) fn send(&mut self, method: &str, params: &Value) -> Result<u64, PeerError> {
        self.id += 1;
        let mut line = message::seal(message::call(self.id, method, params));
        line.push(b'\n');
        self.write(&line)?;
        Ok(self.id)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), PeerError> {
        let (mut sent, start) = (0, Instant::now());
        // What does not fit is lost, like what noise takes: the call is tried again.
        while sent < bytes.len() && start.elapsed() < self.patience.silence {
            match self.port.write(&bytes[sent..]) {
                Ok(written) => sent += written,
                Err(cause) if is_wait(&cause) => {}
                Err(cause) => return Err(PeerError::Cut(cause)),
            }
        }
        Ok(())
    }

    /// The answer to a call, with the bytes of the line after it where it announces one.
    pub(super) fn answer(&mut self, id: u64) -> Result<(Value, Option<Vec<u8>>), Trouble> {
        loop {
            let line = self.line()?;
            let Some(answer) = Answer::read(&line)? else { continue };
            match answer.id.as_u64() {
                Some(found) if found == id => {}
                // One that was asked for later: this one will not come any more.
                Some(found) if found > id && found <= self.id => return Err(Trouble::Garbled),
                // The device could not read a call.
                None if answer.error.is_some() => return Err(Trouble::Garbled),
                _ => continue,
            }
            if let Some(RpcError { code, message }) = answer.error.map(RpcError::from) {
                return Err(PeerError::Refused(RpcError { code, message }).into());
            }
            let bytes = match answer.result.get("as").and_then(Value::as_str) {
                Some("line") => Some(wire::read_line(&self.line()?).ok_or(Trouble::Garbled)?),
                _ => None,
            };
            return Ok((answer.result, bytes));
        }
    }

    fn line(&mut self) -> Result<Vec<u8>, Trouble> {
        let mut heard = Instant::now();
        loop {
            self.check_deadline()?;
            let mut rest = &self.block[self.rest.clone()];
            let before = rest.len();
            let line = match self.lines.take(&mut rest) {
                Some(Line::Whole(line)) => Some(Ok(line.to_vec())),
                Some(Line::TooLong) => Some(Err(Trouble::Garbled)),
                None => None,
            };
            self.rest.start += before - rest.len();
            if let Some(line) = line {
                return line;
            }
            if !self.rest.is_empty() {
                continue;
            }
            match self.port.read(&mut self.block) {
                Ok(0) => return Err(PeerError::Cut(io::ErrorKind::UnexpectedEof.into()).into()),
                Ok(read) => {
                    self.rest = 0..read;
                    heard = Instant::now();
                }
                Err(cause) if is_wait(&cause) && heard.elapsed() > self.patience.silence => {
                    return Err(Trouble::Garbled);
                }
                Err(cause) if is_wait(&cause) => {}
                Err(cause) => return Err(PeerError::Cut(cause).into()),
            }
        }
    }
}

/// Words from the device as they may go to a terminal: one line of at most 300 letters, without what moves the cursor,
/// colours, hides or turns text.
pub fn clean(text: &str) -> String {
    let hidden = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
    };
    text.chars().map(|letter| if hidden(letter) { '\u{fffd}' } else { letter }).take(300).collect()
}

/// A line that answers some call.
#[derive(Deserialize)]
struct Answer {
    id: Value,
    #[serde(default)]
    result: Value,
    #[serde(default)]
    error: Option<RawFault>,
}

#[derive(Deserialize)]
struct RawFault {
    code: i64,
    message: String,
}

impl From<RawFault> for RpcError {
    fn from(raw: RawFault) -> Self {
        Self { code: raw.code, message: clean(&raw.message) }
    }
}

impl Answer {
    /// None where the line is no answer at all; a damaged one is trouble at once, without waiting for what will not come.
    fn read(line: &[u8]) -> Result<Option<Self>, Trouble> {
        if !line.starts_with(b"{") {
            return Ok(None);
        }
        match message::unseal(line) {
            Some((text, true)) => Ok(serde_json::from_slice(text).ok()),
            _ => Err(Trouble::Garbled),
        }
    }
}
