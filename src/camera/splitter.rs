//! Cuts a stream of bytes into the JPEG pictures in it, as `rpicam-vid --codec mjpeg` writes them: one behind
//! the other, with nothing that says how long each is.

use crate::picture::{Step, Walker};

/// The start of every JPEG: its start marker and the first byte of the next.
const START: &[u8] = &[0xff, 0xd8, 0xff];
/// The largest picture that is put together, in bytes. One that grows beyond is no picture.
const MAX_FRAME: usize = 16 << 20;

/// Takes bytes as they come, in pieces of any size, and gives the whole pictures. What is torn or no picture
/// is left out and counted. Keeps at most [`MAX_FRAME`] bytes and the piece at hand.
#[derive(Debug, Default)]
pub struct Splitter {
    /// Bytes not yet given, from a picture's start on (or a beginning of one).
    bytes: Vec<u8>,
    /// How many of `bytes` the walker has seen.
    walked: usize,
    walker: Walker,
    refused: u64,
}

impl Splitter {
    /// Takes the next bytes and gives the pictures that they complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.bytes.extend_from_slice(bytes);
        let mut pictures = Vec::new();
        while self.find_start() {
            match self.walker.feed(&self.bytes[self.walked..]) {
                Step::More => {
                    self.walked = self.bytes.len();
                    if self.walked <= MAX_FRAME {
                        break;
                    }
                    self.drop_start();
                }
                Step::End(used) => {
                    let rest = self.bytes.split_off(self.walked + used);
                    pictures.push(std::mem::replace(&mut self.bytes, rest));
                    self.restart();
                }
                Step::Broken(_) => self.drop_start(),
            }
        }
        pictures
    }

    /// How many beginnings of pictures came to nothing: torn frames, mostly.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Drops what lies before the first start of a picture. Whether there is one.
    fn find_start(&mut self) -> bool {
        if self.walked > 0 {
            return true;
        }
        // Some cameras write the start marker twice: the picture begins with the second.
        let is_start = |window: &[u8]| window.starts_with(START) && window[START.len()] != START[1];
        let start = self.bytes.windows(START.len() + 1).position(is_start);
        // The end may be the beginning of a start.
        let keep_from = start.unwrap_or_else(|| self.bytes.len().saturating_sub(START.len()));
        self.bytes.drain(..keep_from);
        start.is_some()
    }

    /// Gives up the picture that was begun: the next start is looked for right behind its own.
    fn drop_start(&mut self) {
        self.refused += 1;
        self.bytes.drain(..START.len() - 1);
        self.restart();
    }

    fn restart(&mut self) {
        self.walked = 0;
        self.walker = Walker::default();
    }
}

#[cfg(test)]
mod tests {
    use image::codecs::jpeg::JpegEncoder;
    use proptest::prelude::*;

    use super::*;
    use crate::synthetic;

    fn jpeg(seed: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        synthetic::lesion(seed, 24).write_with_encoder(JpegEncoder::new(&mut bytes)).unwrap();
        bytes
    }

    fn split(stream: &[u8], piece: usize) -> (Vec<Vec<u8>>, u64) {
        let mut splitter = Splitter::default();
        let pictures = stream.chunks(piece).flat_map(|piece| splitter.push(piece)).collect();
        (pictures, splitter.refused())
    }

    #[test]
    fn pictures_one_behind_the_other_come_out_as_they_went_in() {
        let pictures: Vec<_> = (0..3).map(jpeg).collect();
        assert_eq!(split(&pictures.concat(), 100), (pictures, 0));
    }

    #[test]
    fn a_torn_picture_is_left_out_and_the_next_is_whole() {
        let (first, second) = (jpeg(1), jpeg(2));
        for cut in [3, 30, first.len() / 2, first.len() - 1] {
            let stream = [&first[..cut], &second, &first].concat();
            let (pictures, refused) = split(&stream, 64);
            assert_eq!(pictures.last(), Some(&first), "cut at {cut}");
            assert!(pictures.contains(&second) && refused > 0, "cut at {cut}: {refused} refused");
        }
    }

    #[test]
    fn what_lies_between_pictures_is_left_out() {
        let (first, second) = (jpeg(1), jpeg(2));
        let stream = [b"rpicam-vid: hello \xff\xd8 world", &first[..], &[0; 999], &second].concat();
        assert_eq!(split(&stream, 7), (vec![first, second], 0));
    }

    #[test]
    fn a_picture_without_end_does_not_grow_without_end() {
        let mut splitter = Splitter::default();
        let start = jpeg(1);
        splitter.push(&start[..start.len() - 2]);
        for _ in 0..40 {
            assert!(splitter.push(&[0; 1 << 20]).is_empty());
            assert!(splitter.bytes.len() <= MAX_FRAME + (1 << 20));
        }
        assert_eq!(splitter.refused(), 1);
        assert_eq!(splitter.push(&start), vec![start]);
    }

    proptest! {
        #[test]
        fn any_split_of_the_bytes_gives_the_same_pictures(
            parts in prop::collection::vec(stream_part(), 0..6),
            piece in 1usize..300,
        ) {
            let stream = parts.concat();
            prop_assert_eq!(split(&stream, piece), split(&stream, stream.len().max(1)));
        }

        #[test]
        fn garbage_gives_no_picture_that_is_not_in_it(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            let (pictures, _) = split(&bytes, 33);
            for picture in pictures {
                prop_assert!(bytes.windows(picture.len()).any(|window| window == picture));
            }
        }
    }

    /// Whole pictures, torn ones, and garbage that markers are likely in.
    fn stream_part() -> impl Strategy<Value = Vec<u8>> {
        let marker = prop_oneof![Just(0xffu8), Just(0xd8), Just(0xd9), Just(0xda), 0u8..8];
        prop_oneof![
            (0u64..4).prop_map(jpeg),
            (0u64..4, 0usize..600).prop_map(|(seed, cut)| jpeg(seed).into_iter().take(cut).collect()),
            prop::collection::vec(marker, 0..60),
        ]
    }
}
