//! A printed target, and reading it from a frame: light, white balance, sharpness, evenness and millimetres.
//!
//! [`Size::pdf`] prints it. [`read`] finds it in a frame by itself, however it is turned or tilted, and measures; what it
//! finds is judged by [`Reading::judge`] against limits that come from what the network loses, and against the reading that
//! was taken when the device was set up: paper and printers differ, one target with itself does not.

mod judge;
mod layout;
mod measure;
mod place;

pub use judge::{Finding, Kind, LEAST_EVENNESS, LIGHT_TOLERANCE, MOST_BLUR, WHITE_BALANCE_TOLERANCE};
pub use layout::{COLOURS, GREYS, Shape, Size};
pub use measure::{Reading, TargetError, read};
