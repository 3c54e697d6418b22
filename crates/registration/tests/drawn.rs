//! Drawn lesions that were turned, scaled, shifted and lit otherwise, with known answers.

mod draw;

use draw::{Lesion, View, draw};
use registration::{LEAST_CORRELATION, Refusal, Registration, Similarity, register};

const SIDE: u32 = 240;

/// The largest and the mean distance between where places of the field of view are and where they were found to be.
fn errors(found: &Registration, truth: &Similarity) -> (f32, f32) {
    let places = (0..64).map(|i| {
        let (angle, radius) = (i as f32 * 0.7, SIDE as f32 * 0.35 * (i as f32 / 63.0).sqrt());
        [radius * angle.cos(), radius * angle.sin()]
    });
    let distances: Vec<f32> = places
        .map(|place| {
            let ([x, y], [true_x, true_y]) = (found.similarity.at(place), truth.at(place));
            (x - true_x).hypot(y - true_y)
        })
        .collect();
    (distances.iter().fold(0.0, |most, distance| distance.max(most)), distances.iter().sum::<f32>() / 64.0)
}

/// Views of a lesion: degrees, scale, shift in parts of the side, another lamp.
const VIEWS: &[(&str, f32, f32, [f32; 2], f32)] = &[
    ("nothing", 0.0, 1.0, [0.0, 0.0], 0.0),
    ("shifted", 0.0, 1.0, [0.12, -0.08], 0.0),
    ("turned by 17 degrees", 17.0, 1.0, [0.0, 0.0], 0.0),
    ("turned by 90 degrees", 90.0, 1.0, [0.0, 0.0], 0.0),
    ("turned by -163 degrees", -163.0, 1.0, [0.05, 0.02], 0.0),
    ("nearer (1.3)", 0.0, 1.3, [0.0, 0.0], 0.0),
    ("farther (0.75)", 0.0, 0.75, [0.0, 0.0], 0.0),
    ("all at once", -48.0, 1.18, [-0.07, 0.09], 0.0),
    ("all at once, other lamp from the side", 131.0, 0.86, [0.06, 0.1], 1.0),
];

#[test]
fn a_lesion_that_was_moved_is_laid_over_itself() {
    println!("{:40} {:>9} {:>9} {:>11} {:>8}", "view", "mean px", "most px", "correlation", "found");
    let lesions: Vec<_> = (0..8).map(Lesion::new).collect();
    let mut found_all = 0;
    for (name, degrees, scale, shift, lamp) in VIEWS {
        let truth = Similarity {
            rotation: degrees.to_radians(),
            scale: *scale,
            shift: shift.map(|part| part * SIDE as f32),
        };
        let (mut mean, mut most, mut correlation, mut count) = (0.0f32, 0.0f32, 1.0f32, 0);
        for (seed, lesion) in lesions.iter().enumerate() {
            let before = draw(lesion, SIDE, &View::plain(seed as u32));
            let now = draw(lesion, SIDE, &View { of: truth, lamp: *lamp, noise: 100 + seed as u32 });
            if let Ok(found) = register(&before, &now) {
                let (largest, average) = errors(&found, &truth);
                (mean, most) = (mean + average, most.max(largest));
                (correlation, count) = (correlation.min(found.correlation), count + 1);
            }
        }
        found_all += count;
        println!("{name:40} {:>9.2} {most:>9.2} {correlation:>11.2} {count:>6}/8", mean / count as f32);
        assert!(most < 0.004 * SIDE as f32, "{name}: {most} px of {SIDE}");
    }
    assert_eq!(found_all, 8 * VIEWS.len(), "every one is found");
}

#[test]
fn other_lesions_are_refused_however_they_are_turned() {
    let pictures: Vec<_> = (20..28).map(|seed| draw(&Lesion::new(seed), SIDE, &View::plain(seed))).collect();
    let mut highest = -1.0f32;
    for (index, before) in pictures.iter().enumerate() {
        for now in &pictures[index + 1..] {
            match register(before, now) {
                Err(Refusal::Unlike { correlation }) => highest = highest.max(correlation),
                other => panic!("{other:?}"),
            }
        }
    }
    println!("28 pairs of other lesions: correlation {highest:.2} at most, {LEAST_CORRELATION:.2} is needed");
}

#[test]
fn skin_alone_is_no_lesion_seen_again() {
    let lesion = draw(&Lesion::new(1), SIDE, &View::plain(1));
    let grey = registration::Picture::from_rgb(SIDE, SIDE, &vec![140; (SIDE * SIDE * 3) as usize]).unwrap();
    assert_eq!(register(&grey, &lesion), Err(Refusal::Blank("earlier")));
    assert_eq!(register(&lesion, &grey), Err(Refusal::Blank("later")));
    let skin = draw(&Lesion::none(), SIDE, &View::plain(2));
    assert!(register(&lesion, &skin).is_err());
}

#[test]
fn pictures_of_other_sizes_and_shapes_are_laid_over_each_other() {
    let lesion = Lesion::new(5);
    let truth = Similarity { rotation: 0.5, scale: 1.1, shift: [10.0, -6.0] };
    let before = draw(&lesion, 320, &View::plain(1));
    let now = draw(&lesion, 200, &View { of: truth, lamp: 0.0, noise: 2 });
    let found = register(&before, &now).unwrap().similarity;
    // The lesion is drawn as large as the side: in the smaller picture it is smaller.
    assert!((found.rotation - 0.5).abs() < 0.01, "{found:?}");
    assert!((found.scale - 1.1 * 200.0 / 320.0).abs() < 0.01, "{found:?}");
    assert!((found.shift[0] - 10.0).abs() < 1.5 && (found.shift[1] + 6.0).abs() < 1.5, "{found:?}");
}

#[test]
fn there_and_back_is_the_same_place() {
    let similarity = Similarity { rotation: 2.1, scale: 0.8, shift: [31.0, -12.0] };
    for place in [[0.0, 0.0], [50.0, -20.0], [-7.0, 99.0]] {
        let [x, y] = similarity.inverse().at(similarity.at(place));
        assert!((x - place[0]).abs() < 1e-3 && (y - place[1]).abs() < 1e-3);
    }
}

#[test]
fn pixels_of_another_number_are_no_picture() {
    use registration::Picture;
    assert!(Picture::from_rgb(2, 2, &[0; 12]).is_some());
    assert!(Picture::from_rgb(2, 2, &[0; 11]).is_none() && Picture::from_rgb(0, 2, &[]).is_none());
    assert!(Picture::from_rgb(u32::MAX, u32::MAX, &[0; 12]).is_none());
}

#[test]
fn however_small_a_picture_is_nothing_breaks() {
    for (width, height) in [(1, 1), (3, 2), (17, 40), (40, 17)] {
        let pixels: Vec<u8> = (0..width * height * 3).map(|i| (i * 97 % 256) as u8).collect();
        let picture = registration::Picture::from_rgb(width, height, &pixels).unwrap();
        let _ = register(&picture, &picture);
    }
}
