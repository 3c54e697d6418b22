//! Bytes into lines, in bounded memory: a line that is too long is let pass and said to be so. A line ends as programs
//! end it (LF, CR LF) or as a terminal's Enter does (CR).

/// Cuts a stream of bytes into lines.
pub struct Lines {
    line: Vec<u8>,
    longest: usize,
    /// The line under way is longer than it may be: its rest is thrown away.
    overlong: bool,
    /// `line` was given out, and is to be emptied.
    given: bool,
    /// The last line ended in CR: an LF that comes next is of the same end.
    after_return: bool,
}

/// A line that has ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// Without its end.
    Whole(&'a [u8]),
    /// It was longer than it may be, and is gone.
    TooLong,
}

impl Lines {
    /// `longest` is the most bytes that a line may have, one for its end included.
    pub fn new(longest: usize) -> Self {
        Self { line: Vec::new(), longest, overlong: false, given: false, after_return: false }
    }

    /// Takes bytes from the front of `bytes` up to the end of a line, or all; gives the line where one ended.
    pub fn take(&mut self, bytes: &mut &[u8]) -> Option<Line<'_>> {
        if std::mem::take(&mut self.given) {
            self.line.clear();
        }
        if !bytes.is_empty() && std::mem::take(&mut self.after_return) {
            *bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        let at = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        let (piece, rest) = bytes.split_at(at.unwrap_or(bytes.len()));
        self.keep(piece);
        *bytes = rest;
        at?;
        self.after_return = rest.starts_with(b"\r");
        *bytes = &rest[1..];
        if std::mem::take(&mut self.overlong) {
            return Some(Line::TooLong);
        }
        self.given = true;
        Some(Line::Whole(&self.line))
    }

    fn keep(&mut self, piece: &[u8]) {
        self.overlong |= self.line.len() + piece.len() >= self.longest;
        if self.overlong {
            self.line = Vec::new();
        } else {
            self.line.extend_from_slice(piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(longest: usize, pieces: &[&[u8]]) -> Vec<Option<Vec<u8>>> {
        let mut lines = Lines::new(longest);
        let mut found = Vec::new();
        for piece in pieces {
            let mut rest = *piece;
            while !rest.is_empty() {
                match lines.take(&mut rest) {
                    Some(Line::Whole(line)) => found.push(Some(line.to_vec())),
                    Some(Line::TooLong) => found.push(None),
                    None => {}
                }
                assert!(lines.line.capacity() <= 2 * longest.max(8));
            }
        }
        found
    }

    #[test]
    fn a_line_that_is_too_long_is_told_and_the_next_one_is_whole() {
        let found = lines(6, &[b"hello\nfar too l", b"ong, this one\nbye\r\n"]);
        assert_eq!(found, [Some(b"hello".to_vec()), None, Some(b"bye".to_vec())]);
    }

    #[test]
    fn a_line_ends_as_programs_and_as_terminals_end_it() {
        let found = |pieces: &[&[u8]]| lines(16, pieces).into_iter().flatten().collect::<Vec<_>>();
        for pieces in [
            &[b"help\rlast\r" as &[u8]][..],
            &[b"help\nlast\n"],
            &[b"help\r\nlast\r\n"],
            &[b"help\r", b"\nlast\r", b"\n"],
            &[b"help\n", b"last\r"],
        ] {
            assert_eq!(found(pieces), [b"help", b"last"], "{pieces:?}");
        }
        assert_eq!(found(&[b"\r\r\n\n\r"]), [b""; 4], "an empty line for each Enter");
    }

    proptest! {
        /// However the bytes are cut into pieces, the lines are the same.
        #[test]
        fn the_lines_do_not_depend_on_the_pieces(bytes in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..200), size in 1_usize..9) {
            let whole = lines(16, &[&bytes]);
            let pieces: Vec<_> = bytes.chunks(size).collect();
            prop_assert_eq!(lines(16, &pieces), whole);
        }
    }
}
