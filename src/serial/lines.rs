//! Bytes into lines, in bounded memory: a line that is too long is let pass and said to be so.

use std::io::{BufRead, Read};

/// Cuts a stream of bytes into lines.
pub struct Lines {
    line: Vec<u8>,
    longest: usize,
    /// The line under way is longer than it may be: its rest is thrown away.
    overlong: bool,
    /// `line` was given out, and is to be emptied.
    given: bool,
}

/// A line that has ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// Without its end ("\n" or "\r\n").
    Whole(&'a [u8]),
    /// It was longer than it may be, and is gone.
    TooLong,
}

impl Lines {
    /// `longest` is the most bytes that a line may have, its end included.
    pub fn new(longest: usize) -> Self {
        Self { line: Vec::new(), longest, overlong: false, given: false }
    }

    /// Takes bytes from the front of `bytes` up to the end of a line, or all; gives the line where one ended.
    pub fn take(&mut self, bytes: &mut &[u8]) -> Option<Line<'_>> {
        if std::mem::take(&mut self.given) {
            self.line.clear();
        }
        if !self.overlong {
            let room = self.longest - self.line.len();
            // Reading from memory cannot fail.
            let _ = Read::take(&mut *bytes, room as u64).read_until(b'\n', &mut self.line);
            self.overlong = self.line.len() == self.longest && !self.line.ends_with(b"\n");
        }
        if self.overlong {
            self.line = Vec::new();
            let end = skip_line(bytes);
            self.overlong = !end;
            return end.then_some(Line::TooLong);
        }
        self.given = self.line.ends_with(b"\n");
        self.given.then(|| Line::Whole(without_end(&self.line)))
    }
}

/// Throws away up to the end of the line, or all; says whether there was an end.
fn skip_line(bytes: &mut &[u8]) -> bool {
    let before = *bytes;
    // Reading from memory cannot fail.
    let skipped = bytes.skip_until(b'\n').unwrap_or(0);
    before[..skipped].ends_with(b"\n")
}

fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
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

    proptest! {
        /// However the bytes are cut into pieces, the lines are the same.
        #[test]
        fn the_lines_do_not_depend_on_the_pieces(bytes in prop::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..200), size in 1_usize..9) {
            let whole = lines(16, &[&bytes]);
            let pieces: Vec<_> = bytes.chunks(size).collect();
            prop_assert_eq!(lines(16, &pieces), whole);
        }
    }
}
