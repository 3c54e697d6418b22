//! Which of a case's lesions: `L1`, `L2`, ..., as the operator counts them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The highest number of a lesion: more than anybody has photographed.
pub const MOST: u16 = 999;

/// A lesion of a case, by its number from 1 to [`MOST`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Lesion(u16);

impl Lesion {
    /// The lesion of that number, if it can have it.
    pub fn new(number: u16) -> Option<Self> {
        (1..=MOST).contains(&number).then_some(Self(number))
    }

    /// Reads `L7`, or `l7`; nothing else, so that no word of a body site is taken for one.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(['L', 'l'])?;
        let plain = digits.bytes().all(|digit| digit.is_ascii_digit()) && !digits.starts_with('0');
        if plain { Self::new(digits.parse().ok()?) } else { None }
    }

    /// What DICOM follows a lesion by from picture to picture (Tracking UID, 0062,0021): `2.25.` and a UUID (PS3.5,
    /// B.2; version 8 of RFC 9562) of a SHA-256, so that whoever knows the issuer of the case numbers, the case and the
    /// lesion comes to the same.
    pub fn tracking_uid(self, issuer: &str, case_id: &str) -> String {
        let uuid = dermoscopy_dicom::uuid(&format!("dermascope lesion 1\n{issuer}\n{case_id}\n{self}\n"));
        format!("2.25.{uuid}")
    }
}

impl fmt::Display for Lesion {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "L{}", self.0)
    }
}

impl From<Lesion> for String {
    fn from(lesion: Lesion) -> Self {
        lesion.to_string()
    }
}

impl TryFrom<String> for Lesion {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` names no lesion: say L1 to L{MOST}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lesion_is_an_l_and_a_number_and_nothing_else_is_taken_for_one() {
        let read = |text: &str| Lesion::parse(text).map(|lesion| lesion.to_string());
        assert_eq!(read("L1").as_deref(), Some("L1"));
        assert_eq!(read("l42").as_deref(), Some("L42"));
        assert_eq!(read("L999").as_deref(), Some("L999"));
        for odd in
            ["", "L", "1", "L0", "L01", "L1000", "L99999", "L-1", "L+1", "L1a", "left", "LL1", " L1", "L１"]
        {
            assert_eq!(read(odd), None, "{odd:?}");
        }
    }

    /// Worked out by another program (Python's hashlib and uuid): what was given out once must never change.
    #[test]
    fn a_lesions_identifier_is_the_same_for_ever_and_anothers_is_another() {
        let uid = |issuer: &str, case: &str, number| {
            Lesion::new(number).expect("in range").tracking_uid(issuer, case)
        };
        assert_eq!(uid("clinic", "AB-12", 1), UID);
        let others = [uid("clinic", "AB-12", 2), uid("clinic", "AB-13", 1), uid("other", "AB-12", 1)];
        for other in others {
            assert_ne!(other, UID);
            assert!(other.len() <= 64, "DICOM's longest UID: {other}");
        }
    }

    const UID: &str = "2.25.115340515811995406911027040521040403732";
}
