//! The lesion's outline, so that the next picture of it can be taken alike.

use image::RgbImage;

use super::lesion::{self, SMALL};
use super::view::View;
use crate::picture::Region;

/// Where the lesion lies in a picture: cells in a square of it that are inside.
#[derive(Clone, Debug, PartialEq)]
pub struct Outline {
    /// [`SMALL`] a side, row by row: 1 inside the lesion, 0 outside.
    inside: Vec<f32>,
    /// The square, in shares of the picture: left, top, width, height.
    square: [f32; 4],
}

/// The outline of the largest patch that is darker or redder than the rest; none where there is no such patch.
pub fn outline(picture: &RgbImage) -> Option<Outline> {
    let view = View::new(picture);
    let patch = lesion::patch(&view);
    if patch.is_empty() {
        return None;
    }
    let mut inside = vec![0.0; SMALL * SMALL];
    patch.iter().for_each(|at| inside[*at] = 1.0);
    // Corners of cells are none of the lesion's.
    let inside = lesion::smooth(&inside);
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    let Region { x, y, width: across, height: down } = view.region;
    let square = [x as f32 / width, y as f32 / height, across as f32 / width, down as f32 / height];
    Some(Outline { inside, square })
}

impl Outline {
    /// How much a place is inside the lesion, from 0 to 1; its edge is at 0.5. Places are shares of the picture's width and
    /// height.
    pub fn at(&self, x: f32, y: f32) -> f32 {
        let [left, top, width, height] = self.square;
        let cells = SMALL as f32;
        // Cells have their values in their middles.
        let (x, y) = ((x - left) / width * cells - 0.5, (y - top) / height * cells - 0.5);
        let (column, row) = (x.floor(), y.floor());
        let (right, low) = (x - column, y - row);
        let along = |row: f32| self.cell(column, row) * (1.0 - right) + self.cell(column + 1.0, row) * right;
        along(row) * (1.0 - low) + along(row + 1.0) * low
    }

    /// Outside the square nothing is of the lesion.
    fn cell(&self, column: f32, row: f32) -> f32 {
        let within = 0.0..SMALL as f32;
        if within.contains(&column) && within.contains(&row) {
            self.inside[row as usize * SMALL + column as usize]
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;
    use proptest::prelude::*;

    use super::*;

    /// A dark disc on skin; middle and radius in shares of the picture's side.
    fn disc(side: u32, x: f32, y: f32, radius: f32) -> RgbImage {
        RgbImage::from_fn(side, side, |column, row| {
            let place = |pixel: u32| (pixel as f32 + 0.5) / side as f32;
            let inside = (place(column) - x).hypot(place(row) - y) <= radius;
            if inside { Rgb([110, 70, 50]) } else { Rgb([220, 170, 150]) }
        })
    }

    #[test]
    fn a_picture_of_one_colour_has_no_outline_and_one_without_pixels_neither() {
        assert_eq!(outline(&RgbImage::new(0, 0)), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        /// Wherever the lesion lies in the ring and however large the picture is.
        #[test]
        fn the_outline_is_where_the_lesion_was_drawn(
            side in 160u32..400, x in 0.4f32..0.6, y in 0.4f32..0.6, radius in 0.1f32..0.25,
        ) {
            let outline = outline(&disc(side, x, y, radius)).expect("a lesion");
            // A cell is 1/56 of the side, and the copy is smoothed.
            let slack = 0.04;
            for step in 0..16 {
                let angle = step as f32 * std::f32::consts::TAU / 16.0;
                let at = |distance: f32| outline.at(x + distance * angle.cos(), y + distance * angle.sin());
                prop_assert!(at(radius - slack) > 0.5, "inside at {angle}");
                prop_assert!(at(radius + slack) < 0.5, "outside at {angle}");
            }
        }

        #[test]
        fn no_place_breaks_it(x in -9.0f32..9.0, y in -9.0f32..9.0) {
            let outline = outline(&disc(160, 0.5, 0.5, 0.2)).expect("a lesion");
            prop_assert!((0.0..=1.0).contains(&outline.at(x, y)));
        }
    }
}
