//! Every kernel that this processor runs, on the layers of EfficientNet-Lite2 that take the most time.

#![allow(missing_docs)] // criterion makes functions

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tract_int8::kernels::{Conv, Depthwise, Kernel, Layer, Requantise, Window, available};

/// Side, kernel, stride, inputs, outputs.
const CONVOLUTIONS: &[[usize; 5]] = &[
    [256, 3, 2, 3, 32],
    [128, 1, 1, 16, 96],
    [64, 1, 1, 24, 144],
    [16, 1, 1, 120, 720],
    [16, 1, 1, 720, 120],
    [8, 1, 1, 1248, 352],
];

/// Side, kernel, stride, channels.
const DEPTHWISE: &[[usize; 4]] =
    &[[128, 3, 1, 32], [128, 3, 2, 96], [64, 3, 1, 144], [32, 5, 1, 288], [8, 5, 1, 1248]];

/// Weights that look like weights: the same on every machine.
fn weights(count: usize) -> Vec<i8> {
    (0..count as u32).map(|index| ((index.wrapping_mul(2_654_435_761) >> 24) as u8 as i8).max(-127)).collect()
}

fn requantise(channels: usize, depth: usize) -> Requantise {
    Requantise { bias: vec![100; channels], scale: vec![1.0 / (20.0 * depth as f32); channels], zero: -3 }
}

fn window(side: usize, kernel: usize, stride: usize) -> Window {
    let pads = kernel.saturating_sub(stride);
    let (before, after) = (pads / 2, pads - pads / 2);
    Window::new([side, side], kernel, stride, [before, before, after, after]).expect("a layer of the network")
}

fn convolutions(criterion: &mut Criterion) {
    for &[side, kernel, stride, inputs, outputs] in CONVOLUTIONS {
        let window = window(side, kernel, stride);
        let depth = kernel * kernel * inputs;
        let conv = Conv {
            window,
            inputs,
            outputs,
            weights: weights(depth * outputs),
            zero: 5,
            requantise: requantise(outputs, depth),
        };
        let name = format!("conv {kernel}x{kernel}/{stride} {side}x{side} {inputs}-{outputs}");
        compare(criterion, &name, &window, inputs, outputs, conv.macs(), |kernel| kernel.conv(&conv));
    }
}

fn depthwise(criterion: &mut Criterion) {
    for &[side, kernel, stride, channels] in DEPTHWISE {
        let window = window(side, kernel, stride);
        let depth = kernel * kernel;
        let layer = Depthwise {
            window,
            channels,
            weights: weights(depth * channels),
            zero: 5,
            requantise: requantise(channels, depth),
        };
        let name = format!("depthwise {kernel}x{kernel}/{stride} {side}x{side} {channels}");
        compare(criterion, &name, &window, channels, channels, layer.macs(), |kernel| {
            kernel.depthwise(&layer)
        });
    }
}

fn compare(
    criterion: &mut Criterion,
    name: &str,
    window: &Window,
    inputs: usize,
    outputs: usize,
    macs: usize,
    pack: impl Fn(&dyn Kernel) -> Box<dyn Layer>,
) {
    let input: Vec<_> =
        weights(window.height * window.width * inputs).iter().map(|value| *value as u8).collect();
    let mut out = vec![0; window.out_height * window.out_width * outputs];
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(macs as u64));
    for kernel in available().into_iter().filter(|kernel| kernel.name() != "scalar") {
        let layer = pack(kernel);
        group.bench_function(kernel.name(), |bencher| {
            bencher.iter(|| layer.rows(&input, 0..window.out_height, &mut out));
        });
    }
    group.finish();
}

criterion_group!(kernels, convolutions, depthwise);
criterion_main!(kernels);
