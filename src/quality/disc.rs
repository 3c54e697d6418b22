//! The round picture that some optics make in a black frame: where it lies. What is judged is what the optics show, not
//! the black around it.

use super::SIDE;

/// A pixel of the frame has at most this luma: black by a camera's standards, and darker than any skin that is lit.
const BLACK: u8 = 24;
/// A picture that fills less of the square than this is no picture of optics: everything is just dark.
const LEAST_AREA: f32 = 0.06;
/// So much of what is not black must lie in the disc, and so much of the disc must not be black: else it is not round.
const ROUND: f32 = 0.96;
/// How much of the radius counts as the blurred edge.
const EDGE: f32 = 0.03;
/// A frame that covers less of the ring than this is left in: corners and the edge of a vignette.
const LEAST_FRAME: f32 = 0.03;

/// A disc in pixels of the copy that is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Disc {
    pub x: f32,
    pub y: f32,
    pub radius: f32,
}

/// The disc in the copy whose pixels have this luma, row by row; `None` where there is no black frame around one.
/// `ring` is what is judged otherwise.
pub fn find(luma: &[u8], ring: &[bool]) -> Option<Disc> {
    let frame = frame(luma);
    let share = |count: usize, of: usize| count as f32 / of.max(1) as f32;
    let in_ring = frame.iter().zip(ring).filter(|(frame, ring)| **frame && **ring).count();
    if share(in_ring, ring.iter().filter(|inside| **inside).count()) < LEAST_FRAME {
        return None;
    }
    let seen: Vec<(f32, f32)> = (0..SIDE * SIDE)
        .filter(|at| !frame[*at])
        .map(|at| ((at % SIDE) as f32 + 0.5, (at / SIDE) as f32 + 0.5))
        .collect();
    if share(seen.len(), SIDE * SIDE) < LEAST_AREA {
        return None;
    }
    let count = seen.len() as f32;
    let (x, y) =
        seen.iter().fold((0.0, 0.0), |(across, down), (x, y)| (across + x / count, down + y / count));
    let radius = (count / std::f32::consts::PI).sqrt();
    let inside = seen.iter().filter(|(across, down)| (across - x).hypot(down - y) <= radius).count();
    // As large as what is seen: what of that lies outside is missing inside.
    let fits = [x, y].iter().all(|middle| middle - radius > -1.0 && middle + radius < SIDE as f32 + 1.0);
    (share(inside, seen.len()) >= ROUND && fits).then_some(Disc { x, y, radius: radius * (1.0 - EDGE) })
}

/// The black that reaches the edge: a dark lesion does not.
fn frame(luma: &[u8]) -> Vec<bool> {
    let mut frame = vec![false; SIDE * SIDE];
    let edge = (0..SIDE).flat_map(|at| [at, (SIDE - 1) * SIDE + at, at * SIDE, at * SIDE + SIDE - 1]);
    let mut open: Vec<usize> = edge.filter(|at| luma[*at] <= BLACK).collect();
    while let Some(at) = open.pop() {
        if luma[at] > BLACK || std::mem::replace(&mut frame[at], true) {
            continue;
        }
        let (column, row) = (at % SIDE, at / SIDE);
        let neighbours = [
            (column > 0).then(|| at - 1),
            (column + 1 < SIDE).then(|| at + 1),
            (row > 0).then(|| at - SIDE),
            (row + 1 < SIDE).then(|| at + SIDE),
        ];
        open.extend(neighbours.into_iter().flatten().filter(|at| luma[*at] <= BLACK && !frame[*at]));
    }
    frame
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use crate::quality::{QualityConfig, measure};
    use crate::synthetic;

    /// A picture of skin, round and of this radius, in a black frame.
    fn framed(x: f32, y: f32, radius: f32) -> RgbImage {
        let lesion = synthetic::lesion(3, (2.0 * radius) as u32 + 1);
        let mut seed = 7u32;
        RgbImage::from_fn(400, 400, |across, down| {
            let (dx, dy) = (across as f32 - x, down as f32 - y);
            // Black is never quite black.
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if dx.hypot(dy) > radius {
                return Rgb([(seed >> 29) as u8; 3]);
            }
            *lesion.get_pixel((dx + radius) as u32, (dy + radius) as u32)
        })
    }

    #[test]
    fn a_round_picture_in_a_black_frame_is_judged_by_what_it_shows() {
        let whole = measure(&synthetic::lesion(3, 400), &QualityConfig::default());
        assert!(whole.is_usable(), "{whole:?}");
        for (x, y, radius) in [(200.0, 200.0, 190.0), (200.0, 200.0, 120.0), (170.0, 220.0, 140.0)] {
            let quality = measure(&framed(x, y, radius), &QualityConfig::default());
            assert!(quality.is_usable(), "{x} {y} {radius}: {quality:?}");
            assert!((quality.brightness - whole.brightness).abs() < 0.05, "{quality:?}");
            assert!((quality.lesion_area - whole.lesion_area).abs() < 0.05, "{quality:?}");
            assert!((quality.lesion_offset - whole.lesion_offset).abs() < 0.1, "{quality:?}");
        }
    }

    #[test]
    fn what_is_just_dark_is_still_too_dark() {
        for dark in [
            RgbImage::from_pixel(300, 300, Rgb([6, 4, 3])),
            // Half of it in a shadow, which is not round.
            RgbImage::from_fn(300, 300, |x, _| Rgb(if x < 190 { [5, 4, 3] } else { [150, 110, 90] })),
            // A lamp, far away.
            RgbImage::from_fn(300, 300, |x, y| {
                Rgb([if (x as f32 - 90.0).hypot(y as f32 - 90.0) < 20.0 { 250 } else { 3 }; 3])
            }),
        ] {
            let quality = measure(&dark, &QualityConfig::default());
            assert!(quality.reasons.contains(&crate::quality::Reason::TooDark), "{quality:?}");
        }
    }
}
