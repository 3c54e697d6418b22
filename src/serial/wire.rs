//! Bytes on a line: in a JSON string as base64, which any client reads, or as a line of their own, which costs 2 %
//! instead of 33 %. Such a line begins with `=`; the five bytes that it must not hold (line ends, flow control and `=`
//! itself) are sent as `=` and the byte with its bit 6 turned over, as yEnc does.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

/// What such a line begins with, and what announces a byte that is turned over.
const MARK: u8 = b'=';
const TURN: u8 = 0x40;

/// How bytes are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// In the answer, as `data`.
    #[default]
    Base64,
    /// On the line after the answer.
    Line,
}

/// The CRC-32 (IEEE 802.3) that goes with bytes, as 8 hexadecimal digits.
pub fn crc32(bytes: &[u8]) -> String {
    format!("{:08x}", crc32fast::hash(bytes))
}

/// As RFC 4648 has it, with padding.
pub fn to_base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// The bytes of such a text; none where it is not one.
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(text).ok()
}

/// Appends the line for `bytes`, without its end.
pub fn write_line(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(bytes.len() + bytes.len() / 16 + 1);
    out.push(MARK);
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| TURNED[usize::from(*byte)]) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(&[MARK, rest[at] ^ TURN]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

/// The bytes of such a line; none where it is not one.
pub fn read_line(line: &[u8]) -> Option<Vec<u8>> {
    let mut rest = line.strip_prefix(&[MARK])?;
    let mut bytes = Vec::with_capacity(rest.len());
    while let Some(at) = rest.iter().position(|byte| *byte == MARK) {
        bytes.extend_from_slice(&rest[..at]);
        bytes.push(rest.get(at + 1)? ^ TURN);
        rest = &rest[at + 2..];
    }
    bytes.extend_from_slice(rest);
    Some(bytes)
}

/// Which bytes are turned over.
const TURNED: [bool; 256] = {
    let mut turned = [false; 256];
    let bytes = *b"\n\r\x11\x13=";
    let mut index = 0;
    while index < bytes.len() {
        turned[bytes[index] as usize] = true;
        index += 1;
    }
    turned
};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_come_back_from_a_line_without_line_ends(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let mut line = Vec::new();
            write_line(&bytes, &mut line);
            prop_assert!(!line.iter().any(|byte| b"\n\r\x11\x13".contains(byte)));
            prop_assert_eq!(read_line(&line), Some(bytes.clone()));
            prop_assert_eq!(from_base64(&to_base64(&bytes)), Some(bytes));
        }

        #[test]
        fn any_line_is_read_or_refused(line in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = read_line(&line);
        }
    }

    #[test]
    fn the_form_of_a_line_is_as_documented() {
        let mut line = Vec::new();
        write_line(b"a\n=b", &mut line);
        assert_eq!(line, b"=a=J=}b");
        assert_eq!(read_line(b"ab"), None);
        assert_eq!(read_line(b"=a="), None);
        assert_eq!(crc32(b"123456789"), "cbf43926");
    }
}
