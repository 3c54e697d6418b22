//! A JPEG as a sequence of markers: where a picture ends, how many scans it has, what its segments hold.
//!
//! Decoders paint what is missing grey and say nothing. Grey must never be read as skin, so the markers are walked to
//! the end of the picture before anything is decoded.

const START_OF_IMAGE: u8 = 0xd8;
const END_OF_IMAGE: u8 = 0xd9;
const START_OF_SCAN: u8 = 0xda;

/// What a [`Walker`] says of the bytes so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// All bytes belong to a picture that goes on.
    More,
    /// The picture ended; this many of the bytes given last belong to it.
    End(usize),
    /// This is no picture, seen at this byte of those given last.
    Broken(usize),
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Before the two bytes of the start.
    Start,
    StartCode,
    /// A marker must follow.
    Prefix,
    Code,
    LengthHigh(u8),
    LengthLow(u8, u8),
    /// Inside a segment of this code, with so many bytes left.
    Segment(u8, usize),
    /// Inside entropy-coded data.
    Entropy,
    EntropyCode,
}

/// Walks through the markers of one JPEG, in pieces of any size. Segments are skipped by their length, so
/// that a thumbnail inside one does not count.
#[derive(Clone, Debug)]
pub struct Walker {
    state: State,
    scans: u32,
}

impl Default for Walker {
    fn default() -> Self {
        Self { state: State::Start, scans: 0 }
    }
}

impl Walker {
    /// Takes the next bytes. Not to be called again after [`Step::End`] or [`Step::Broken`].
    pub fn feed(&mut self, bytes: &[u8]) -> Step {
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            at += match &mut self.state {
                State::Segment(code, left) => {
                    let (code, skipped) = (*code, rest.len().min(*left));
                    *left -= skipped;
                    if *left == 0 {
                        self.after_segment(code);
                    }
                    skipped
                }
                State::Entropy => match rest.iter().position(|byte| *byte == 0xff) {
                    Some(data) => {
                        self.state = State::EntropyCode;
                        data + 1
                    }
                    None => rest.len(),
                },
                state => match Self::next(*state, rest[0]) {
                    Ok(State::Segment(code, 0)) => {
                        self.after_segment(code);
                        1
                    }
                    Ok(next) => {
                        self.state = next;
                        1
                    }
                    Err(END_OF_IMAGE) if self.scans > 0 => return Step::End(at + 1),
                    Err(_) => return Step::Broken(at),
                },
            };
        }
        Step::More
    }

    /// How many scans have begun.
    pub fn scans(&self) -> u32 {
        self.scans
    }

    fn after_segment(&mut self, code: u8) {
        self.scans = self.scans.saturating_add(u32::from(code == START_OF_SCAN));
        self.state = if code == START_OF_SCAN { State::Entropy } else { State::Prefix };
    }

    /// The state after one byte, or the byte that cannot follow (or that ends the picture).
    fn next(state: State, byte: u8) -> Result<State, u8> {
        match (state, byte) {
            (State::Start, 0xff) => Ok(State::StartCode),
            (State::StartCode, START_OF_IMAGE) => Ok(State::Prefix),
            (State::Prefix, 0xff) | (State::Code, 0xff) => Ok(State::Code),
            // TEM and the restart markers have no length.
            (State::Code, 0x01 | 0xd0..=0xd7) => Ok(State::Prefix),
            (State::Code, 0xc0..=0xcf | START_OF_SCAN..=0xfe) => Ok(State::LengthHigh(byte)),
            (State::LengthHigh(code), high) => Ok(State::LengthLow(code, high)),
            (State::LengthLow(code, high), low) => {
                let length = usize::from(u16::from_be_bytes([high, low]));
                length.checked_sub(2).map(|left| State::Segment(code, left)).ok_or(byte)
            }
            (State::EntropyCode, 0x00 | 0xd0..=0xd7) => Ok(State::Entropy),
            (State::EntropyCode, 0xff) => Ok(State::EntropyCode),
            // Tables, numbers of lines, application data and comments may stand between scans.
            (State::EntropyCode, 0xc4 | START_OF_SCAN..=0xdd | 0xe0..=0xef | 0xfe) => {
                Ok(State::LengthHigh(byte))
            }
            _ => Err(byte),
        }
    }
}

/// Where the JPEG that the bytes begin with ends: just behind its end-of-image marker. `None` for a JPEG that
/// is cut off, or for anything else. What follows the end (padding, an old frame in a camera's buffer) is
/// not looked at.
pub fn end_of_jpeg(bytes: &[u8]) -> Option<usize> {
    match Walker::default().feed(bytes) {
        Step::End(end) => Some(end),
        Step::More | Step::Broken(_) => None,
    }
}

/// Where the picture begins in bytes that begin with one: some cameras write the start marker twice.
pub fn start_of_jpeg(bytes: &[u8]) -> usize {
    let twice = [0xff, START_OF_IMAGE, 0xff, START_OF_IMAGE];
    let mut start = 0;
    while bytes[start..].starts_with(&twice) {
        start += 2;
    }
    start
}

/// The JPEG in a camera's buffer: behind what lies before its start marker, up to its end. What follows is an older frame.
/// `None` where the first that begins does not end.
pub fn first_jpeg(buffer: &[u8]) -> Option<&[u8]> {
    let start = buffer.windows(3).position(|window| window == [0xff, START_OF_IMAGE, 0xff])?;
    let jpeg = &buffer[start..];
    let jpeg = &jpeg[start_of_jpeg(jpeg)..];
    end_of_jpeg(jpeg).map(|end| &jpeg[..end])
}

/// The segments of a JPEG up to its first scan: each marker's code and what it holds.
pub(super) fn segments(jpeg: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = jpeg.get(2..).unwrap_or_default();
    std::iter::from_fn(move || {
        // Any number of 0xff may stand before a code.
        let at = rest.iter().position(|byte| *byte != 0xff).filter(|at| *at > 0)?;
        let (code, after) = (rest[at], &rest[at + 1..]);
        if code == 0x01 || (0xd0..=0xd7).contains(&code) {
            rest = after;
            return Some((code, &[][..]));
        }
        let length = usize::from(u16::from_be_bytes([*after.first()?, *after.get(1)?]));
        let held = after.get(2..length)?;
        rest = if code == START_OF_SCAN { &[] } else { &after[length..] };
        Some((code, held))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The smallest bytes that walk like a picture: a comment that holds an end marker, and one scan.
    const PICTURE: &[u8] = &[
        0xff, 0xd8, 0xff, 0xfe, 0, 6, 0xff, 0xd9, 0xff, 0xd8, 0xff, 0xda, 0, 2, 7, 0xff, 0, 0xff, 0xd0, 9,
        0xff, 0xd9,
    ];

    #[test]
    fn an_end_marker_inside_a_segment_is_not_the_end() {
        assert_eq!(end_of_jpeg(PICTURE), Some(PICTURE.len()));
        for cut in 0..PICTURE.len() {
            assert_eq!(end_of_jpeg(&PICTURE[..cut]), None, "cut at {cut}");
        }
    }

    #[test]
    fn what_follows_the_end_is_not_looked_at() {
        let padded = [PICTURE, &[0, 0, 0xff, 0xd9]].concat();
        assert_eq!(end_of_jpeg(&padded), Some(PICTURE.len()));
    }

    #[test]
    fn a_new_picture_inside_a_scan_is_broken() {
        let torn = [&PICTURE[..16], PICTURE].concat();
        assert_eq!(Walker::default().feed(&torn), Step::Broken(17));
    }

    proptest! {
        #[test]
        fn pieces_of_any_size_walk_like_the_whole(bytes in picture_like(), piece in 1usize..40) {
            let whole = Walker::default().feed(&bytes);
            let mut walker = Walker::default();
            let mut before = 0;
            let mut in_pieces = Step::More;
            for piece in bytes.chunks(piece) {
                in_pieces = match walker.feed(piece) {
                    Step::More => Step::More,
                    Step::End(at) => Step::End(before + at),
                    Step::Broken(at) => Step::Broken(before + at),
                };
                if in_pieces != Step::More {
                    break;
                }
                before += piece.len();
            }
            prop_assert_eq!(whole, in_pieces);
        }
    }

    /// Bytes that markers are likely in.
    fn picture_like() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![3 => Just(0xffu8), 1 => Just(0xd8), 1 => Just(0xd9), 1 => Just(0xda), 4 => 0u8..16, 2 => any::<u8>()];
        (prop::collection::vec(byte, 0..200), any::<bool>()).prop_map(|(tail, start)| {
            if start { [PICTURE, &tail].concat() } else { [&PICTURE[..14], &tail].concat() }
        })
    }
}
