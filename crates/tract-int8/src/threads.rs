//! Threads: an operator's output rows, split over the cores. Rows do not depend on each other, so the bits are the
//! same for any number of threads.

use std::ops::Range;

use tract_onnx::prelude::TractResult;

/// The threads that one network runs on.
#[derive(Debug)]
pub struct Workers {
    /// Those beside the caller's own; none for a single thread.
    others: Option<rayon::ThreadPool>,
    count: usize,
}

impl Workers {
    /// `count` threads, the caller's own among them.
    pub fn new(count: usize) -> TractResult<Self> {
        let count = count.clamp(1, 64);
        let named = |index| format!("int8-{index}");
        let pool = || rayon::ThreadPoolBuilder::new().num_threads(count - 1).thread_name(named).build();
        let others = if count > 1 { Some(pool()?) } else { None };
        Ok(Self { others, count })
    }

    /// Gives each thread a stretch of the `rows` rows of `out` to fill.
    pub fn split(&self, rows: usize, out: &mut [u8], fill: impl Fn(Range<usize>, &mut [u8]) + Sync) {
        let Some(others) = &self.others else { return fill(0..rows, out) };
        let (parts, length) = (self.count, out.len() / rows.max(1));
        let fill = &fill;
        others.in_place_scope(|scope| {
            let mut rest = out;
            for part in (0..parts).rev() {
                let rows = part * rows / parts..(part + 1) * rows / parts;
                let (before, own) = rest.split_at_mut(rows.start * length);
                rest = before;
                if part == 0 {
                    fill(rows, own);
                } else {
                    scope.spawn(move |_| fill(rows, own));
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_filled_once_whatever_the_number_of_threads() {
        for threads in 1..6 {
            let workers = Workers::new(threads).unwrap();
            for rows in [0, 1, 2, 7, 112] {
                let mut out = vec![0; rows * 3];
                workers.split(rows, &mut out, |rows, own| {
                    assert_eq!(own.len(), rows.len() * 3);
                    for (row, values) in rows.zip(own.chunks_exact_mut(3)) {
                        values.iter_mut().for_each(|value| *value += row as u8 + 1);
                    }
                });
                let expected: Vec<_> = (0..rows).flat_map(|row| [row as u8 + 1; 3]).collect();
                assert_eq!(out, expected, "{threads} threads, {rows} rows");
            }
        }
    }
}
