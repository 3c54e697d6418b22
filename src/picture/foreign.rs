//! What bytes are that are no picture that can be read, by the signatures that their formats begin with, and the way to
//! a picture that can be.

use std::fmt;

/// A format that is not read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// Its name, with its article.
    pub name: &'static str,
    /// What to do.
    pub way_out: &'static str,
}

const SAVE: &str = "save it as JPEG or PNG";
const PHONE: &str = "export it as JPEG, or take JPEG (iPhone: Settings, Camera, Formats, Most Compatible)";
const STREAM: &str = "have the program write MJPEG (rpicam-vid: --codec mjpeg)";
const FRAME: &str = "send one frame of it as JPEG or PNG";

/// Signatures of formats, each at its place in the file.
const SIGNATURES: &[(usize, &[u8], &str, &str)] = &[
    (0, b"GIF8", "a GIF picture", SAVE),
    (0, b"BM", "a BMP picture", SAVE),
    (0, b"II*\0", "a TIFF or raw picture", SAVE),
    (0, b"MM\0*", "a TIFF or raw picture", SAVE),
    (0, b"II+\0", "a TIFF picture", SAVE),
    (0, b"MM\0+", "a TIFF picture", SAVE),
    (8, b"WEBP", "a WebP picture", SAVE),
    (8, b"AVI ", "an AVI video", FRAME),
    (4, b"jP  ", "a JPEG 2000 picture", SAVE),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 picture", SAVE),
    (4, b"JXL ", "a JPEG XL picture", SAVE),
    (0, b"\xff\x0a", "a JPEG XL picture", SAVE),
    (0, b"8BPS", "a Photoshop picture", SAVE),
    (0, b"qoif", "a QOI picture", SAVE),
    (0, b"v/1\x01", "an OpenEXR picture", SAVE),
    (0, b"\0\0\x01\0", "an icon", SAVE),
    (128, b"DICM", "a DICOM file", "export its picture as JPEG or PNG"),
    (0, b"%PDF", "a PDF document", "export its picture as JPEG or PNG"),
    (0, b"PK\x03\x04", "a ZIP archive", "unpack it first"),
    (0, b"\x1f\x8b", "a gzip archive", "unpack it first"),
    (0, b"\x1aE\xdf\xa3", "a Matroska or WebM video", FRAME),
    (0, b"<?xml", "an XML or SVG text", SAVE),
    (0, b"<svg", "an SVG picture", SAVE),
    (0, b"<!DOCTYPE", "a web page", "download the picture itself"),
    (0, b"<html", "a web page", "download the picture itself"),
    (0, b"YUV4MPEG2", "raw video (YUV4MPEG2)", STREAM),
    (0, b"\0\0\x01\xba", "an MPEG video", STREAM),
    (0, b"\x47\x40", "an MPEG transport stream", STREAM),
];

/// Brands of the ISO media format that are pictures; any other is a video.
const BRANDS: &[(&[u8], &str, &str)] = &[
    (b"avif", "an AVIF picture", SAVE),
    (b"avis", "an AVIF picture", SAVE),
    (b"heic", "a HEIC picture", PHONE),
    (b"heix", "a HEIC picture", PHONE),
    (b"heim", "a HEIC picture", PHONE),
    (b"heis", "a HEIC picture", PHONE),
    (b"hevc", "a HEIC picture", PHONE),
    (b"hevx", "a HEIC picture", PHONE),
    (b"mif1", "a HEIF picture", PHONE),
    (b"msf1", "a HEIF picture", PHONE),
    (b"crx ", "a raw picture (CR3)", SAVE),
];

impl Foreign {
    /// What the bytes begin as, if that is known.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let named = |name, way_out| Some(Self { name, way_out });
        if bytes.get(4..8) == Some(b"ftyp") {
            // The brand of the file, and then those that it goes by too.
            let size =
                bytes.get(..4).map_or(0, |size| u32::from_be_bytes([size[0], size[1], size[2], size[3]]));
            let brands = bytes.get(8..bytes.len().min(size as usize)).unwrap_or_default().chunks_exact(4);
            let known = brands.filter_map(|brand| BRANDS.iter().find(|(name, ..)| *name == brand));
            // "mif1" says little: a more special one behind it says more.
            let known = known.max_by_key(|(name, ..)| !matches!(*name, b"mif1" | b"msf1"));
            return known.map_or(named("an MP4 or QuickTime video", FRAME), |(_, name, way_out)| {
                named(name, way_out)
            });
        }
        let found = SIGNATURES
            .iter()
            .find(|(at, signature, ..)| bytes.get(*at..).is_some_and(|rest| rest.starts_with(signature)));
        found.map_or_else(|| video(bytes), |(_, _, name, way_out)| named(name, way_out))
    }
}

/// A raw stream of H.264 or H.265 (ITU-T H.264 and H.265, annex B): a start code, then the type of the unit, which is
/// one of those that a stream begins with.
fn video(bytes: &[u8]) -> Option<Foreign> {
    let unit = bytes.strip_prefix(&[0, 0, 0, 1]).or_else(|| bytes.strip_prefix(&[0, 0, 1]))?.first()?;
    let name = match (unit & 0x9f, unit >> 1) {
        // Parameter sets of H.265 (32 to 35), which as H.264 would be of types that do not begin a stream.
        (_, 32..=35) if unit & 1 == 0 => "H.265 video",
        (1 | 5..=9, _) => "H.264 video",
        _ => return None,
    };
    Some(Foreign { name, way_out: STREAM })
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this is {}, not a JPEG or PNG picture: {}", self.name, self.way_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(bytes: &[u8]) -> Option<&'static str> {
        Foreign::of(bytes).map(|foreign| foreign.name)
    }

    #[test]
    fn formats_are_known_by_how_they_begin() {
        for (bytes, expected) in [
            (&b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"[..], "a HEIC picture"),
            (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "an AVIF picture"),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1miaf", "a HEIF picture"),
            (b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41", "an MP4 or QuickTime video"),
            (b"RIFF\x10\0\0\0WEBPVP8 ", "a WebP picture"),
            (b"\0\0\0\x01\x67\x42\0\x1f", "H.264 video"),
            (b"\0\0\x01\x09\x10", "H.264 video"),
            (b"\0\0\0\x01\x40\x01\x0c", "H.265 video"),
            (b"GIF89a", "a GIF picture"),
            (b"%PDF-1.7", "a PDF document"),
        ] {
            assert_eq!(name(bytes), Some(expected), "{bytes:?}");
        }
    }

    #[test]
    fn what_is_nothing_known_has_no_name() {
        for bytes in [&b""[..], b"hello", &[0; 400], &[0xff; 9], b"\0\0\0\x18ftyp"] {
            let named = name(bytes);
            assert!(named.is_none() || bytes.len() == 8, "{bytes:?}: {named:?}");
        }
    }
}
