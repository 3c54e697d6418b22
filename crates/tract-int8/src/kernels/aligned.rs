//! Values that start on a cache line: a vector of them then never lies across two.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

/// Plain numbers: any bits are a value, and none needs a stricter alignment than a line.
///
/// # Safety
/// Only for types of which that is true.
pub(super) unsafe trait Plain: Copy + Default + 'static {}

// SAFETY: plain integers and floats.
unsafe impl Plain for u8 {}
// SAFETY: as above.
unsafe impl Plain for i8 {}
// SAFETY: as above.
unsafe impl Plain for i16 {}
// SAFETY: as above.
unsafe impl Plain for i32 {}
// SAFETY: as above.
unsafe impl Plain for f32 {}

#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// A growing array that starts on a cache line.
#[derive(Clone, Debug)]
pub(super) struct Aligned<T> {
    lines: Vec<Line>,
    length: usize,
    values: PhantomData<T>,
}

impl<T: Plain> Aligned<T> {
    pub const fn new() -> Self {
        Self { lines: Vec::new(), length: 0, values: PhantomData }
    }

    /// Longer, with zeros after what is there, or shorter; where it was longer before, old values may come back.
    pub fn resize(&mut self, length: usize) {
        let lines = (length * size_of::<T>()).div_ceil(64);
        if lines > self.lines.len() {
            self.lines.resize(lines, Line([0; 64]));
        }
        self.length = length;
    }
}

impl<T: Plain> Deref for Aligned<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: `resize` keeps at least `length` values' bytes, all of them set; any bits are a value, and a line is
        // aligned for it.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.length) }
    }
}

impl<T: Plain> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as in `deref`; the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.length) }
    }
}
