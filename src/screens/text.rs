//! Text: smooth type in the sizes that screens need, and the choice of the size that fits.
//!
//! The glyphs are those of Free Universal (SIL Open Font License 1.1) as the crate u8g2-fonts carries them, drawn
//! at twice the size and averaged over 2x2 pixels, which gives smooth edges from one-bit fonts.

use embedded_graphics::pixelcolor::{BinaryColor, Rgb565};
use embedded_graphics::prelude::*;
use embedded_graphics::primitives::Rectangle;
use u8g2_fonts::types::{FontColor, VerticalPosition};
use u8g2_fonts::{FontRenderer, fonts};

use super::ink::mix;
use crate::panel::Canvas;

/// Drawn at this many times the size.
const FINER: i32 = 2;

/// How much of the ink a pixel takes by how many of its four parts are covered; thin light strokes on a dark
/// ground need a little more than their share.
const COVERAGE: [u32; 5] = [0, 80, 144, 204, 256];

/// A size of type: the height of a capital in half pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Type {
    Tiny,
    Small,
    Label,
    Body,
    Lead,
    Title,
    Large,
    Huge,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    Regular,
    Bold,
}

/// Where a line stands between the left and right of its area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    Left,
    Centre,
    Right,
}

/// A size and a weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Face {
    pub size: Type,
    pub weight: Weight,
}

/// A font with the height of its capitals.
struct Font {
    capital: i32,
    renderer: FontRenderer,
}

macro_rules! font {
    ($capital:literal, $name:ident) => {
        Font {
            capital: $capital,
            renderer: FontRenderer::new::<fonts::$name>().with_ignore_unknown_chars(true),
        }
    };
}

static REGULAR: [Font; 8] = [
    font!(11, u8g2_font_fur11_tf),
    font!(14, u8g2_font_fur14_tf),
    font!(17, u8g2_font_fur17_tf),
    font!(20, u8g2_font_fur20_tf),
    font!(25, u8g2_font_fur25_tf),
    font!(30, u8g2_font_fur30_tf),
    font!(35, u8g2_font_fur35_tf),
    font!(42, u8g2_font_fur42_tf),
];

static BOLD: [Font; 8] = [
    font!(11, u8g2_font_fub11_tf),
    font!(14, u8g2_font_fub14_tf),
    font!(17, u8g2_font_fub17_tf),
    font!(20, u8g2_font_fub20_tf),
    font!(25, u8g2_font_fub25_tf),
    font!(30, u8g2_font_fub30_tf),
    font!(35, u8g2_font_fub35_tf),
    font!(42, u8g2_font_fub42_tf),
];

impl Type {
    pub const ALL: [Type; 8] =
        [Self::Tiny, Self::Small, Self::Label, Self::Body, Self::Lead, Self::Title, Self::Large, Self::Huge];

    /// Regular, of this size.
    pub const fn regular(self) -> Face {
        Face { size: self, weight: Weight::Regular }
    }

    /// Bold, of this size.
    pub const fn bold(self) -> Face {
        Face { size: self, weight: Weight::Bold }
    }
}

impl Face {
    fn font(self) -> &'static Font {
        let fonts = match self.weight {
            Weight::Regular => &REGULAR,
            Weight::Bold => &BOLD,
        };
        // One font for each size.
        &fonts[self.size as usize]
    }

    /// The height of a capital in pixels, rounded up.
    pub fn capital(self) -> u32 {
        ((self.font().capital + 1) / FINER) as u32
    }

    /// The height of a line of running text in pixels.
    pub fn line(self) -> u32 {
        (self.capital() * 5).div_ceil(3)
    }

    /// How wide a line is in pixels.
    pub fn width(self, text: &str) -> u32 {
        let parts: i32 = printable(text).chars().map(|character| self.measure(character).0).sum();
        (parts / FINER) as u32
    }

    /// How far a character moves the pen and where its ink lies, in parts of pixels.
    fn measure(self, character: char) -> (i32, Option<Rectangle>) {
        let renderer = &self.font().renderer;
        let dimensions =
            renderer.get_rendered_dimensions(character, Point::zero(), VerticalPosition::Baseline);
        // Unknown characters are replaced, so that every text can be measured.
        let Ok(dimensions) = dimensions else { return (0, None) };
        let advance = (dimensions.advance.x.max(0) + FINER - 1) / FINER * FINER;
        (advance, dimensions.bounding_box)
    }

    /// This face, or the largest smaller one in which the text is at most `width` pixels wide and a capital at
    /// most `height` high; the smallest where none is.
    pub fn fit(self, text: &str, width: u32, height: u32) -> Face {
        let smaller = Type::ALL.into_iter().rev().filter(|size| *size <= self.size);
        let faces = smaller.map(|size| Face { size, ..self });
        let fitting = faces.into_iter().find(|face| face.capital() <= height && face.width(text) <= width);
        fitting.unwrap_or(Face { size: Type::Tiny, ..self })
    }

    /// The text, or as much of its beginning as fits in `width` pixels with an ellipsis.
    pub fn shorten(self, text: &str, width: u32) -> String {
        if self.width(text) <= width {
            return text.into();
        }
        let ends: Vec<_> = text.char_indices().map(|(end, _)| end).collect();
        let shortened = |end: &usize| format!("{}...", text[..*end].trim_end());
        let fitting = ends.iter().rev().map(shortened).find(|short| self.width(short) <= width);
        fitting.unwrap_or_default()
    }

    /// The text, or its beginning and its end with dots between in at most `width` pixels: names that differ mostly do at
    /// their ends.
    pub fn abridge(self, text: &str, width: u32) -> String {
        let letters: Vec<char> = text.chars().collect();
        let abridged = |kept: usize| -> String {
            let (begin, end) = (&letters[..kept / 2], &letters[letters.len() - kept.div_ceil(2)..]);
            begin.iter().chain(&['.', '.', '.']).chain(end).collect()
        };
        let shorter = (0..letters.len()).rev().map(abridged).find(|short| self.width(short) <= width);
        if self.width(text) <= width { text.into() } else { shorter.unwrap_or_default() }
    }

    /// The text in lines of at most `width` pixels, at most `count` of them, the last one shortened if need be.
    pub fn wrap(self, text: &str, width: u32, count: usize) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for word in text.split_whitespace() {
            let full = lines.len() == count;
            match lines.last_mut() {
                Some(line) if full || self.width(&format!("{line} {word}")) <= width => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(word.into()),
            }
        }
        lines.into_iter().map(|line| self.shorten(&line, width)).collect()
    }

    /// Writes one line with its capitals centred between the top and bottom of `area`; what is too wide is
    /// shortened.
    pub fn write(self, canvas: &mut Canvas, text: &str, area: Rectangle, align: Align, colour: Rgb565) {
        let text = self.shorten(text, area.size.width);
        let spare = area.size.width.saturating_sub(self.width(&text)) as i32;
        let x = match align {
            Align::Left => 0,
            Align::Centre => spare / 2,
            Align::Right => spare,
        };
        let baseline = (area.size.height as i32 + self.capital() as i32) / 2;
        self.write_at(canvas, &text, area.top_left + Point::new(x, baseline), colour);
    }

    /// Writes a text over as many lines as it takes, as large as the whole of it fits in `area`, at most in this
    /// face. What does not fit in the smallest one is cut off.
    pub fn fill(self, canvas: &mut Canvas, text: &str, area: Rectangle, align: Align, colour: Rgb565) {
        let (width, height) = (area.size.width, area.size.height);
        let smaller = Type::ALL.into_iter().rev().filter(|size| *size <= self.size);
        let whole = |face: &Face| {
            text.split_whitespace().all(|word| face.width(word) <= width)
                && face.wrap(text, width, usize::MAX).len() as u32 * face.line() <= height
        };
        let face = smaller.map(|size| Face { size, ..self }).find(whole);
        let face = face.unwrap_or(Face { size: Type::Tiny, ..self });
        let lines = face.wrap(text, width, (height / face.line()).max(1) as usize);
        face.write_lines(canvas, &lines, area, align, colour);
    }

    /// Writes lines from the top of `area` down.
    pub fn write_lines(
        self,
        canvas: &mut Canvas,
        lines: &[String],
        mut area: Rectangle,
        align: Align,
        colour: Rgb565,
    ) {
        use super::theme::Cut;
        for line in lines {
            self.write(canvas, line, area.cut_top(self.line()), align, colour);
        }
    }

    /// Writes text from a point on its baseline.
    pub fn write_at(self, canvas: &mut Canvas, text: &str, baseline: Point, colour: Rgb565) {
        let mut pen = Point::zero();
        let mut letters = Vec::new();
        for character in printable(text).chars() {
            let (advance, ink) = self.measure(character);
            if let Some(ink) = ink {
                // Ink begins on a whole pixel: a stem that begins on half of one is two grey columns instead of a white
                // one, and `li` a blot.
                let start = pen - Point::new(ink.top_left.x.rem_euclid(FINER), 0);
                letters.push((character, start, ink.translate(start)));
            }
            pen.x += advance;
        }
        let Some(bounds) = letters.iter().map(|(_, _, ink)| *ink).reduce(around) else { return };
        let mut mask = Mask::new(bounds);
        let ink = FontColor::Transparent(BinaryColor::On);
        for (character, pen, _) in letters {
            let renderer = &self.font().renderer;
            // Nothing can fail: unknown characters are replaced, and a mask takes everything.
            let _ = renderer.render(character, pen, VerticalPosition::Baseline, ink, &mut mask);
        }
        mask.lay(canvas, baseline, colour);
    }
}

/// The smallest rectangle around two.
fn around(one: Rectangle, other: Rectangle) -> Rectangle {
    let end = |rectangle: Rectangle| rectangle.top_left + rectangle.size;
    let corner = one.top_left.component_min(other.top_left);
    let size = end(one).component_max(end(other)) - corner;
    Rectangle::new(corner, Size::new(size.x.unsigned_abs(), size.y.unsigned_abs()))
}

/// Replaces what the fonts lack: typographic signs by plain ones, everything beyond Latin-1 by a question mark.
fn printable(text: &str) -> String {
    let plain = |character: char| match character {
        '\u{2018}' | '\u{2019}' => '\'',
        '\u{201c}' | '\u{201d}' => '"',
        '\u{2010}'..='\u{2015}' => '-',
        character if character.is_control() => ' ',
        character if character > '\u{ff}' => '?',
        character => character,
    };
    text.replace('\u{2026}', "...").chars().map(plain).collect()
}

/// How many parts of each pixel are covered.
struct Mask {
    /// In pixels, relative to the baseline's beginning.
    area: Rectangle,
    covered: Vec<u8>,
}

impl Mask {
    /// For ink within `bounds`, in parts of pixels.
    fn new(bounds: Rectangle) -> Self {
        let first = bounds.top_left.component_div(Point::new_equal(FINER)) - Point::new_equal(1);
        let size = bounds.size / FINER as u32 + Size::new_equal(4);
        Self { area: Rectangle::new(first, size), covered: vec![0; (size.width * size.height) as usize] }
    }

    fn lay(&self, canvas: &mut Canvas, baseline: Point, colour: Rgb565) {
        let place = self.area.translate(baseline);
        // Not negative: what is clipped lies right of where the place begins.
        let skip = (canvas.clip(place).top_left.x - place.top_left.x) as usize;
        for (y, row) in canvas.rows_mut(place) {
            let first = (y - place.top_left.y) as usize * self.area.size.width as usize + skip;
            for (pixel, covered) in row.iter_mut().zip(&self.covered[first..]) {
                *pixel = mix(*pixel, colour, COVERAGE[usize::from(*covered).min(4)]);
            }
        }
    }
}

impl Dimensions for Mask {
    fn bounding_box(&self) -> Rectangle {
        let corner = self.area.top_left * FINER;
        Rectangle::new(corner, self.area.size * FINER as u32)
    }
}

impl DrawTarget for Mask {
    type Color = BinaryColor;
    type Error = std::convert::Infallible;

    fn draw_iter<I>(&mut self, pixels: I) -> Result<(), Self::Error>
    where
        I: IntoIterator<Item = Pixel<Self::Color>>,
    {
        for Pixel(point, _) in pixels {
            let x = point.x.div_euclid(FINER) - self.area.top_left.x;
            let y = point.y.div_euclid(FINER) - self.area.top_left.y;
            let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { continue };
            if x < self.area.size.width && y < self.area.size.height {
                self.covered[(y * self.area.size.width + x) as usize] += 1;
            }
        }
        Ok(())
    }
}
