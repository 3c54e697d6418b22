//! Finding the target in a frame, and measuring.

use std::f32::consts::TAU;

use crate::layout::{CODE, GREYS, RING, SLOTS, SPOKES, STAR, Size, Slot, slot};
use crate::place::View;

/// Where the paper is measured: between the patches and between them and the code, in parts of the disc's width, and how
/// wide a spot.
const OUTER: f32 = 0.40;
const INNER: f32 = 0.285;
const SPOT: f32 = 0.012;
/// What of a patch is measured.
const PATCH: f32 = 0.035;
/// Where around a star's middle its spokes are counted, in parts of its radius.
const CIRCLE: f32 = 0.75;
/// Along a side of the code: sixteen letters fit into the smallest (ISO/IEC 18004, version 1).
const MODULES: f32 = 21.0;
/// As what parts of the shorter side pixels about one are compared with it to sharpen it; 0 for not at all. And how much.
const SHARPENED: [usize; 4] = [0, 150, 75, 50];
const SHARPENING: f32 = 3.0;
/// The steps in which a star's middle is looked for, in parts of the disc's width.
const NEAR: [f32; 3] = [0.008, 0.003, 0.001];
/// Spokes that are weaker than this part of the printed ones are lost.
const FAINT: f32 = 0.05;
/// From this part of full scale on a channel is clipped.
const CLIPPED: f32 = 0.985;

/// What a target says of the device. Light, white balance and evenness are of pixel values (sRGB), as the network sees them
/// and as the model's card measured what they cost; patches are of light.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Which target it was.
    pub size: Size,
    /// Of skin, along the frame's shorter side.
    pub millimetres_across: f32,
    /// How bright the paper is, from 0 to 1.
    pub light: f32,
    /// The paper is as bright as the camera can tell, or brighter, somewhere.
    pub is_clipped: bool,
    /// The paper's red and blue over its green: both 1 where white is white.
    pub white_balance: [f32; 2],
    /// The darkest paper around the target over the brightest, from 0 to 1.
    pub evenness: f32,
    /// The spread of the blur (a Gaussian's sigma), in 224ths of the frame's shorter side, as the network sees it. None where
    /// it is so blurred that no spoke is left.
    pub blur: Option<f32>,
    /// The grey steps over the paper's light, dark to light.
    pub greys: [f32; 5],
    /// The colour patches, red, green and blue over the paper's.
    pub colours: [[f32; 3]; 5],
}

/// Why a target cannot be read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TargetError {
    /// There is none, or it is too blurred, too dark or too much at the edge to be known.
    #[error("no target is seen; lay it flat in the middle of the field of view, in focus and lit")]
    None,
    /// A code was read that is no target's.
    #[error("this is no dermascope target, or one of a newer form")]
    Unknown,
    /// A part of it lies outside.
    #[error("a part of the target is out of the field of view; move it to the middle, or use the small one")]
    Outside,
}

/// The pixels of a frame, three bytes each.
struct Frame<'a> {
    width: usize,
    height: usize,
    pixels: &'a [u8],
}

/// Reads the target in a frame of sRGB pixels, red, green and blue, row by row. A side of 600 to 1,200 pixels is enough.
///
/// # Errors
///
/// Where there is no whole target to be seen.
pub fn read(width: usize, height: usize, pixels: &[u8]) -> Result<Reading, TargetError> {
    let count = width.checked_mul(height).and_then(|count| count.checked_mul(3));
    if width == 0 || height == 0 || count != Some(pixels.len()) {
        return Err(TargetError::None);
    }
    let frame = Frame { width, height, pixels };
    let (size, view) = find(&frame)?;
    frame.measure(size, &view)
}

/// Which target lies where: the view takes parts of the disc's width to pixels. What is out of focus is sharpened first, more
/// and more: a code that cannot be read would say nothing of why.
fn find(frame: &Frame) -> Result<(Size, View), TargetError> {
    let grey = frame.grey();
    let shorter = frame.width.min(frame.height);
    let mut wrong = TargetError::None;
    for part in SHARPENED {
        let seen = if part == 0 { grey.clone() } else { frame.sharpened(&grey, shorter.div_ceil(part)) };
        match find_in(frame, &seen) {
            Err(TargetError::Unknown) => wrong = TargetError::Unknown,
            Err(_) => {}
            found => return found,
        }
    }
    Err(wrong)
}

fn find_in(frame: &Frame, seen: &[u8]) -> Result<(Size, View), TargetError> {
    let brightness = |x: usize, y: usize| seen[y * frame.width + x];
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(frame.width, frame.height, brightness);
    let mut wrong = TargetError::None;
    for grid in image.detect_grids() {
        let Ok((_, text)) = grid.decode() else { continue };
        let Some(size) = Size::ALL.into_iter().find(|size| size.text() == text) else {
            wrong = TargetError::Unknown;
            continue;
        };
        let corners = grid.bounds.map(|corner| [corner.x as f32, corner.y as f32]);
        // rqrr gives the corners of one module more to the right and down than the code has.
        let one_more = (MODULES + 1.0) / MODULES;
        let view = View::of_square(-CODE / 2.0, CODE * (one_more - 0.5), corners).ok_or(TargetError::None)?;
        return Ok((size, view));
    }
    Err(wrong)
}

impl Frame<'_> {
    fn grey(&self) -> Vec<u8> {
        let mean = |pixel: &[u8]| (pixel.iter().map(|value| u32::from(*value)).sum::<u32>() / 3) as u8;
        self.pixels.chunks_exact(3).map(mean).collect()
    }

    /// Each pixel farther from the mean of those about it, up to `reach` away in both directions.
    fn sharpened(&self, grey: &[u8], reach: usize) -> Vec<u8> {
        // Sums of all that lies above and to the left.
        let wide = self.width + 1;
        let mut sums = vec![0u64; wide * (self.height + 1)];
        for (row, line) in grey.chunks_exact(self.width).enumerate() {
            let mut sum = 0;
            for (column, value) in line.iter().enumerate() {
                sum += u64::from(*value);
                sums[(row + 1) * wide + column + 1] = sums[row * wide + column + 1] + sum;
            }
        }
        let pixel = |index: usize| {
            let (x, y) = (index % self.width, index / self.width);
            let (left, top) = (x.saturating_sub(reach), y.saturating_sub(reach));
            let (right, low) = ((x + reach + 1).min(self.width), (y + reach + 1).min(self.height));
            let sum = sums[low * wide + right] + sums[top * wide + left]
                - sums[top * wide + right]
                - sums[low * wide + left];
            let mean = sum as f32 / ((right - left) * (low - top)) as f32;
            let value = f32::from(grey[index]);
            (value + SHARPENING * (value - mean)).clamp(0.0, 255.0) as u8
        };
        (0..grey.len()).map(pixel).collect()
    }

    fn measure(&self, size: Size, view: &View) -> Result<Reading, TargetError> {
        let around = |radius: f32, turn: f32| {
            (0..12).map(move |index| {
                let angle = TAU * (index as f32 + turn) / 12.0;
                [radius * angle.cos(), radius * angle.sin()]
            })
        };
        let spots = |places: &mut dyn Iterator<Item = [f32; 2]>| -> Result<Vec<[f32; 3]>, TargetError> {
            places.map(|place| self.spot(view, place, SPOT)).collect()
        };
        let outer = spots(&mut around(OUTER, 0.5))?;
        let inner = spots(&mut around(INNER, 0.0))?;
        let all = [outer.as_slice(), &inner].concat();
        let white: [f32; 3] = std::array::from_fn(|channel| mean(all.iter().map(|spot| spot[channel])));
        let lights: Vec<f32> = outer.iter().map(|spot| luminance(*spot)).collect();
        let (darkest, brightest) =
            lights.iter().fold((f32::MAX, 0.0f32), |(low, high), light| (low.min(*light), high.max(*light)));
        let slots = SLOTS.iter().enumerate().filter(|(_, what)| **what == Slot::Star);
        let stars: Vec<_> = slots.map(|(index, _)| self.star(view, slot(index))).collect::<Result<_, _>>()?;
        let (shorter, scale) = (self.width.min(self.height) as f32, self.scale(view, &stars));
        let blur = sigma(mean(stars.iter().map(|(strength, _)| *strength)), scale);
        let mut reading = Reading {
            size,
            millimetres_across: shorter * size.millimetres() / scale,
            light: encoded(luminance(white)),
            is_clipped: all.iter().flatten().any(|value| *value >= CLIPPED),
            white_balance: [0, 2].map(|channel| encoded(white[channel]) / encoded(white[1]).max(1e-6)),
            evenness: encoded(darkest) / encoded(brightest).max(1e-6),
            blur: blur.map(|sigma| sigma * 224.0 / shorter),
            greys: [0.0; GREYS.len()],
            colours: [[0.0; 3]; 5],
        };
        for (index, what) in SLOTS.iter().enumerate() {
            match what {
                Slot::Grey(step) => reading.greys[*step] = luminance(self.patch(view, index)?),
                Slot::Colour(which) => reading.colours[*which] = self.patch(view, index)?,
                Slot::Star => {}
            }
        }
        Ok(reading)
    }

    /// A patch over the paper on both sides of it: a lamp from the side does not change a patch.
    fn patch(&self, view: &View, index: usize) -> Result<[f32; 3], TargetError> {
        let patch = self.spot(view, slot(index), PATCH)?;
        let beside = |turn: f32| {
            let angle = TAU * (index as f32 + turn) / SLOTS.len() as f32;
            self.spot(view, [OUTER * angle.cos(), OUTER * angle.sin()], SPOT)
        };
        let (before, after) = (beside(-0.5)?, beside(0.5)?);
        let over = |channel: usize| 2.0 * patch[channel] / (before[channel] + after[channel]).max(1e-6);
        Ok(std::array::from_fn(over))
    }

    /// The mean light of a square spot, each channel.
    fn spot(&self, view: &View, [x, y]: [f32; 2], half: f32) -> Result<[f32; 3], TargetError> {
        const STEPS: i32 = 4;
        let mut sum = [0.0; 3];
        for (right, down) in
            (-STEPS..=STEPS).flat_map(|down| (-STEPS..=STEPS).map(move |right| (right, down)))
        {
            let part = half / STEPS as f32;
            let pixel = self.at(view.at([x + right as f32 * part, y + down as f32 * part]))?;
            for (sum, value) in sum.iter_mut().zip(pixel) {
                *sum += value;
            }
        }
        let count = (2 * STEPS + 1).pow(2) as f32;
        Ok(sum.map(|sum| sum / count))
    }

    /// Light at a place between pixels.
    fn at(&self, [x, y]: [f32; 2]) -> Result<[f32; 3], TargetError> {
        let inside = x >= 0.0 && y >= 0.0 && x < self.width as f32 - 1.0 && y < self.height as f32 - 1.0;
        if !inside {
            return Err(TargetError::Outside);
        }
        let (left, top) = (x as usize, y as usize);
        let (right, down) = (x - left as f32, y - top as f32);
        let pixel = |x: usize, y: usize| {
            let at = 3 * (y * self.width + x);
            [0, 1, 2].map(|channel| linear(self.pixels[at + channel]))
        };
        let corners =
            [pixel(left, top), pixel(left + 1, top), pixel(left, top + 1), pixel(left + 1, top + 1)];
        let shares = [(1.0 - right) * (1.0 - down), right * (1.0 - down), (1.0 - right) * down, right * down];
        Ok(std::array::from_fn(|channel| {
            corners.iter().zip(shares).map(|(corner, share)| corner[channel] * share).sum()
        }))
    }

    /// Where a star's middle really is, and how strong its spokes are there: beside it they look weaker.
    fn star(&self, view: &View, place: [f32; 2]) -> Result<(f32, [f32; 2]), TargetError> {
        let mut best = (self.spokes(view, place)?, place);
        for step in NEAR {
            let [x, y] = best.1;
            for (right, down) in (-3..=3).flat_map(|down| (-3..=3).map(move |right| (right, down))) {
                let near = [x + right as f32 * step, y + down as f32 * step];
                let strength = self.spokes(view, near)?;
                if strength > best.0 {
                    best = (strength, near);
                }
            }
        }
        Ok(best)
    }

    /// How many pixels the disc's width has: the stars lie a known way apart, and blur moves no star's middle. Where they
    /// cannot be seen, as the code says.
    fn scale(&self, view: &View, stars: &[(f32, [f32; 2])]) -> f32 {
        match stars {
            [(one, from), (other, to)] if one.min(*other) > FAINT => {
                let ([from_x, from_y], [to_x, to_y]) = (view.at(*from), view.at(*to));
                (from_x - to_x).hypot(from_y - to_y) / (2.0 * RING)
            }
            _ => view.scale(),
        }
    }

    /// How strong the spokes of a star about a place are, over how strong they were printed.
    fn spokes(&self, view: &View, [x, y]: [f32; 2]) -> Result<f32, TargetError> {
        const SAMPLES: usize = 256;
        let radius = CIRCLE * STAR;
        let (mut real, mut imaginary, mut sum) = (0.0f32, 0.0f32, 0.0f32);
        for sample in 0..SAMPLES {
            let angle = TAU * sample as f32 / SAMPLES as f32;
            let value = luminance(self.at(view.at([x + radius * angle.cos(), y + radius * angle.sin()]))?);
            let turn = SPOKES as f32 * angle;
            (real, imaginary, sum) = (real + value * turn.cos(), imaginary + value * turn.sin(), sum + value);
        }
        // Half of it is paper and half is black: the first wave of such steps is 2/pi of their mean.
        let printed = sum * 2.0 / std::f32::consts::PI;
        Ok(real.hypot(imaginary) / printed.max(1e-6))
    }
}

/// The spread of the blur in pixels, from how strong a star's spokes still are: a Gaussian leaves of a wave of the
/// frequency f the part exp(-2 pi^2 sigma^2 f^2). None where hardly any is left.
fn sigma(strength: f32, scale: f32) -> Option<f32> {
    let period = TAU * CIRCLE * STAR * scale / SPOKES as f32;
    (strength > FAINT).then(|| (-strength.min(1.0).ln() / 2.0).sqrt() * period / std::f32::consts::PI)
}

fn mean(values: impl Iterator<Item = f32>) -> f32 {
    let (count, sum) = values.fold((0.0, 0.0), |(count, sum), value| (count + 1.0, sum + value));
    if count > 0.0 { sum / count } else { 0.0 }
}

/// IEC 61966-2-1.
fn linear(value: u8) -> f32 {
    let value = f32::from(value) / 255.0;
    if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

/// IEC 61966-2-1, the other way.
fn encoded(light: f32) -> f32 {
    if light <= 0.003_130_8 { 12.92 * light } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

/// ITU-R BT.709.
fn luminance([red, green, blue]: [f32; 3]) -> f32 {
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}
