//! Any bytes are a picture of its limits, or a clear error; never a panic.
#![no_main]

use dermascope::picture::{MAX_PIXELS, decode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok((pixels, _)) = decode(bytes) {
        assert!(u64::from(pixels.width()) * u64::from(pixels.height()) <= MAX_PIXELS);
    }
});
