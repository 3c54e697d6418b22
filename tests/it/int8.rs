//! The int8 engine on the shipped network: kernels and threads give the same bits, the stock engine agrees, and what
//! is not known is refused by name.

use crate::shared::skipped;
use std::path::{Path, PathBuf};

use dermascope::classifier::int8::Int8;
use dermascope::classifier::{Engine, EngineKind, Manifest, Outputs, preprocess};
use image::RgbImage;
use tract_int8::kernels;

/// The network and its manifest: the repository's, or those beside the manifest that DERMASCOPE_MODEL names.
fn model() -> Option<(Vec<u8>, Manifest)> {
    let shipped = || Path::new(env!("CARGO_MANIFEST_DIR")).join("models/lesion.toml");
    let path = std::env::var_os("DERMASCOPE_MODEL").map_or_else(shipped, PathBuf::from);
    if !path.is_file() {
        skipped("model", &format!("no model: {}", path.display()));
        return None;
    }
    let manifest = Manifest::read(&path).unwrap();
    Some((std::fs::read(manifest.network_path(&path)).unwrap(), manifest))
}

/// Real pictures where the data is, drawn ones elsewhere; preprocessed.
fn pictures(manifest: &Manifest, count: usize) -> Vec<Vec<f32>> {
    let shared = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let shared = std::env::var_os("DERMASCOPE_SHARED").map_or_else(shared, PathBuf::from);
    let pictures: Vec<_> = match std::fs::read_dir(shared.join("data/ham10000/images")) {
        Ok(folder) => {
            let mut paths: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
            paths.sort();
            let step = (paths.len() / count).max(1);
            paths.iter().step_by(step).take(count).map(|path| image::open(path).unwrap().to_rgb8()).collect()
        }
        Err(error) => {
            skipped("pictures", &format!("no ../shared: {error}; drawn pictures stand in for real ones"));
            (0..count as u32).map(drawn).collect()
        }
    };
    pictures.iter().map(|picture| preprocess(picture, &manifest.input)).collect()
}

/// A blob on a gradient, other for each number.
fn drawn(number: u32) -> RgbImage {
    let (x, y, radius) = (60 + number * 37 % 100, 60 + number * 53 % 100, 20 + number * 11 % 50);
    RgbImage::from_fn(224, 224, |column, row| {
        let inside = column.abs_diff(x).pow(2) + row.abs_diff(y).pow(2) < radius.pow(2);
        let shade = (column / 4 + row / 8 + column * row * number % 23) as u8;
        if inside {
            image::Rgb([90 + shade / 2, 50, 40 + (number % 50) as u8])
        } else {
            image::Rgb([200, 150 + shade / 2, 140])
        }
    })
}

fn top(outputs: &Outputs) -> usize {
    (0..outputs.logits.len()).max_by(|a, b| outputs.logits[*a].total_cmp(&outputs.logits[*b])).unwrap()
}

#[test]
fn every_kernel_gives_the_definitions_bits_on_a_hundred_pictures() {
    let Some((network, manifest)) = model() else { return };
    let pictures = pictures(&manifest, 100);
    let run = |kernel: &'static dyn kernels::Kernel| -> Vec<Outputs> {
        std::thread::scope(|scope| {
            let parts: Vec<_> = pictures
                .chunks(25)
                .map(|part| {
                    let (network, manifest) = (&network, &manifest);
                    scope.spawn(move || {
                        let mut engine = Int8::load(network, manifest, 1, kernel).unwrap();
                        part.iter().map(|picture| engine.run(picture).unwrap()).collect::<Vec<_>>()
                    })
                })
                .collect();
            parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
        })
    };
    let expected = run(&kernels::Scalar);
    for kernel in kernels::available().into_iter().filter(|kernel| kernel.name() != "scalar") {
        assert!(run(kernel) == expected, "{} differs from the definition", kernel.name());
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let Some((network, manifest)) = model() else { return };
    let pictures = pictures(&manifest, 3);
    let kernel = kernels::available()[0];
    let run = |threads| -> Vec<Outputs> {
        let mut engine = Int8::load(&network, &manifest, threads, kernel).unwrap();
        pictures.iter().map(|picture| engine.run(picture).unwrap()).collect()
    };
    let expected = run(1);
    for threads in [2, 3, 5, 16] {
        assert!(run(threads) == expected, "{threads} threads differ from one");
    }
}

#[test]
fn the_stock_engine_agrees() {
    let Some((network, manifest)) = model() else { return };
    let build = |kind: EngineKind| kind.build(&network, &manifest, 1).unwrap();
    let (mut int8, mut stock) = (build(EngineKind::Int8), build(EngineKind::Tract));
    for picture in pictures(&manifest, 8) {
        let (found, expected) = (int8.run(&picture).unwrap(), stock.run(&picture).unwrap());
        assert_eq!(top(&found), top(&expected));
        let difference = |found: &[f32], expected: &[f32]| {
            assert_eq!(found.len(), expected.len());
            let span = expected.iter().fold(0.0f32, |span, value| span.max(value.abs()));
            found.iter().zip(expected).fold(0.0f32, |worst, (a, b)| worst.max((a - b).abs())) / span
        };
        let worst = [
            difference(&found.logits, &expected.logits),
            difference(&found.attention, &expected.attention),
            difference(&found.embedding, &expected.embedding),
        ];
        eprintln!(
            "largest difference of logits, attention and embedding to their largest value: {worst:.4?}"
        );
        assert!(worst[0] < 0.1 && worst[1] < 0.1 && worst[2] < 0.5, "{worst:?}");
    }
}

#[test]
fn an_unknown_node_is_refused_by_name() {
    let Some((mut network, manifest)) = model() else { return };
    let (known, unknown) = (b"GlobalAveragePool", b"GlobalMaximumPool");
    let places: Vec<_> =
        (0..network.len() - known.len()).filter(|at| network[*at..].starts_with(known)).collect();
    places.iter().for_each(|at| network[*at..*at + known.len()].copy_from_slice(unknown));
    let error =
        Int8::load(&network, &manifest, 1, kernels::available()[0]).err().expect("it must be refused");
    let message = format!("{error:#}");
    assert!(
        message.contains("GlobalMaximumPool")
            && message.contains("`pool`")
            && message.contains("engine = \"tract\""),
        "{message}"
    );
}

#[test]
fn a_picture_of_another_size_is_refused() {
    let Some((network, manifest)) = model() else { return };
    let mut engine = Int8::load(&network, &manifest, 1, kernels::available()[0]).unwrap();
    assert!(engine.run(&[0.0; 12]).is_err());
}

#[test]
fn a_damaged_file_is_refused() {
    let Some((network, manifest)) = model() else { return };
    for length in [0, 10, network.len() / 2, network.len() - 1] {
        assert!(
            Int8::load(&network[..length], &manifest, 1, kernels::available()[0]).is_err(),
            "{length} bytes"
        );
    }
}
