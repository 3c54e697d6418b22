//! Any bytes are a picture of its limits, or a clear error; never a panic, not even one that is contained. A live picture
//! is of the same part as the whole.
#![no_main]

use dermascope::picture::{MAX_PIXELS, Region, decode, decoder_panics, preview};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let whole = decode(bytes);
    let live = preview(bytes, |width, height| Region::centre_square(width, height, 0.5), 16);
    if let (Ok((pixels, _)), Ok(live)) = (&whole, &live) {
        assert!(u64::from(pixels.width()) * u64::from(pixels.height()) <= MAX_PIXELS);
        assert_eq!(live.region, Region::centre_square(pixels.width(), pixels.height(), 0.5));
    }
    assert_eq!(decoder_panics(), 0);
});
