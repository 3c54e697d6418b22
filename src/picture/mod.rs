//! Pictures from outside: bytes to upright 8-bit sRGB, with limits, and a clear error for anything else.

mod colour;
mod decode;
mod error;
mod foreign;
mod frame;
mod jpeg;
mod markers;
mod png;
mod resize;
mod turn;

pub use decode::{Decoded, decode, decode_view, decoder_panics, encode_png, preview, read, read_file};
pub use error::{MAX_FILE, MAX_MEMORY, MAX_PIXELS, MAX_SIDE, PictureError};
pub use foreign::Foreign;
pub use frame::{Encoded, Encoding, Frame, Region};
pub use markers::{Step, Walker, first_jpeg};
pub use resize::resize;
