//! JSON-RPC 2.0 (jsonrpc.org/specification), one object a line: calls in, answers out.

use serde::Deserialize;
use serde_json::{Value, json};

use super::wire;

/// A call, or a notification where it has no id.
#[derive(Debug, PartialEq)]
pub struct Call {
    /// What the answer repeats; none where no answer is wanted.
    pub id: Option<Value>,
    /// The method's name, such as "records.get".
    pub method: String,
    /// The method's parameters; null where none are given.
    pub params: Value,
}

/// Why a call was not answered with a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcError {
    /// One of the codes of this file: below 0 the specification's, above 0 the link's own.
    pub code: i64,
    /// What went wrong, in words for people.
    pub message: String,
}

/// It is not JSON. This code and the three below are the specification's.
pub const PARSE: i64 = -32700;
/// It is JSON, and not a call.
pub const INVALID: i64 = -32600;
/// There is no such method.
pub const NO_METHOD: i64 = -32601;
/// The method does not take these parameters.
pub const PARAMS: i64 = -32602;
/// There is no such record. This code and those below are the link's own.
pub const NO_RECORD: i64 = 1;
/// The picture was removed to make room; the record is whole.
pub const PRUNED: i64 = 2;
/// The picture is missing or altered, or the records cannot be read.
pub const DAMAGED: i64 = 3;
/// The clock cannot be set.
pub const CLOCK: i64 = 4;
/// There is no such part: of a picture, or of an export that was not made.
pub const NO_PART: i64 = 5;
/// The device does not answer.
pub const DEVICE: i64 = 6;

impl RpcError {
    /// A fault of this code, with words for people.
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// What a line that begins like JSON says.
#[derive(Debug, PartialEq)]
pub enum Message {
    /// A call or a notification, to be carried out.
    Call(Call),
    /// An answer: of another device, or our own that came back. Nobody answers it, or two would never end.
    Answer,
    /// Not a call: answered with this fault.
    Faulty(RpcError),
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    jsonrpc: Value,
    #[serde(default, deserialize_with = "given")]
    id: Option<Value>,
    #[serde(default)]
    method: Option<Value>,
    #[serde(default)]
    params: Value,
    #[serde(default)]
    result: Option<Value>,
    #[serde(default)]
    error: Option<Value>,
}

/// `null` is an id too; only none at all makes a notification.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// Takes the checksum off a line that has one: `*` and the CRC-32 of all before it as 8 hexadecimal digits, as NMEA 0183
/// has it. Gives what is before it and whether there was one; none where it is wrong.
pub fn unseal(line: &[u8]) -> Option<(&[u8], bool)> {
    let Some((text, [b'*', digits @ ..])) = line.split_last_chunk::<9>() else { return Some((line, false)) };
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return Some((line, false));
    }
    (digits == wire::crc32(text).as_bytes()).then_some((text, true))
}

/// Puts a checksum on a line.
pub fn seal(mut line: Vec<u8>) -> Vec<u8> {
    let crc32 = wire::crc32(&line);
    line.push(b'*');
    line.extend_from_slice(crc32.as_bytes());
    line
}

/// Reads a line.
pub fn parse(line: &[u8]) -> Message {
    if line.starts_with(b"[") {
        return Message::Faulty(RpcError::new(INVALID, "one call a line, please: batches are not taken"));
    }
    let raw: Raw = match serde_json::from_slice(line) {
        Ok(raw) => raw,
        Err(cause) => return Message::Faulty(RpcError::new(PARSE, format!("this is not JSON-RPC: {cause}"))),
    };
    let id_is_plain = raw.id.as_ref().is_none_or(|id| !id.is_array() && !id.is_object());
    match raw.method {
        None if raw.result.is_some() || raw.error.is_some() => Message::Answer,
        Some(Value::String(method)) if raw.jsonrpc == "2.0" && id_is_plain => {
            Message::Call(Call { id: raw.id, method, params: raw.params })
        }
        _ => Message::Faulty(RpcError::new(INVALID, "a call has \"jsonrpc\": \"2.0\", a method and an id")),
    }
}

/// The line that answers, without its end.
pub fn answer(id: &Value, result: Result<Value, RpcError>) -> Vec<u8> {
    let answer = match result {
        Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
        Err(RpcError { code, message }) => {
            json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
        }
    };
    answer.to_string().into_bytes()
}

/// The line that calls, without its end.
pub fn call(id: u64, method: &str, params: &Value) -> Vec<u8> {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_call_and_a_notification_are_told_apart() {
        let called = parse(br#"{"jsonrpc":"2.0","id":null,"method":"hello"}"#);
        assert!(matches!(called, Message::Call(Call { id: Some(Value::Null), .. })), "{called:?}");
        let told = parse(br#"{"jsonrpc":"2.0","method":"hello"}"#);
        assert!(matches!(told, Message::Call(Call { id: None, .. })), "{told:?}");
    }

    #[test]
    fn what_is_no_call_is_refused_with_the_codes_of_the_specification() {
        let code = |line: &[u8]| match parse(line) {
            Message::Faulty(fault) => fault.code,
            other => panic!("{other:?}"),
        };
        assert_eq!(code(b"{\"jsonrpc\": \"2.0\", \"method\": \"foo"), PARSE);
        assert_eq!(code(br#"{"jsonrpc":"2.0","method":1,"id":1}"#), INVALID);
        assert_eq!(code(br#"{"jsonrpc":"1.0","method":"hello","id":1}"#), INVALID);
        assert_eq!(code(br#"{"jsonrpc":"2.0","method":"hello","id":{}}"#), INVALID);
        assert_eq!(code(b"[]"), INVALID);
        assert_eq!(code(&b"{\"a\":".repeat(1000)), PARSE);
    }

    #[test]
    fn an_answer_is_not_answered() {
        for result in [Ok(json!({"a": 1})), Err(RpcError::new(NO_RECORD, "none"))] {
            assert_eq!(parse(&answer(&json!(7), result)), Message::Answer);
        }
    }

    #[test]
    fn a_line_with_a_checksum_is_taken_only_with_the_right_one() {
        assert_eq!(seal(b"123456789".to_vec()), b"123456789*cbf43926");
        assert_eq!(unseal(b"123456789*cbf43926"), Some((&b"123456789"[..], true)));
        assert_eq!(unseal(b"123456780*cbf43926"), None);
        assert_eq!(unseal(b"{}"), Some((&b"{}"[..], false)));
    }

    proptest! {
        #[test]
        fn any_line_is_read_or_refused(line in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&line);
            let _ = parse(&[b"{\"jsonrpc\":\"2.0\",\"method\":", &line[..]].concat());
        }
    }
}
