//! What a person's terminal and other programs put around the words of a line: corrections, cursor keys, flow control,
//! and the probes of those that look for modems or Braille displays on every port (ModemManager, brltty).

use std::borrow::Cow;

const ETX: u8 = 0x03;
const BACKSPACE: u8 = 0x08;
const XON: u8 = 0x11;
const XOFF: u8 = 0x13;
const NAK: u8 = 0x15;
const ESCAPE: u8 = 0x1b;
const DELETE: u8 = 0x7f;

/// A line as it was meant: Backspace and Delete take the last character back, Ctrl-C and Ctrl-U all that stands, and
/// cursor keys and flow control are nothing.
pub fn as_meant(line: &[u8]) -> Cow<'_, [u8]> {
    if !line.iter().any(|byte| *byte < b' ' || *byte == DELETE) {
        return line.into();
    }
    let mut meant = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        match *first {
            BACKSPACE | DELETE => take_back(&mut meant),
            ETX | NAK => meant.clear(),
            ESCAPE => rest = after_key(rest),
            XON | XOFF => {}
            byte => meant.push(byte),
        }
    }
    meant.into()
}

/// Takes the last character off, however many bytes UTF-8 gives it.
fn take_back(text: &mut Vec<u8>) {
    while text.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
}

/// What stands behind an escape sequence (ECMA-48, 5.4): `[` or `O`, parameters, one final byte.
fn after_key(rest: &[u8]) -> &[u8] {
    let Some((b'[' | b'O', sequence)) = rest.split_first() else { return rest };
    let end = sequence.iter().position(|byte| !(b' '..=b'?').contains(byte));
    end.map_or(&[], |end| &sequence[end + 1..])
}

/// The words of a line behind what is no text (frames of binary protocols, such as QCDM's, which end in `~`), and whether
/// there was any such.
pub fn behind_noise(line: &[u8]) -> (&str, bool) {
    let text = line
        .utf8_chunks()
        .last()
        .map_or("", |last| if last.invalid().is_empty() { last.valid() } else { "" });
    let words = text.rsplit(char::is_control).next().unwrap_or_default();
    if words.len() == line.len() { (words, false) } else { (words.trim_start_matches('~'), true) }
}

/// Whether a line is what modems are asked or told: `AT`, `ATI`, `AT+GCAP`, `+++`. Nobody is answered: what is not a
/// modem says nothing.
pub fn is_for_a_modem(line: &str) -> bool {
    let Some((start, command)) = line.as_bytes().split_first_chunk::<2>() else { return false };
    let is_word = command.len() >= 2 && command[..2].iter().all(u8::is_ascii_alphabetic);
    (start.eq_ignore_ascii_case(b"AT") && !is_word) || line.starts_with("+++")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_corrected_is_what_was_meant() {
        for (typed, meant) in [
            ("hepl\u{8}\u{8}lp", "help"),
            ("hepl\u{7f}\u{7f}lp", "help"),
            ("\u{8}\u{8}\u{7f}last", "last"),
            ("case Ä\u{7f}A", "case A"),
            ("case 皮\u{8}\u{8}x", "casex"),
            ("lits\u{15}list", "list"),
            ("nonsense\u{3}status", "status"),
            ("\u{1b}[A\u{1b}OBhe\u{1b}[1;5Clp\u{1b}[3~", "help"),
            ("\u{13}\u{11}help", "help"),
        ] {
            assert_eq!(String::from_utf8_lossy(&as_meant(typed.as_bytes())), meant, "{typed:?}");
        }
    }

    #[test]
    fn modems_words_are_told_from_ours() {
        for probe in ["AT", "ATI", "ATE0V1", "AT+GCAP", "at", "ATQ0 V1 E1 S0=0", "AT&F", "AT%IPSYS?", "+++"] {
            assert!(is_for_a_modem(probe), "{probe}");
        }
        for word in ["attention", "status", "ATTENTION", "a", "", "help", "later"] {
            assert!(!is_for_a_modem(word), "{word}");
        }
    }

    #[test]
    fn words_stand_behind_noise() {
        for (line, words) in [
            (&b"\x7e\x00\x78\xf0\x7ehelp"[..], "help"),
            (b"\xff\xfehelp", "help"),
            (b"help", "help"),
            ("case Ä-7 皮".as_bytes(), "case Ä-7 皮"),
            ("\u{1}case Ä-7".as_bytes(), "case Ä-7"),
            (b"\x80", ""),
        ] {
            assert_eq!(behind_noise(line).0, words, "{line:?}");
        }
    }

    proptest! {
        #[test]
        fn words_behind_any_noise_are_text(noise in prop::collection::vec(any::<u8>(), 0..60), words in "[a-z]{1,9}") {
            let line = [&noise[..], b"\0", words.as_bytes()].concat();
            prop_assert_eq!(behind_noise(&line), (words.as_str(), true));
            prop_assert!(!behind_noise(&noise).0.contains(char::is_control));
            let _ = as_meant(&noise);
        }

        #[test]
        fn text_that_needs_no_correction_is_left_alone(text in "[^\\p{Cc}]{0,60}") {
            prop_assert_eq!(as_meant(text.as_bytes()), text.as_bytes());
            prop_assert_eq!(behind_noise(text.as_bytes()), (text.as_str(), false));
        }
    }
}
