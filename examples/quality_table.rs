//! What each check of the picture's quality refuses: HAM10000 pictures as they are, and spoiled in known ways.
//! Prints the table of `docs/quality.md`.
//!
//!     cargo run --example quality_table -- [val|train] [EVERY]
//!
//! EVERY takes only each so-manieth picture of the split. The data are read from `$DERMASCOPE_SHARED`, or
//! from `../shared` beside the repository.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use dermascope::classifier::restore_aspect;
use dermascope::picture;
use dermascope::quality::{Quality, QualityConfig, Reason, measure};
use image::{GrayImage, Rgb, RgbImage, imageops};

/// Width over height of the pictures before they were squashed.
const ASPECT: f32 = 600.0 / 450.0;
/// Least width of lesion-free skin at one side of a picture, in pixels, for it to be shifted.
const LEAST_STRIP: u32 = 16;
const REASONS: [Reason; 6] =
    [Reason::TooDark, Reason::TooBright, Reason::Glare, Reason::Blurred, Reason::NoLesion, Reason::OffCentre];

/// A picture with the outline of its lesion, both 4:3 and of the same size.
struct Labelled {
    picture: RgbImage,
    outline: GrayImage,
}

type Spoil = fn(&Labelled) -> Option<RgbImage>;

/// The rows of the table. Lengths are in pixels of a field of view 224 pixels wide.
const SPOILS: &[(&str, Spoil)] = &[
    ("as it is", |labelled| Some(view(&labelled.picture))),
    ("blurred, sigma 1", |labelled| Some(imageops::blur(&view(&labelled.picture), 1.0))),
    ("blurred, sigma 1.5", |labelled| Some(imageops::blur(&view(&labelled.picture), 1.5))),
    ("blurred, sigma 2", |labelled| Some(imageops::blur(&view(&labelled.picture), 2.0))),
    ("blurred, sigma 3", |labelled| Some(imageops::blur(&view(&labelled.picture), 3.0))),
    ("blurred, sigma 2, then noise of +-2", |labelled| Some(noisy(&imageops::blur(&view(&labelled.picture), 2.0)))),
    ("moved by 5", |labelled| Some(moved(&view(&labelled.picture), 5))),
    ("moved by 9", |labelled| Some(moved(&view(&labelled.picture), 9))),
    ("darkened to 0.5", |labelled| Some(toned(&view(&labelled.picture), 0.5, 0.0))),
    ("darkened to 0.35", |labelled| Some(toned(&view(&labelled.picture), 0.35, 0.0))),
    ("darkened to 0.25", |labelled| Some(toned(&view(&labelled.picture), 0.25, 0.0))),
    ("overexposed by 1.5", |labelled| Some(toned(&view(&labelled.picture), 1.5, 0.0))),
    ("overexposed by 2", |labelled| Some(toned(&view(&labelled.picture), 2.0, 0.0))),
    ("washed out to 0.6", |labelled| Some(toned(&view(&labelled.picture), 0.6, 0.4 * 255.0))),
    ("washed out to 0.4", |labelled| Some(toned(&view(&labelled.picture), 0.4, 0.6 * 255.0))),
    ("a highlight over 6 % of the ring", |labelled| Some(with_highlight(&view(&labelled.picture)))),
    ("shifted: 75 % of the lesion in the ring", |labelled| shifted(labelled, 0.75)),
    ("shifted: 40 % of the lesion in the ring", |labelled| shifted(labelled, 0.4)),
    ("shifted: no lesion in the ring", |labelled| shifted(labelled, 0.0)),
];

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let split = arguments.next().unwrap_or_else(|| "val".into());
    let every = arguments.next().map_or(Ok(1), |text| text.parse()).context("EVERY is a number")?;
    let data = shared().join("data/ham10000");
    let ids = ids(&data, &split)?;
    let ids: Vec<_> = ids.iter().step_by(every).collect();
    ensure!(!ids.is_empty(), "{}: no pictures in split {split}", data.display());
    let mut table = vec![Vec::new(); SPOILS.len()];
    for id in ids {
        let labelled = read(&data, id)?;
        for ((_, spoil), row) in SPOILS.iter().zip(&mut table) {
            row.extend(spoil(&labelled).map(|picture| measure(&picture, &QualityConfig::default())));
        }
    }
    print(&table);
    Ok(())
}

fn shared() -> PathBuf {
    std::env::var_os("DERMASCOPE_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from)
}

fn ids(data: &Path, split: &str) -> anyhow::Result<Vec<String>> {
    let path = data.join("labels.csv");
    let mut reader = csv::Reader::from_path(&path).with_context(|| path.display().to_string())?;
    let rows = reader.deserialize::<std::collections::HashMap<String, String>>();
    let mut ids = Vec::new();
    for row in rows {
        let row = row?;
        if row.get("split").is_some_and(|of| of == split) {
            ids.extend(row.get("image_id").cloned());
        }
    }
    Ok(ids)
}

fn read(data: &Path, id: &str) -> anyhow::Result<Labelled> {
    let path = data.join(format!("images/{id}.jpg"));
    let (squashed, _) = picture::read(&path).with_context(|| path.display().to_string())?;
    let picture = restore_aspect(&squashed, ASPECT);
    let path = data.join(format!("masks/{id}.png"));
    let outline = image::open(&path).with_context(|| path.display().to_string())?.to_luma8();
    let (width, height) = picture.dimensions();
    Ok(Labelled { picture, outline: imageops::resize(&outline, width, height, imageops::FilterType::Nearest) })
}

/// The central square: the field of view.
fn view(picture: &RgbImage) -> RgbImage {
    let side = picture.height();
    imageops::crop_imm(picture, (picture.width() - side) / 2, 0, side, side).to_image()
}

fn map(picture: &RgbImage, value: impl Fn(u32, u32, [u8; 3]) -> [f32; 3]) -> RgbImage {
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        Rgb(value(x, y, picture.get_pixel(x, y).0).map(|value| value.round().clamp(0.0, 255.0) as u8))
    })
}

fn toned(picture: &RgbImage, gain: f32, lift: f32) -> RgbImage {
    map(picture, |_, _, pixel| pixel.map(|value| f32::from(value) * gain + lift))
}

/// With grey noise, uniform from -2 to 2.
fn noisy(picture: &RgbImage) -> RgbImage {
    map(picture, |x, y, pixel| {
        let bits = (x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77)).wrapping_mul(0x2c1b_3c6d);
        let noise = ((bits >> 13) % 5) as f32 - 2.0;
        pixel.map(|value| f32::from(value) + noise)
    })
}

/// As if the hand had moved by so many pixels during the exposure.
fn moved(picture: &RgbImage, length: u32) -> RgbImage {
    map(picture, |x, y, _| {
        let mut sum = [0.0; 3];
        for step in 0..length {
            let from = (x + step).saturating_sub(length / 2).min(picture.width() - 1);
            let pixel = picture.get_pixel(from, y).0;
            (0..3).for_each(|channel| sum[channel] += f32::from(pixel[channel]));
        }
        sum.map(|sum| sum / length as f32)
    })
}

/// With the white reflection of a lamp, off the middle.
fn with_highlight(picture: &RgbImage) -> RgbImage {
    let side = picture.width() as f32;
    map(picture, |x, y, pixel| {
        // An ellipse of 0.15 by 0.1 sides: pi * 0.15 * 0.1 of pi / 4.
        let (across, down) = ((x as f32 / side - 0.62) / 0.15, (y as f32 / side - 0.4) / 0.1);
        if across.hypot(down) < 1.0 { [255.0; 3] } else { pixel.map(f32::from) }
    })
}

/// The picture moved until this share of what the ring showed of its lesion is left in the ring. `None` where
/// there is not enough skin at any side to fill the space that this opens.
fn shifted(labelled: &Labelled, share: f32) -> Option<RgbImage> {
    // Turned so that the widest strip of skin is at the left.
    let turned = [
        (labelled.picture.clone(), labelled.outline.clone()),
        (imageops::flip_horizontal(&labelled.picture), imageops::flip_horizontal(&labelled.outline)),
    ];
    let strip = |outline: &GrayImage| outline.enumerate_pixels().filter(|(.., p)| p.0[0] > 127).map(|(x, ..)| x).min();
    let (picture, outline) = turned.into_iter().max_by_key(|(_, outline)| strip(outline))?;
    // Not quite up to the outline: lesions are softer than it.
    let skin = strip(&outline)?.checked_sub(4).filter(|width| *width >= LEAST_STRIP)?;
    let whole = in_ring(&outline, 0, skin);
    let shift = (0..2 * picture.width()).step_by(4).find(|shift| {
        in_ring(&outline, *shift, skin) as f32 <= share * whole as f32
    })?;
    let shifted = RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        *picture.get_pixel(source(x, shift, skin), y)
    });
    Some(view(&shifted))
}

/// Where the pixel of column `x` comes from when everything moves right: the strip of skin, to and fro, fills
/// what opens at the left.
fn source(x: u32, shift: u32, skin: u32) -> u32 {
    if x >= shift {
        return x - shift;
    }
    let along = (shift - x - 1) % (2 * skin);
    if along < skin { along } else { 2 * skin - 1 - along }
}

/// How many pixels of the lesion are in the ring of the view.
fn in_ring(outline: &GrayImage, shift: u32, skin: u32) -> usize {
    let (width, height) = (outline.width() as f32, outline.height() as f32);
    let places = (0..outline.height()).flat_map(|y| (0..outline.width()).map(move |x| (x, y)));
    places
        .filter(|(x, y)| (*x as f32 + 0.5 - width / 2.0).hypot(*y as f32 + 0.5 - height / 2.0) <= height / 2.0)
        .filter(|(x, y)| outline.get_pixel(source(*x, shift, skin), *y).0[0] > 127)
        .count()
}

fn print(table: &[Vec<Quality>]) {
    println!("| picture | n | refused | too dark | too bright | glare | blurred | no lesion | off-centre |");
    println!("|---|---|---|---|---|---|---|---|---|");
    for ((name, _), row) in SPOILS.iter().zip(table) {
        let percent = |refused: &dyn Fn(&Quality) -> bool| {
            let count = row.iter().filter(|quality| refused(quality)).count();
            format!("{:.1} %", 100.0 * count as f64 / row.len().max(1) as f64)
        };
        let each = REASONS.map(|reason| percent(&|quality| quality.reasons.contains(&reason)));
        println!("| {name} | {} | {} | {} |", row.len(), percent(&|quality| !quality.is_usable()), each.join(" | "));
    }
    println!("\nPercentiles of the numbers among the pictures as they are:\n");
    println!("| number | 0.5 | 1 | 2 | 5 | 50 | 95 | 98 | 99 | 99.5 |\n|---|---|---|---|---|---|---|---|---|---|");
    type Number = (&'static str, fn(&Quality) -> f32);
    let numbers: [Number; 7] = [
        ("sharpness", |quality| quality.sharpness),
        ("brightness", |quality| quality.brightness),
        ("black", |quality| quality.black),
        ("glare", |quality| quality.glare),
        ("lesion_contrast", |quality| quality.lesion_contrast),
        ("lesion_area", |quality| quality.lesion_area),
        ("lesion_offset", |quality| quality.lesion_offset),
    ];
    for (name, number) in numbers {
        let mut values: Vec<_> = table[0].iter().map(number).collect();
        values.sort_by(f32::total_cmp);
        let at = |percent: f64| format!("{:.3}", values[((values.len() - 1) as f64 * percent / 100.0).round() as usize]);
        println!("| {name} | {} |", [0.5, 1.0, 2.0, 5.0, 50.0, 95.0, 98.0, 99.0, 99.5].map(at).join(" | "));
    }
}
