//! What a picture's numbers mean as colours: from the colour space that it says it is in to sRGB, which the network was
//! taught in and screens show.

use std::sync::Arc;

use moxcms::{ColorProfile, DataColorSpace, Layout, Transform8BitExecutor, TransformOptions};

use super::error::PictureError;

/// A profile that moves no colour by more levels than this is sRGB under another name: nothing is converted.
const SAME: u8 = 2;
/// The largest profile that is read, in bytes; printers' have 2 MB.
const MAX_PROFILE: usize = 4 << 20;

/// From the picture's colours to sRGB.
pub(super) enum Colours {
    /// They are sRGB, or nothing says what they are.
    Srgb,
    Rgb(Arc<Transform8BitExecutor>),
    /// By the value of the grey.
    Grey(Box<[[u8; 3]; 256]>),
    Ink(Arc<Transform8BitExecutor>),
}

impl Colours {
    /// By an ICC profile.
    pub fn of_profile(profile: Option<impl AsRef<[u8]>>) -> Result<Self, PictureError> {
        let Some(profile) = profile else { return Ok(Self::Srgb) };
        let profile = profile.as_ref();
        if profile.len() > MAX_PROFILE {
            return Err(unreadable("it is too large"));
        }
        Self::of(&ColorProfile::new_from_slice(profile).map_err(unreadable)?)
    }

    /// By a profile that has been read.
    pub fn of(profile: &ColorProfile) -> Result<Self, PictureError> {
        let to_srgb = |layout| {
            let options = TransformOptions::default();
            profile
                .create_transform_8bit(layout, &ColorProfile::new_srgb(), Layout::Rgb, options)
                .map_err(unreadable)
        };
        match profile.color_space {
            DataColorSpace::Rgb => {
                let transform = to_srgb(Layout::Rgb)?;
                let probe = probe();
                let mut seen = vec![0; probe.len()];
                transform.transform(&probe, &mut seen).map_err(unreadable)?;
                let is_same = probe.iter().zip(&seen).all(|(before, after)| before.abs_diff(*after) <= SAME);
                Ok(if is_same { Self::Srgb } else { Self::Rgb(transform) })
            }
            DataColorSpace::Gray => {
                let greys: Vec<u8> = (0..=255).collect();
                let mut table = Box::new([[0; 3]; 256]);
                to_srgb(Layout::Gray)?.transform(&greys, table.as_flattened_mut()).map_err(unreadable)?;
                Ok(Self::Grey(table))
            }
            // Four channels, whatever their names.
            DataColorSpace::Cmyk => Ok(Self::Ink(to_srgb(Layout::Rgba)?)),
            other => Err(unreadable(format!("it is of {other:?}"))),
        }
    }

    /// Converts RGB values in place, in rows of `width` pixels.
    pub fn convert(&self, values: &mut [u8], width: usize) -> Result<(), PictureError> {
        match self {
            Self::Srgb => {}
            Self::Rgb(transform) => {
                let mut before = Vec::with_capacity(3 * width);
                for row in values.chunks_mut(3 * width.max(1)) {
                    before.clear();
                    before.extend_from_slice(row);
                    transform.transform(&before, row).map_err(unreadable)?;
                }
            }
            Self::Grey(table) => {
                for pixel in values.as_chunks_mut::<3>().0 {
                    if pixel[0] != pixel[1] || pixel[1] != pixel[2] {
                        return Err(unreadable("it is of grey, and the picture has colours"));
                    }
                    *pixel = table[usize::from(pixel[0])];
                }
            }
            Self::Ink(_) => return Err(unreadable("it is of CMYK, and the picture is not")),
        }
        Ok(())
    }

    /// Turns CMYK values, as Adobe's programs write them (255 is no ink), into RGB, in place: a quarter of the bytes is
    /// left over and cut off. Without a profile, ink takes light away as it would in a perfect world, as Pillow has it.
    pub fn light_of_ink(&self, values: &mut Vec<u8>) -> Result<(), PictureError> {
        let pixels = values.len() / 4;
        match self {
            Self::Srgb => {
                for at in 0..pixels {
                    let [cyan, magenta, yellow, black] = [0, 1, 2, 3].map(|channel| values[4 * at + channel]);
                    for (channel, value) in [cyan, magenta, yellow].into_iter().enumerate() {
                        values[3 * at + channel] = black - share(255 - value, black);
                    }
                }
            }
            Self::Ink(transform) => {
                let (mut ink, mut light) = (Vec::with_capacity(4 * ROW), [0; 3 * ROW]);
                for start in (0..pixels).step_by(ROW) {
                    let count = ROW.min(pixels - start);
                    ink.clear();
                    ink.extend(values[4 * start..4 * (start + count)].iter().map(|value| 255 - value));
                    let light = &mut light[..3 * count];
                    transform.transform(&ink, light).map_err(unreadable)?;
                    values[3 * start..3 * (start + count)].copy_from_slice(light);
                }
            }
            Self::Rgb(_) | Self::Grey(_) => return Err(unreadable("the picture is of CMYK, and it is not")),
        }
        values.truncate(3 * pixels);
        values.shrink_to_fit();
        Ok(())
    }
}

/// Pixels that are converted at a time.
const ROW: usize = 1024;

/// `value` of 255 parts of `of`, rounded.
fn share(value: u8, of: u8) -> u8 {
    ((u16::from(value) * u16::from(of) + 127) / 255) as u8
}

/// Colours all over the cube.
fn probe() -> Vec<u8> {
    let steps = || (0..=255).step_by(17).map(|value: u16| value as u8);
    steps()
        .flat_map(|red| steps().flat_map(move |green| steps().flat_map(move |blue| [red, green, blue])))
        .collect()
}

pub(super) fn unreadable(cause: impl std::fmt::Display) -> PictureError {
    PictureError::Profile(cause.to_string())
}
