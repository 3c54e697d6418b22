//! Pictures on a canvas: the field of view scaled into an area, and the attention map over it.

use std::num::NonZeroU32;

use embedded_graphics::pixelcolor::Rgb565;
use embedded_graphics::prelude::*;
use embedded_graphics::primitives::Rectangle;
use image::RgbImage;

use super::ink::mix;
use super::theme::{self, Cut};
use crate::classifier::Attention;
use crate::panel::Canvas;
use crate::picture::Region;
use crate::picture::resize;
use crate::quality::Outline;

/// Draws a picture as large as it fits into `area` without distortion, centred, and returns where it lies.
/// A picture without pixels draws nothing.
pub fn draw(canvas: &mut Canvas, picture: &RgbImage, area: Rectangle) -> Rectangle {
    let place = canvas.clip(fit(picture.dimensions(), area));
    let whole = Region { x: 0, y: 0, width: picture.width(), height: picture.height() };
    let Some(scaled) = resize(picture, whole, place.size.width, place.size.height) else {
        return Rectangle::zero();
    };
    let mut pixels = scaled.chunks_exact(3);
    for (_, row) in canvas.rows_mut(place) {
        for (target, rgb) in row.iter_mut().zip(&mut pixels) {
            *target = Rgb565::new(rgb[0] >> 3, rgb[1] >> 2, rgb[2] >> 3);
        }
    }
    place
}

/// The largest rectangle of a picture's shape within an area, centred.
fn fit((width, height): (u32, u32), area: Rectangle) -> Rectangle {
    let (Some(width), Some(height)) = (NonZeroU32::new(width), NonZeroU32::new(height)) else {
        return Rectangle::zero();
    };
    let (width, height) = (u64::from(width.get()), u64::from(height.get()));
    let (most_width, most_height) = (u64::from(area.size.width), u64::from(area.size.height));
    let fitted = if width * most_height > most_width * height {
        (most_width, most_width * height / width)
    } else {
        (most_height * width / height, most_height)
    };
    // Both are at most the area's.
    let size = Size::new(fitted.0 as u32, fitted.1 as u32);
    area.inset((area.size.width - size.width) / 2, (area.size.height - size.height) / 2)
        .resized(size, embedded_graphics::geometry::AnchorPoint::TopLeft)
}

/// Blends an attention map over a picture that lies at `place`: the more the network looked, the more colour.
pub fn overlay(canvas: &mut Canvas, attention: &Attention, place: Rectangle) {
    let (size, cells) = (canvas.clip(place).size, attention.size);
    if cells == 0 || attention.values.len() != cells * cells {
        return;
    }
    let columns: Vec<_> = (0..size.width).map(|x| Between::new(x, size.width, cells)).collect();
    for (y, (_, row)) in (0..).zip(canvas.rows_mut(place)) {
        let rows = Between::new(y, size.height, cells);
        for (pixel, columns) in row.iter_mut().zip(&columns) {
            let along = |row: usize| {
                let row = &attention.values[row * cells..][..cells];
                columns.mix(row[columns.first], row[columns.second])
            };
            let looked = rows.mix(along(rows.first), along(rows.second)).clamp(0.0, 1.0);
            // Where it looked least, the picture stays as it is.
            *pixel = mix(*pixel, heat(looked), (looked * 170.0) as u32);
        }
    }
}

/// Draws an earlier lesion's outline faintly over a picture that lies at `place`: a light line, so that the picture itself is
/// seen on both sides of it.
pub fn outline(canvas: &mut Canvas, outline: &Outline, place: Rectangle) {
    let place = canvas.clip(place);
    let (width, height) = (place.size.width as f32, place.size.height as f32);
    // Half a line's width: one pixel for every 160.
    let reach = (width / 160.0).max(1.0) / 2.0;
    let inside = |x: f32, y: f32| outline.at(x / width, y / height) > 0.5;
    for (y, (_, row)) in (0..).zip(canvas.rows_mut(place)) {
        for (x, pixel) in (0..).zip(row) {
            let (x, y) = (x as f32 + 0.5, y as f32 + 0.5);
            let corners = [(-1.0, -1.0), (1.0, -1.0), (-1.0, 1.0), (1.0, 1.0)];
            let within = corners.into_iter().filter(|(a, b)| inside(x + a * reach, y + b * reach)).count();
            if (1..4).contains(&within) {
                *pixel = mix(*pixel, theme::TEXT, FAINT);
            }
        }
    }
}

/// How much of the line is seen, of 256.
const FAINT: u32 = 130;

/// A place between the centres of two cells.
struct Between {
    first: usize,
    second: usize,
    share: f32,
}

impl Between {
    fn new(pixel: u32, pixels: u32, cells: usize) -> Self {
        let place =
            ((pixel as f32 + 0.5) * cells as f32 / pixels as f32 - 0.5).clamp(0.0, (cells - 1) as f32);
        let first = place as usize;
        Self { first, second: (first + 1).min(cells - 1), share: place - first as f32 }
    }

    fn mix(&self, first: f32, second: f32) -> f32 {
        first + (second - first) * self.share
    }
}

/// Black body colours from 0 to 1, evenly lighter: nine steps of matplotlib's "inferno" (CC0), in between by
/// straight lines.
const HEAT: [(u8, u8, u8); 9] = [
    (0, 0, 4),
    (31, 12, 72),
    (85, 15, 109),
    (136, 34, 106),
    (186, 54, 85),
    (227, 89, 51),
    (249, 140, 10),
    (249, 201, 50),
    (252, 255, 164),
];

/// The colour of a share from 0 to 1.
pub fn heat(share: f32) -> Rgb565 {
    let place = share.clamp(0.0, 1.0) * (HEAT.len() - 1) as f32;
    let first = (place as usize).min(HEAT.len() - 2);
    let [low, high] =
        [HEAT[first], HEAT[first + 1]].map(|(red, green, blue)| Rgb565::new(red >> 3, green >> 2, blue >> 3));
    mix(low, high, ((place - first as f32) * 256.0) as u32)
}
