//! Ink: smooth shapes on a canvas. Each shape is a distance from its edge (below 0 inside), so that edges can
//! be softened over one pixel, which embedded-graphics' own primitives cannot do.

use embedded_graphics::pixelcolor::Rgb565;
use embedded_graphics::prelude::*;
use embedded_graphics::primitives::Rectangle;

use crate::panel::Canvas;

/// Mixes two colours; `share` of the second, from 0 to 256.
pub fn mix(first: Rgb565, second: Rgb565, share: u32) -> Rgb565 {
    let share = share.min(256);
    let channel = |a: u8, b: u8| ((u32::from(a) * (256 - share) + u32::from(b) * share + 128) >> 8) as u8;
    Rgb565::new(
        channel(first.r(), second.r()),
        channel(first.g(), second.g()),
        channel(first.b(), second.b()),
    )
}

/// A point with parts of pixels; whole numbers are the corners of pixels.
pub type Spot = (f32, f32);

/// Fills what `distance` says lies inside, within `area`.
pub fn fill(canvas: &mut Canvas, area: Rectangle, colour: Rgb565, distance: impl Fn(f32, f32) -> f32) {
    let left = canvas.clip(area).top_left.x;
    for (y, row) in canvas.rows_mut(area) {
        for (x, pixel) in (left..).zip(row) {
            let inside = 0.5 - distance(x as f32 + 0.5, y as f32 + 0.5);
            if inside >= 1.0 {
                *pixel = colour;
            } else if inside > 0.0 {
                *pixel = mix(*pixel, colour, (inside * 256.0) as u32);
            }
        }
    }
}

/// The pixels that a shape within `reach` of `centre` can touch.
pub fn around(centre: Spot, reach: f32) -> Rectangle {
    let corner = Point::new((centre.0 - reach).floor() as i32 - 1, (centre.1 - reach).floor() as i32 - 1);
    Rectangle::new(corner, Size::new_equal((2.0 * reach).ceil() as u32 + 3))
}

/// The centre of an area.
pub fn centre(area: Rectangle) -> Spot {
    let size = area.size;
    (area.top_left.x as f32 + size.width as f32 / 2.0, area.top_left.y as f32 + size.height as f32 / 2.0)
}

/// Much quicker than `hypot`, which guards against sizes that no screen has.
fn length(x: f32, y: f32) -> f32 {
    (x * x + y * y).sqrt()
}

/// A disc.
pub fn disc(centre: Spot, radius: f32) -> impl Fn(f32, f32) -> f32 + Copy {
    move |x, y| length(x - centre.0, y - centre.1) - radius
}

/// A circle's line, `width` wide.
pub fn ring(centre: Spot, radius: f32, width: f32) -> impl Fn(f32, f32) -> f32 + Copy {
    move |x, y| (length(x - centre.0, y - centre.1) - radius).abs() - width / 2.0
}

/// A straight stroke with round ends, `width` wide.
pub fn stroke(from: Spot, to: Spot, width: f32) -> impl Fn(f32, f32) -> f32 + Copy {
    let (along_x, along_y) = (to.0 - from.0, to.1 - from.1);
    let squared = (along_x * along_x + along_y * along_y).max(f32::MIN_POSITIVE);
    move |x, y| {
        let (x, y) = (x - from.0, y - from.1);
        let share = ((x * along_x + y * along_y) / squared).clamp(0.0, 1.0);
        length(x - share * along_x, y - share * along_y) - width / 2.0
    }
}

/// A filled triangle with round corners.
pub fn triangle(corners: [Spot; 3], radius: f32) -> impl Fn(f32, f32) -> f32 + Copy {
    let [a, b, c] = corners;
    let edges = [stroke(a, b, 0.0), stroke(b, c, 0.0), stroke(c, a, 0.0)];
    let side = |from: Spot, to: Spot, x: f32, y: f32| {
        (to.0 - from.0) * (y - from.1) - (to.1 - from.1) * (x - from.0)
    };
    move |x, y| {
        let sides = [side(a, b, x, y), side(b, c, x, y), side(c, a, x, y)];
        let inside = sides.iter().all(|side| *side >= 0.0) || sides.iter().all(|side| *side <= 0.0);
        let edge = edges.iter().map(|edge| edge(x, y)).fold(f32::INFINITY, f32::min);
        if inside { -edge - radius } else { edge - radius }
    }
}

/// A rectangle with round corners.
pub fn slab(area: Rectangle, radius: f32) -> impl Fn(f32, f32) -> f32 + Copy {
    let middle = centre(area);
    let (half_width, half_height) = (area.size.width as f32 / 2.0, area.size.height as f32 / 2.0);
    let radius = radius.min(half_width).min(half_height);
    move |x, y| {
        let (x, y) =
            ((x - middle.0).abs() - half_width + radius, (y - middle.1).abs() - half_height + radius);
        if x <= 0.0 || y <= 0.0 { x.max(y) - radius } else { length(x, y) - radius }
    }
}

/// Fills a rectangle with round corners.
pub fn fill_slab(canvas: &mut Canvas, area: Rectangle, radius: f32, colour: Rgb565) {
    fill(canvas, area, colour, slab(area, radius));
}

/// Lays a colour over an area; `share` of it, from 0 to 256.
pub fn veil(canvas: &mut Canvas, area: Rectangle, colour: Rgb565, share: u32) {
    for (_, row) in canvas.rows_mut(area) {
        row.iter_mut().for_each(|pixel| *pixel = mix(*pixel, colour, share));
    }
}
