//! Every kernel against the definition, over shapes that tiles do not divide.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use tract_int8::kernels::{
    Add, Conv, Depthwise, Kernel, Layer, Quantise, Requantise, Scalar, Term, Window, available, requantise,
};

/// A value's bytes from a seed, the extremes among them.
fn bytes(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (0..count)
        .map(|_| match next() % 8 {
            0 => 0x80,
            1 => 0x7f,
            _ => (next() >> 24) as u8,
        })
        .collect()
}

fn weights(seed: u64, count: usize) -> Vec<i8> {
    bytes(seed, count).into_iter().map(|byte| (byte as i8).max(-127)).collect()
}

/// Biases and scales that put most outputs in range, some far out, and some on the halves between two values.
fn steps(seed: u64, channels: usize, depth: usize, zero: i8) -> Requantise {
    let random = bytes(seed, channels * 2);
    let scale = |byte: u8| match byte % 4 {
        0 => 0.5 / 64.0,
        1 => 1.0 / (1.0 + f32::from(byte) * depth as f32),
        2 => 2.0f32.powi(-i32::from(byte % 20)),
        _ => 1e-12,
    };
    Requantise {
        bias: random[..channels].iter().map(|byte| i32::from(*byte as i8) * 97).collect(),
        scale: random[channels..].iter().map(|byte| scale(*byte)).collect(),
        zero,
    }
}

fn windows(kernels: &'static [usize]) -> impl Strategy<Value = Window> {
    let kernel = prop::sample::select(kernels);
    (kernel, 1..3usize, [1..17usize, 1..17], prop::array::uniform4(0..3usize)).prop_filter_map(
        "the window fits",
        |(kernel, stride, map, pads)| {
            Window::new(map, kernel, stride, pads.map(|pad| pad.min(kernel - 1))).ok()
        },
    )
}

fn zeros() -> impl Strategy<Value = i8> {
    prop_oneof![Just(-128), Just(127), Just(0), any::<i8>()]
}

/// Runs a layer in one piece and in two, and gives its values, unflipped.
fn run(kernel: &dyn Kernel, layer: &dyn Layer, window: &Window, input: &[u8], channels: usize) -> Vec<u8> {
    let flip = |values: &[u8]| -> Vec<u8> { values.iter().map(|value| value ^ kernel.flip()).collect() };
    let row = window.out_width * channels;
    let input = flip(input);
    let mut whole = vec![0; window.out_height * row];
    layer.rows(&input, 0..window.out_height, &mut whole);
    let mut parts = vec![0; window.out_height * row];
    let split = window.out_height / 2;
    let (above, below) = parts.split_at_mut(split * row);
    layer.rows(&input, 0..split, above);
    layer.rows(&input, split..window.out_height, below);
    assert_eq!(whole, parts, "{}: rows depend on how they are split", kernel.name());
    flip(&whole)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 256 }, failure_persistence: None, ..Default::default() })]

    #[test]
    fn convolutions_are_the_definition_to_the_bit(
        window in windows(&[1, 1, 2, 3, 5]),
        inputs in prop_oneof![1..9usize, Just(16), Just(24), 1..70usize],
        outputs in prop_oneof![1..9usize, Just(24), Just(64), 1..150usize],
        zero in zeros(), zero_out in zeros(), seed in any::<u64>(),
    ) {
        let depth = window.kernel * window.kernel * inputs;
        let conv = Conv {
            window, inputs, outputs, zero,
            weights: weights(seed, depth * outputs),
            requantise: steps(seed ^ 7, outputs, depth, zero_out),
        };
        prop_assume!(conv.check().is_ok());
        let input = bytes(seed ^ 99, window.height * window.width * inputs);
        let expected = run(&Scalar, &*Scalar.conv(&conv), &window, &input, outputs);
        for kernel in available() {
            let found = run(kernel, &*kernel.conv(&conv), &window, &input, outputs);
            prop_assert!(found == expected, "{}: {:?}", kernel.name(), first_difference(&found, &expected));
        }
    }

    #[test]
    fn depthwise_convolutions_are_the_definition_to_the_bit(
        window in windows(&[1, 2, 3, 3, 5, 5, 7]),
        channels in prop_oneof![1..9usize, Just(32), Just(144), 1..150usize],
        zero in zeros(), zero_out in zeros(), seed in any::<u64>(),
    ) {
        let depth = window.kernel * window.kernel;
        let depthwise = Depthwise {
            window, channels, zero,
            weights: weights(seed, depth * channels),
            requantise: steps(seed ^ 7, channels, depth, zero_out),
        };
        prop_assume!(depthwise.check().is_ok());
        let input = bytes(seed ^ 99, window.height * window.width * channels);
        let expected = run(&Scalar, &*Scalar.depthwise(&depthwise), &window, &input, channels);
        for kernel in available() {
            let found = run(kernel, &*kernel.depthwise(&depthwise), &window, &input, channels);
            prop_assert!(found == expected, "{}: {:?}", kernel.name(), first_difference(&found, &expected));
        }
    }

    #[test]
    fn sums_are_the_definition_to_the_bit(
        count in 1..300usize, scales in [-20..20i32, -20..20], fraction in 0.5f32..1.0,
        zeros in [zeros(), zeros(), zeros()], seed in any::<u64>(),
    ) {
        let [left, right] = [0, 1].map(|side| Term { zero: zeros[side], scale: 2.0f32.powi(scales[side]) * fraction });
        let add = Add { left, right, zero: zeros[2] };
        prop_assume!(add.check().is_ok());
        let inputs = [bytes(seed, count), bytes(seed ^ 5, count)];
        let mut expected = vec![0; count];
        Scalar.add(&add, &inputs[0], &inputs[1], &mut expected);
        for kernel in available() {
            let flipped = inputs.each_ref().map(|input| input.iter().map(|byte| byte ^ kernel.flip()).collect::<Vec<_>>());
            let mut found = vec![0; count];
            kernel.add(&add, &flipped[0], &flipped[1], &mut found);
            found.iter_mut().for_each(|byte| *byte ^= kernel.flip());
            prop_assert!(found == expected, "{}: {:?}", kernel.name(), first_difference(&found, &expected));
        }
    }

    #[test]
    fn pictures_are_quantised_as_defined_to_the_bit(
        height in 1..9usize, width in 1..40usize, channels in 1..5usize,
        zero in zeros(), inverse in prop_oneof![Just(128.0f32), 1e-3f32..1e6],
        seed in any::<u64>(), strange in prop::sample::select(&[0.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30, -1e30][..]),
    ) {
        let quantise = Quantise { height, width, channels, zero, inverse };
        let mut input: Vec<_> = bytes(seed, height * width * channels).iter().map(|byte| (f32::from(*byte) - 127.0) / 128.0).collect();
        input[0] = strange;
        let mut expected = vec![0; input.len()];
        Scalar.quantise(&quantise, &input, 0..height, &mut expected);
        for kernel in available() {
            let mut found = vec![0; input.len()];
            kernel.quantise(&quantise, &input, 0..height, &mut found);
            found.iter_mut().for_each(|byte| *byte ^= kernel.flip());
            prop_assert!(found == expected, "{}: {:?}", kernel.name(), first_difference(&found, &expected));
        }
    }
}

fn first_difference(found: &[u8], expected: &[u8]) -> Option<(usize, i8, i8)> {
    let differs = |index: &usize| found[*index] != expected[*index];
    (0..found.len()).find(differs).map(|index| (index, found[index] as i8, expected[index] as i8))
}

/// Where somebody says what the processor has, as a run under qemu does: a kernel that went missing would pass unseen.
#[test]
fn the_kernels_are_those_that_the_processor_is_said_to_have() {
    let names: Vec<_> = available().iter().map(|kernel| kernel.name()).collect();
    assert_eq!(names.last(), Some(&"scalar"));
    if let Ok(expected) = std::env::var("TRACT_INT8_KERNELS") {
        assert_eq!(names, expected.split(',').collect::<Vec<_>>());
    }
}

#[test]
fn halves_round_to_even() {
    let values = [(1, 0), (3, 2), (5, 2), (-1, 0), (-3, -2), (7, 4)];
    for (sum, expected) in values {
        assert_eq!(requantise(sum, 0.5, 0), expected, "{sum} / 2");
    }
}

#[test]
fn sums_saturate_at_the_ends_of_i8() {
    assert_eq!(requantise(1 << 30, 1.0, -128), 127);
    assert_eq!(requantise(-(1 << 30), 1.0, 127), -128);
}

#[test]
fn layers_that_could_overflow_are_refused() {
    let window = Window::new([1, 1], 1, 1, [0; 4]).unwrap();
    let requantise = |bias, scale| Requantise { bias: vec![bias], scale: vec![scale], zero: 0 };
    let conv = |weight, requantise| Conv {
        window,
        inputs: 1,
        outputs: 1,
        weights: vec![weight],
        zero: 0,
        requantise,
    };
    assert!(conv(127, requantise(0, 1.0)).check().is_ok());
    assert!(conv(-128, requantise(0, 1.0)).check().is_err());
    assert!(conv(1, requantise(i32::MAX, 1.0)).check().is_err());
    assert!(conv(1, requantise(0, f32::NAN)).check().is_err());
    assert!(conv(1, requantise(0, 1e10)).check().is_err());
}
