//! The picture's quality: each check on pictures made for it, and all of them on real pictures.

use dermascope::classifier::restore_aspect;
use dermascope::picture;
use dermascope::quality::{Quality, QualityConfig, Reason, measure, sharpness};
use dermascope::synthetic;
use image::{Rgb, RgbImage, imageops};
use proptest::prelude::*;

use crate::shared::shared;

fn judged(picture: &RgbImage) -> Quality {
    measure(picture, &QualityConfig::default())
}

fn toned(picture: &RgbImage, gain: f32, lift: f32) -> RgbImage {
    let tone = |value: u8| (f32::from(value) * gain + lift).clamp(0.0, 255.0) as u8;
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| Rgb(picture.get_pixel(x, y).0.map(tone)))
}

/// Skin of a synthetic picture, without its lesion: a strip beside it, to and fro.
fn skin() -> RgbImage {
    let picture = synthetic::picture(1, 640, 320);
    RgbImage::from_fn(320, 320, |x, y| {
        *picture.get_pixel(if x % 280 < 140 { x % 280 } else { 279 - x % 280 }, y * 9 / 10)
    })
}

/// A dark round spot on skin, in shares of the side.
fn spot(across: f32, down: f32, radius: f32) -> RgbImage {
    let skin = skin();
    RgbImage::from_fn(320, 320, |x, y| {
        let from = (x as f32 / 320.0 - across).hypot(y as f32 / 320.0 - down);
        let pixel = skin.get_pixel(x, y).0;
        Rgb(if from < radius { pixel.map(|value| value / 2) } else { pixel })
    })
}

#[test]
fn synthetic_lesions_are_usable_at_every_size() {
    for (seed, size) in [(0, 640), (1, 480), (2, 300), (3, 240), (4, 224), (5, 600), (6, 600), (7, 600)] {
        let quality = judged(&synthetic::lesion(seed, size));
        assert!(quality.is_usable(), "seed {seed} at {size}: {quality:?}");
    }
}

#[test]
fn a_blurred_picture_is_told_to_hold_still() {
    let quality = judged(&imageops::blur(&synthetic::lesion(0, 448), 8.0));
    assert_eq!(quality.reasons.first(), Some(&Reason::Blurred), "{quality:?}");
}

#[test]
fn blur_makes_a_picture_less_sharp_step_by_step() {
    let picture = synthetic::lesion(2, 320);
    let steps = [0.0, 1.0, 2.0, 4.0]
        .map(|sigma| sharpness(&if sigma > 0.0 { imageops::blur(&picture, sigma) } else { picture.clone() }));
    assert!(steps.is_sorted_by(|sharper, softer| sharper > softer), "{steps:?}");
}

#[test]
fn movement_in_one_direction_is_blur_although_the_other_is_sharp() {
    let picture = synthetic::lesion(5, 224);
    let moved = RgbImage::from_fn(224, 224, |x, y| {
        let sum = (0..12).map(|step| picture.get_pixel((x + step).min(223), y).0.map(u32::from));
        Rgb(sum.fold([0; 3], |a, b| [a[0] + b[0], a[1] + b[1], a[2] + b[2]]).map(|sum| (sum / 12) as u8))
    });
    assert!(sharpness(&moved) < 0.5 * sharpness(&picture), "{} {}", sharpness(&moved), sharpness(&picture));
}

#[test]
fn noise_does_not_make_a_blurred_picture_sharp() {
    let blurred = imageops::blur(&synthetic::lesion(2, 224), 3.0);
    let noisy = RgbImage::from_fn(224, 224, |x, y| {
        let bits =
            (x * 7919 + y * 104_729).wrapping_mul(0x9e37_79b1).wrapping_add(x * y).wrapping_mul(0x85eb_ca77);
        Rgb(blurred.get_pixel(x, y).0.map(|value| value.saturating_add((bits >> 16) as u8 % 5)))
    });
    let sharp = sharpness(&synthetic::lesion(2, 224));
    assert!(sharpness(&noisy) < 0.5 * sharp, "{} with noise, {sharp} in focus", sharpness(&noisy));
}

#[test]
fn the_light_does_not_change_how_sharp_a_picture_is() {
    let picture = synthetic::lesion(2, 224);
    let (bright, dim) = (sharpness(&picture), sharpness(&toned(&picture, 0.5, 0.0)));
    assert!((bright - dim).abs() < 0.1 * bright, "{bright} {dim}");
}

#[test]
fn a_dark_picture_is_told_to_check_the_light() {
    let quality = judged(&toned(&synthetic::lesion(0, 300), 0.2, 0.0));
    assert_eq!(quality.reasons.first(), Some(&Reason::TooDark), "{quality:?}");
}

#[test]
fn bright_and_washed_out_pictures_are_told_to_lift_the_light() {
    for (gain, lift) in [(2.5, 0.0), (0.25, 190.0)] {
        let quality = judged(&toned(&synthetic::lesion(0, 300), gain, lift));
        assert_eq!(quality.reasons.first(), Some(&Reason::TooBright), "{quality:?}");
    }
}

#[test]
fn a_reflection_is_told_as_glare() {
    let mut picture = synthetic::lesion(0, 300);
    for (x, y) in (0..60).flat_map(|y| (0..90).map(move |x| (x + 150, y + 60))) {
        picture.put_pixel(x, y, Rgb([255, 254, 250]));
    }
    let quality = judged(&picture);
    assert_eq!(quality.reasons.first(), Some(&Reason::Glare), "{quality:?}");
    assert!((quality.glare - 0.0764).abs() < 0.01, "5400 of 70686 pixels: {}", quality.glare);
}

#[test]
fn skin_alone_has_no_lesion() {
    let quality = judged(&skin());
    assert!(quality.reasons.contains(&Reason::NoLesion), "{quality:?}");
}

#[test]
fn a_spot_is_found_where_it_is_and_as_large_as_it_is() {
    let quality = judged(&spot(0.5, 0.5, 0.25));
    assert!((quality.lesion_area - 0.25).abs() < 0.03, "{quality:?}");
    assert!(quality.lesion_offset < 0.03, "{quality:?}");
    assert!((quality.lesion_contrast - 0.69).abs() < 0.1, "ln 2: {quality:?}");
    let quality = judged(&spot(0.7, 0.5, 0.15));
    assert!((quality.lesion_offset - 0.4).abs() < 0.03, "{quality:?}");
}

#[test]
fn a_spot_at_the_rim_is_told_to_be_centred() {
    let quality = judged(&spot(0.92, 0.5, 0.15));
    assert_eq!(quality.reasons, [Reason::OffCentre], "{quality:?}");
}

#[test]
fn the_worst_reason_comes_first() {
    let quality = judged(&RgbImage::new(64, 64));
    assert_eq!(quality.reasons, [Reason::TooDark, Reason::Blurred, Reason::NoLesion]);
}

#[test]
fn every_instruction_fits_the_screen() {
    use Reason::{Blurred, Glare, NoLesion, OffCentre, TooBright, TooDark};
    for reason in [Blurred, TooDark, TooBright, Glare, NoLesion, OffCentre] {
        assert!(reason.instruction().len() <= 28);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn every_picture_is_measured_within_its_ranges(
        width in 0u32..70, height in 0u32..70, seed in any::<u32>(), coarse in 1u32..9,
    ) {
        let picture = RgbImage::from_fn(width, height, |x, y| {
            let bits = (x / coarse * 7919 + y / coarse * 104_729).wrapping_mul(seed | 1);
            Rgb([(bits >> 8) as u8, (bits >> 16) as u8, (bits >> 24) as u8])
        });
        let quality = judged(&picture);
        prop_assert!(quality.sharpness.is_finite() && quality.sharpness >= 0.0);
        prop_assert!(quality.lesion_contrast.is_finite() && quality.lesion_contrast >= 0.0);
        for share in [quality.brightness, quality.black, quality.glare, quality.lesion_area] {
            prop_assert!((0.0..=1.0).contains(&share), "{:?}", quality);
        }
        prop_assert!((0.0..=1.01).contains(&quality.lesion_offset), "{:?}", quality);
    }
}

#[test]
fn real_pictures_pass_and_spoiled_ones_do_not() {
    let Some(shared) = shared("quality") else { return };
    let data = shared.join("data/ham10000");
    let mut labels = csv::Reader::from_path(data.join("labels.csv")).unwrap();
    let rows = labels.deserialize::<std::collections::HashMap<String, String>>().map(Result::unwrap);
    let pictures: Vec<_> = rows
        .filter(|row| row["split"] == "val")
        .map(|row| picture::read(&data.join(format!("images/{}.jpg", row["image_id"]))).unwrap().0)
        .map(|squashed| restore_aspect(&squashed, 4.0 / 3.0))
        .collect();
    let refused = |every: usize, spoil: &dyn Fn(&RgbImage) -> RgbImage| {
        let verdicts: Vec<_> =
            pictures.iter().step_by(every).map(|picture| judged(&spoil(picture)).is_usable()).collect();
        verdicts.iter().filter(|usable| !**usable).count() as f64 / verdicts.len() as f64
    };
    // All of them: among a few hundred, chance alone moves the share by more than what there is to spare.
    let untouched = refused(1, &RgbImage::clone);
    assert!(untouched <= 0.05, "{untouched} of {} untouched pictures are refused", pictures.len());
    let dark = refused(10, &|picture| toned(picture, 0.25, 0.0));
    assert!(dark >= 0.9, "{dark} of the darkened pictures are refused");
    let blurred = refused(10, &|picture| imageops::blur(picture, 3.0));
    assert!(blurred >= 0.9, "{blurred} of the blurred pictures are refused");
}
