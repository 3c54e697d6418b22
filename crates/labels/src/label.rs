//! A label's text.

use std::fmt::Write;

/// What every label begins with; a later form has another number.
const HEAD: &str = "dermascope:1:";
/// The highest number of a lesion.
const MOST: u16 = 999;

/// A case, and one of its lesions where one is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The operator's own name for the case; never empty.
    pub case_id: String,
    /// From 1 to 999.
    pub lesion: Option<u16>,
}

/// Why a text is no label.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// It is a code of something else.
    #[error("this code is not one of dermascope's labels")]
    Foreign,
    /// It is of a later form.
    #[error("this label is of a newer form; update the device")]
    Newer,
    /// It begins as a label and goes on as none.
    #[error("this label is not whole: {0}")]
    Broken(&'static str),
}

impl Label {
    /// The text, such as `dermascope:1:AB-12:L3`.
    pub fn text(&self) -> String {
        let mut text = String::from(HEAD);
        for byte in self.case_id.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                text.push(char::from(byte));
            } else {
                // Writing to a string does not fail.
                let _ = write!(text, "%{byte:02X}");
            }
        }
        if let Some(lesion) = self.lesion {
            let _ = write!(text, ":L{lesion}");
        }
        text
    }

    /// Reads the text of a code.
    ///
    /// # Errors
    ///
    /// Whatever is not exactly a label.
    pub fn parse(text: &str) -> Result<Self, LabelError> {
        let Some(rest) = text.strip_prefix(HEAD) else {
            let later = text.strip_prefix("dermascope:").and_then(|rest| rest.split(':').next());
            let is_later = later
                .is_some_and(|form| !form.is_empty() && form.bytes().all(|digit| digit.is_ascii_digit()));
            return Err(if is_later { LabelError::Newer } else { LabelError::Foreign });
        };
        let mut parts = rest.split(':');
        let case_id = unescaped(parts.next().unwrap_or_default())?;
        let lesion = parts.next().map(lesion).transpose()?;
        if parts.next().is_some() {
            return Err(LabelError::Broken("there is more behind the lesion"));
        }
        if case_id.trim().is_empty() {
            return Err(LabelError::Broken("it names no case"));
        }
        Ok(Self { case_id, lesion })
    }
}

fn lesion(text: &str) -> Result<u16, LabelError> {
    let digits = text.strip_prefix('L').filter(|digits| !digits.starts_with('0'));
    let plain = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()));
    let number = plain.and_then(|digits| digits.parse().ok()).filter(|number| (1..=MOST).contains(number));
    number.ok_or(LabelError::Broken("its lesion is none of L1 to L999"))
}

fn unescaped(text: &str) -> Result<String, LabelError> {
    let broken = LabelError::Broken("its case is not well written");
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = rest.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let value = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let value = value.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(value.ok_or_else(|| broken.clone())?);
        rest = &rest[2..];
    }
    String::from_utf8(bytes).map_err(|_| broken)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_text_is_as_the_readme_says() {
        let label = |case: &str, lesion| Label { case_id: case.into(), lesion };
        assert_eq!(label("AB-12", Some(3)).text(), "dermascope:1:AB-12:L3");
        assert_eq!(label("Müller 7:x", None).text(), "dermascope:1:M%C3%BCller%207%3Ax");
        assert_eq!(Label::parse("dermascope:1:AB-12:L3"), Ok(label("AB-12", Some(3))));
    }

    #[test]
    fn what_is_no_label_is_told_and_not_guessed() {
        use LabelError::{Broken, Foreign, Newer};
        for (text, wanted) in [
            ("https://example.org", Foreign),
            ("", Foreign),
            ("AB-12", Foreign),
            ("dermascope:target:1:20", Foreign),
            ("dermascope:2:AB-12:L3", Newer),
            ("dermascope:1:", Broken("it names no case")),
            ("dermascope:1:%20:L1", Broken("it names no case")),
            ("dermascope:1:AB:L0", Broken("its lesion is none of L1 to L999")),
            ("dermascope:1:AB:L1000", Broken("its lesion is none of L1 to L999")),
            ("dermascope:1:AB:l3", Broken("its lesion is none of L1 to L999")),
            ("dermascope:1:AB:L+3", Broken("its lesion is none of L1 to L999")),
            ("dermascope:1:AB:", Broken("its lesion is none of L1 to L999")),
            ("dermascope:1:AB:L3:x", Broken("there is more behind the lesion")),
            ("dermascope:1:AB%2", Broken("its case is not well written")),
            ("dermascope:1:AB%+1", Broken("its case is not well written")),
            ("dermascope:1:%FF", Broken("its case is not well written")),
        ] {
            assert_eq!(Label::parse(text), Err(wanted), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_case_is_read_as_it_was_written(case_id in "\\PC{1,64}", lesion in proptest::option::of(1u16..=999)) {
            prop_assume!(!case_id.trim().is_empty());
            let label = Label { case_id, lesion };
            prop_assert_eq!(Label::parse(&label.text()), Ok(label));
        }

        #[test]
        fn no_text_breaks_the_reading(text in any::<String>(), tail in ".{0,40}") {
            let _ = Label::parse(&text);
            let _ = Label::parse(&format!("dermascope:1:{tail}"));
        }
    }
}
