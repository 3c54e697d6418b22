//! The best of four times of each shape of layer of EfficientNet-Lite2, on every kernel that this processor has. Where a
//! clock moves a nanosecond an instruction , a million nanoseconds are a million instructions.

#![allow(clippy::unwrap_used)]

use std::time::Instant;

use tract_int8::kernels::{Conv, Depthwise, Requantise, Window, available};

fn requantise(channels: usize) -> Requantise {
    Requantise { bias: vec![3; channels], scale: vec![0.001; channels], zero: -3 }
}

fn main() {
    let mut lines = Vec::new(); // printed in the end: a console takes time of its own
    let depthwise = [
        (3, 1, 112, 32),
        (3, 2, 112, 96),
        (3, 1, 56, 144),
        (5, 2, 56, 144),
        (5, 1, 28, 288),
        (3, 2, 28, 288),
        (3, 1, 14, 528),
        (5, 1, 14, 528),
        (5, 1, 14, 720),
        (5, 2, 14, 720),
        (5, 1, 7, 1248),
        (3, 1, 7, 1248),
    ];
    let pointwise = [
        (112, 32, 16),
        (112, 16, 96),
        (56, 96, 24),
        (56, 24, 144),
        (56, 144, 24),
        (28, 144, 48),
        (28, 48, 288),
        (28, 288, 48),
        (14, 288, 88),
        (14, 88, 528),
        (14, 528, 88),
        (14, 528, 120),
        (14, 120, 720),
        (14, 720, 120),
        (7, 720, 208),
        (7, 208, 1248),
        (7, 1248, 208),
        (7, 1248, 352),
        (7, 352, 1280),
    ];
    for kernel in available().into_iter().filter(|kernel| kernel.name() != "scalar") {
        for (side, stride, map, channels) in depthwise {
            let pad = side - stride;
            let pads = [pad / 2, pad / 2, pad - pad / 2, pad - pad / 2];
            let window = Window::new([map, map], side, stride, pads).unwrap();
            let weights =
                (0..side * side * channels).map(|i| (i % 251) as u8 as i8).map(|w| w.max(-127)).collect();
            let layer = Depthwise { window, channels, weights, zero: 5, requantise: requantise(channels) };
            let (packed, macs) = (kernel.depthwise(&layer), layer.macs());
            let input: Vec<_> = (0..map * map * channels).map(|i| (i % 253) as u8).collect();
            let mut out = vec![0; window.out_height * window.out_width * channels];
            lines.push(report(
                kernel.name(),
                format!("depthwise {side}x{side}/{stride} {map} {channels}"),
                macs,
                || packed.rows(&input, 0..window.out_height, &mut out),
            ));
        }
        for (map, inputs, outputs) in pointwise {
            let window = Window::new([map, map], 1, 1, [0; 4]).unwrap();
            let weights = (0..inputs * outputs).map(|i| (i % 251) as u8 as i8).map(|w| w.max(-127)).collect();
            let layer = Conv { window, inputs, outputs, weights, zero: 5, requantise: requantise(outputs) };
            let (packed, macs) = (kernel.conv(&layer), layer.macs());
            let input: Vec<_> = (0..map * map * inputs).map(|i| (i % 253) as u8).collect();
            let mut out = vec![0; map * map * outputs];
            lines.push(report(kernel.name(), format!("pointwise {map} {inputs} {outputs}"), macs, || {
                packed.rows(&input, 0..map, &mut out)
            }));
        }
    }
    println!("{}", lines.join("\n"));
}

fn report(kernel: &str, layer: String, macs: usize, mut run: impl FnMut()) -> String {
    let times = (0..4).map(|_| {
        let start = Instant::now();
        run();
        start.elapsed().as_nanos() as f64
    });
    let time = times.fold(f64::INFINITY, f64::min);
    format!("{kernel} {layer}: {:.3} M, {:.3} a MAC", time / 1e6, time / macs as f64)
}
