//! What DICOM must know of a JPEG that goes in as it is.

use std::collections::BTreeMap;

/// A baseline JPEG that can be encapsulated byte by byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jpeg<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) samples: u16,
    /// Photometric Interpretation (0028,0004).
    pub(crate) photometric: &'static str,
    /// What its colours mean, where it says so.
    pub(crate) profile: Option<Vec<u8>>,
}

impl<'a> Jpeg<'a> {
    /// `None` for what viewers would not show as it is: no baseline JPEG (progressive ones have no transfer syntax any
    /// more), one without its Huffman tables, four colours, or one that its Exif data turns.
    pub fn of(bytes: &'a [u8]) -> Option<Self> {
        let mut found = Found::default();
        let mut rest = bytes.strip_prefix(&[0xff, 0xd8])?;
        loop {
            let [0xff, marker, after @ ..] = rest else { return None };
            // Fill bytes.
            if *marker == 0xff {
                rest = &rest[1..];
                continue;
            }
            let length = usize::from(u16::from_be_bytes([*after.first()?, *after.get(1)?]));
            let body = after.get(2..length)?;
            rest = after.get(length..)?;
            match marker {
                0xda => break,
                _ => found.take(*marker, body)?,
            }
        }
        found.jpeg(bytes)
    }
}

struct Frame {
    width: u16,
    height: u16,
    /// The id of each component.
    ids: Vec<u8>,
}

#[derive(Default)]
struct Found {
    frame: Option<Frame>,
    has_huffman: bool,
    /// Of Adobe's segment.
    transform: Option<u8>,
    /// The pieces of the ICC profile, by their numbers (ICC.1, B.4).
    profile: BTreeMap<u8, Vec<u8>>,
}

impl Found {
    /// A segment; `None` where the JPEG cannot go in as it is.
    fn take(&mut self, marker: u8, body: &[u8]) -> Option<()> {
        match marker {
            0xc0 => {
                let [8, high, low, wide, narrow, count, components @ ..] = body else { return None };
                let ids: Vec<u8> = components.chunks_exact(3).map(|part| part[0]).collect();
                let (height, width) =
                    (u16::from_be_bytes([*high, *low]), u16::from_be_bytes([*wide, *narrow]));
                (ids.len() == usize::from(*count) && width > 0 && height > 0).then_some(())?;
                self.frame = Some(Frame { width, height, ids });
            }
            0xc4 => self.has_huffman = true,
            // Any other frame.
            0xc1..=0xcf if marker != 0xc8 && marker != 0xcc => return None,
            0xe1 if body.starts_with(b"Exif\0\0") && turns(&body[6..]) => return None,
            0xe2 if body.starts_with(b"ICC_PROFILE\0") => {
                self.profile.insert(*body.get(12)?, body.get(14..)?.to_vec());
            }
            // Markers that stand alone: noise before the picture.
            0xd0..=0xd9 => return None,
            0xee if body.starts_with(b"Adobe") => self.transform = body.get(11).copied(),
            _ => {}
        }
        Some(())
    }

    fn jpeg(self, bytes: &[u8]) -> Option<Jpeg<'_>> {
        let Frame { width, height, ids } = self.frame.filter(|_| self.has_huffman)?;
        let (samples, photometric) = match ids.as_slice() {
            [_] => (1, "MONOCHROME2"),
            b"RGB" => (3, "RGB"),
            [_, _, _] if self.transform == Some(0) => (3, "RGB"),
            // All YCbCr is told so, however its colours are sampled (PS3.5, 8.2.1).
            [_, _, _] => (3, "YBR_FULL_422"),
            _ => return None,
        };
        let profile: Vec<u8> = self.profile.into_values().flatten().collect();
        let profile = (!profile.is_empty()).then_some(profile);
        Some(Jpeg { bytes, width, height, samples, photometric, profile })
    }
}

/// Whether Exif data say that the picture lies on its side, upside down or mirrored; or cannot be read.
fn turns(tiff: &[u8]) -> bool {
    orientation(tiff).is_none_or(|orientation| orientation > 1)
}

/// The orientation of the first directory (Exif 2.32, 4.6.4); 0 where none is said.
fn orientation(tiff: &[u8]) -> Option<u16> {
    let is_big = match tiff.get(..4)? {
        b"MM\0*" => true,
        b"II*\0" => false,
        _ => return None,
    };
    let two = |at: usize| {
        let bytes = [*tiff.get(at)?, *tiff.get(at + 1)?];
        Some(if is_big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    };
    let [high, low] = if is_big { [4, 6] } else { [6, 4] };
    let first = usize::from(two(high)?) << 16 | usize::from(two(low)?);
    for entry in 0..usize::from(two(first)?) {
        let at = first + 2 + 12 * entry;
        if two(at)? == 0x0112 {
            return two(at + 8);
        }
    }
    Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
        let length = (body.len() as u16 + 2).to_be_bytes();
        [&[0xff, marker], &length[..], body].concat()
    }

    fn jpeg(frame: u8, ids: &[u8], others: &[Vec<u8>]) -> Vec<u8> {
        let components: Vec<u8> = ids.iter().flat_map(|id| [*id, 0x22, 0]).collect();
        let head = [&[8, 0, 60, 0, 80, ids.len() as u8], components.as_slice()].concat();
        let all = [segment(frame, &head), segment(0xc4, &[0; 20]), segment(0xda, &[0; 10])];
        [&[0xff, 0xd8], others.concat().as_slice(), &all.concat(), &[1, 2, 3, 0xff, 0xd9]].concat()
    }

    fn exif(orientation: u16) -> Vec<u8> {
        let entry = [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation as u8, 0, 0];
        segment(0xe1, &[b"Exif\0\0MM\0*\0\0\0\x08\0\x01".as_slice(), &entry].concat())
    }

    #[test]
    fn what_goes_in_as_it_is_is_told_by_its_colours() {
        let photometric =
            |bytes: &[u8]| Jpeg::of(bytes).map(|jpeg| (jpeg.width, jpeg.height, jpeg.photometric));
        let adobe = |transform| segment(0xee, &[b"Adobe\0\0\0\0\0\0".as_slice(), &[transform]].concat());
        assert_eq!(photometric(&jpeg(0xc0, &[1, 2, 3], &[])), Some((80, 60, "YBR_FULL_422")));
        assert_eq!(photometric(&jpeg(0xc0, b"RGB", &[])), Some((80, 60, "RGB")));
        assert_eq!(photometric(&jpeg(0xc0, &[1, 2, 3], &[adobe(0)])), Some((80, 60, "RGB")));
        assert_eq!(photometric(&jpeg(0xc0, &[1, 2, 3], &[adobe(1)])), Some((80, 60, "YBR_FULL_422")));
        assert_eq!(photometric(&jpeg(0xc0, &[1], &[])), Some((80, 60, "MONOCHROME2")));
        assert_eq!(photometric(&jpeg(0xc0, &[1, 2, 3], &[exif(1)])), Some((80, 60, "YBR_FULL_422")));
    }

    #[test]
    fn an_icc_profile_is_put_together_whatever_the_order_of_its_pieces() {
        let piece =
            |number, words: &[u8]| segment(0xe2, &[b"ICC_PROFILE\0", &[number, 2][..], words].concat());
        let bytes = jpeg(0xc0, &[1, 2, 3], &[piece(2, b"after"), piece(1, b"before")]);
        assert_eq!(
            Jpeg::of(&bytes).and_then(|jpeg| jpeg.profile).as_deref(),
            Some(b"beforeafter".as_slice())
        );
    }

    #[test]
    fn what_viewers_would_not_show_as_it_is_does_not_go_in() {
        for (why, bytes) in [
            ("progressive", jpeg(0xc2, &[1, 2, 3], &[])),
            ("arithmetic", jpeg(0xc9, &[1, 2, 3], &[])),
            ("four colours", jpeg(0xc0, &[1, 2, 3, 4], &[])),
            ("on its side", jpeg(0xc0, &[1, 2, 3], &[exif(6)])),
            ("no picture", b"GIF89a".to_vec()),
            ("nothing", Vec::new()),
        ] {
            assert_eq!(Jpeg::of(&bytes), None, "{why}");
        }
        let whole = jpeg(0xc0, &[1, 2, 3], &[exif(1)]);
        let scan = whole.len() - 10;
        for end in 0..scan - 10 {
            assert_eq!(Jpeg::of(&whole[..end]), None, "cut at {end}");
        }
    }
}
