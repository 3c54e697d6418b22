//! From the target's places to those of the frame: a plane seen from anywhere.

/// A homography, row by row; its last number is 1.
#[derive(Clone, Copy, Debug)]
pub struct View([f64; 9]);

impl View {
    /// The one that takes the corners of a square of the target to four places of the frame, in the same order: upper left,
    /// upper right, lower right, lower left. `from` and `to` are where the square begins and ends, in both directions.
    /// `None` where they are no square seen from anywhere.
    pub fn of_square(from: f32, to: f32, places: [[f32; 2]; 4]) -> Option<Self> {
        let (from, to) = (f64::from(from), f64::from(to));
        let corners = [[from, from], [to, from], [to, to], [from, to]];
        let mut rows = [[0.0f64; 9]; 8];
        for (index, ([x, y], place)) in corners.into_iter().zip(places).enumerate() {
            let [u, v] = place.map(f64::from);
            rows[2 * index] = [x, y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y, u];
            rows[2 * index + 1] = [0.0, 0.0, 0.0, x, y, 1.0, -v * x, -v * y, v];
        }
        let solved = solve(rows)?;
        let mut numbers = [1.0; 9];
        numbers[..8].copy_from_slice(&solved);
        Some(Self(numbers))
    }

    /// Where a place of the target lies in the frame.
    pub fn at(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let [a, b, c, d, e, f, g, h, i] = self.0;
        let (x, y) = (f64::from(x), f64::from(y));
        let depth = g * x + h * y + i;
        [((a * x + b * y + c) / depth) as f32, ((d * x + e * y + f) / depth) as f32]
    }

    /// How many pixels of the frame a short way in the middle of the target has, for each of its own unit.
    pub fn scale(&self) -> f32 {
        let step = 0.01;
        let ([x, y], [right_x, right_y], [down_x, down_y]) =
            (self.at([0.0, 0.0]), self.at([step, 0.0]), self.at([0.0, step]));
        let area = (right_x - x) * (down_y - y) - (right_y - y) * (down_x - x);
        area.abs().sqrt() / step
    }
}

/// Gauss's elimination, with the largest pivot.
fn solve(mut rows: [[f64; 9]; 8]) -> Option<[f64; 8]> {
    for column in 0..8 {
        let best = (column..8)
            .max_by(|one, other| rows[*one][column].abs().total_cmp(&rows[*other][column].abs()))?;
        rows.swap(column, best);
        let pivot = rows[column];
        if pivot[column].is_nan() || pivot[column].abs() < 1e-9 {
            return None;
        }
        for row in (0..8).filter(|row| *row != column) {
            let times = rows[row][column] / pivot[column];
            for at in column..9 {
                rows[row][at] -= times * pivot[at];
            }
        }
    }
    Some(std::array::from_fn(|index| rows[index][8] / rows[index][index]))
}
