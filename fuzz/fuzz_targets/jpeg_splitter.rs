//! Bytes in pieces of any size give the same pictures as in one piece.
#![no_main]

use dermascope::camera::Splitter;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (piece, bytes) = input;
    let split = |piece: usize| {
        let mut splitter = Splitter::default();
        let pictures: Vec<_> = bytes.chunks(piece).flat_map(|piece| splitter.push(piece)).collect();
        (pictures, splitter.refused())
    };
    assert_eq!(split(usize::from(piece).max(1)), split(bytes.len().max(1)));
});
