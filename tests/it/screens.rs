//! Every screen at every size against its golden picture.
//!
//! `UPDATE_GOLDEN=1` rewrites the pictures; on a mismatch what was drawn and where it differs lie in
//! `target/golden/`. Look at each picture before you keep it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use dermascope::case::Case;
use dermascope::classifier::{
    Assessment, Attention, ClassProbability, Doubt, Malignant, ModelId, Timings, Worth,
};
use dermascope::device::{Fault, Live, Note, Part, State};
use dermascope::light::Ring;
use dermascope::panel::Canvas;
use dermascope::picture::{Encoded, Encoding, Frame, Region};
use dermascope::power::{Battery, Charge};
use dermascope::quality::{Quality, Reason, outline};
use dermascope::reading::{Capture, Earlier, Reading, Saved};
use dermascope::screens::{About, Check, CheckState, Countdown, Hint, Page, Screen, Status, draw};
use dermascope::verdict::{Why, judge};
use embedded_graphics::geometry::Size;
use image::{Rgb, RgbImage};
use proptest::prelude::*;

const SIZES: [Size; 3] = [Size::new(240, 240), Size::new(320, 240), Size::new(240, 135)];
/// Smaller panels that screens must fit on too.
const SMALL: [Size; 2] = [Size::new(160, 128), Size::new(128, 128)];

/// Skin with a mole, drawn from sines: nobody's.
fn mole() -> RgbImage {
    RgbImage::from_fn(400, 400, |x, y| {
        let (x, y) = (x as f32 / 200.0 - 1.0, y as f32 / 200.0 - 1.0);
        let angle = y.atan2(x);
        let edge = 0.45 + 0.06 * (angle * 3.0 + 0.7).sin() + 0.03 * (angle * 8.0).cos();
        let depth = ((edge - x.hypot(y)) * 7.0).clamp(0.0, 1.0);
        let grain = ((x * 61.0).sin() * (y * 53.0).cos() + (x * 23.0 + y * 31.0).sin()) * 0.012;
        let net = ((x * 19.0).sin() * (y * 17.0 + x * 5.0).sin()).abs() * 0.25;
        let channel = |skin: f32, pigment: f32| {
            let share = depth * (0.85 - net);
            ((skin * (1.0 - share) + pigment * share) * (1.0 + grain)).clamp(0.0, 255.0) as u8
        };
        Rgb([channel(226.0, 92.0), channel(176.0, 52.0), channel(152.0, 38.0)])
    })
}

static MOLE: LazyLock<RgbImage> = LazyLock::new(mole);

fn capture(clock_set: bool) -> Arc<Capture> {
    let pixels = MOLE.clone();
    let (width, height) = pixels.dimensions();
    Arc::new(Capture {
        pixels,
        encoded: Encoded { encoding: Encoding::Png, bytes: Arc::new([]) },
        field_of_view: Region { x: 0, y: 0, width, height },
        captured_at: "2026-03-14T09:26:53Z".parse().unwrap(),
        clock_set,
        light: None,
        case: Case::default(),
        earlier: None,
    })
}

/// Lesions that are due, of which one has a long name.
fn due(count: usize) -> Arc<[String]> {
    let line = |index: usize| match index {
        1 => "2026-03-02 Dermatology 2026-0417/3 L12".into(),
        _ => format!("2026-03-{:02} AB-{index} L1", index + 1),
    };
    (0..count).map(line).collect()
}

/// A suspicious reading of a lesion that was not suspicious half a year before.
fn again() -> Arc<Reading> {
    let before = not_suspicious();
    let earlier =
        Capture { captured_at: "2025-09-02T08:00:00Z".parse().unwrap(), ..(*before.capture).clone() };
    of_the_lesion(Reading { capture: Arc::new(earlier), ..(*before).clone() })
}

/// The same, where the clock was not set then and the picture has left the device.
fn again_without_picture() -> Arc<Reading> {
    let before = not_suspicious();
    let earlier = Capture { pixels: RgbImage::default(), clock_set: false, ..(*before.capture).clone() };
    of_the_lesion(Reading { capture: Arc::new(earlier), ..(*before).clone() })
}

fn of_the_lesion(earlier: Reading) -> Arc<Reading> {
    let mut reading = (*suspicious()).clone();
    let outline = None;
    let earlier = Arc::new(Earlier { reading: earlier, sequence: 17, outline });
    reading.capture = Arc::new(Capture { earlier: Some(earlier), ..(*reading.capture).clone() });
    Arc::new(reading)
}

fn frame() -> Option<Arc<Frame>> {
    let pixels = MOLE.clone();
    let field_of_view = Region { x: 0, y: 0, width: 400, height: 400 };
    Some(Arc::new(Frame { sequence: 7, captured_at: Duration::ZERO, pixels, field_of_view, encoded: None }))
}

/// Probabilities in the order akiec, bcc, bkl, df, mel, nv, vasc.
fn assessment(probabilities: [f32; 7], doubts: &[Doubt]) -> Assessment {
    let classes = [
        ("akiec", "Actinic keratosis", true),
        ("bcc", "Basal cell carc.", true),
        ("bkl", "Benign keratosis", false),
        ("df", "Dermatofibroma", false),
        ("mel", "Melanoma", true),
        ("nv", "Melanocytic nevus", false),
        ("vasc", "Vascular lesion", false),
    ];
    let malignant = probabilities[0] + probabilities[1] + probabilities[4];
    let class = |((class, short, malignant), probability): ((&str, &str, bool), f32)| ClassProbability {
        class: class.into(),
        name: short.into(),
        short: short.into(),
        malignant,
        probability,
    };
    let centre = |cell: usize| (cell as f32 - 3.0) / 3.0;
    let looked = |cell: usize| 1.1 - (centre(cell % 7) + 0.2).hypot(centre(cell / 7) - 0.1);
    Assessment {
        probabilities: classes.into_iter().zip(probabilities).map(class).collect(),
        malignant: Malignant {
            probability: malignant,
            operating_point: "screening".into(),
            threshold: 0.12,
            ..Malignant::default()
        },
        doubts: doubts.into(),
        strangeness: 3.0,
        attention: Attention { size: 7, values: (0..49).map(|cell| looked(cell).clamp(0.0, 1.0)).collect() },
        model: ModelId {
            name: "EfficientNet-Lite2 256 int8, 2026-11-24, both".into(),
            short_name: Some("Lite2-256 2026-11-24".into()),
            sha256: "9f86d081884c7d659a2feaa0c55ad015".into(),
        },
        timings: Timings { preprocess_ms: 6.2, inference_ms: 41.7 },
    }
}

fn reading(assessment: Assessment, reasons: &[Reason]) -> Arc<Reading> {
    let quality = Quality {
        sharpness: if reasons.is_empty() { 4.2 } else { 0.7 },
        brightness: 0.56,
        black: 0.14,
        glare: if reasons.is_empty() { 0.002 } else { 0.09 },
        lesion_contrast: 0.61,
        lesion_area: 0.23,
        lesion_offset: 0.08,
        reasons: reasons.into(),
    };
    let overridden = !reasons.is_empty();
    let judgement = judge(&quality, &assessment, overridden);
    Arc::new(Reading { capture: capture(!overridden), quality, assessment, overridden, judgement })
}

fn suspicious() -> Arc<Reading> {
    reading(assessment([0.03, 0.05, 0.07, 0.01, 0.79, 0.04, 0.01], &[]), &[])
}

fn not_suspicious() -> Arc<Reading> {
    reading(assessment([0.002, 0.003, 0.03, 0.01, 0.02, 0.93, 0.005], &[]), &[])
}

fn doubtful() -> Arc<Reading> {
    let doubts = [Doubt::NearThreshold, Doubt::LowConfidence];
    reading(assessment([0.02, 0.02, 0.33, 0.05, 0.07, 0.47, 0.04], &doubts), &[])
}

/// Sure of the side of the threshold, and not of the class.
fn of_no_class() -> Arc<Reading> {
    reading(assessment([0.21, 0.28, 0.07, 0.02, 0.26, 0.14, 0.02], &[Doubt::LowConfidence]), &[])
}

/// Suspicious although it is off the centre, which is said.
fn off_centre() -> Arc<Reading> {
    let quality =
        Quality { lesion_offset: 0.71, reasons: vec![Reason::OffCentre], ..suspicious().quality.clone() };
    let assessment = suspicious().assessment.clone();
    let judgement = judge(&quality, &assessment, false);
    Arc::new(Reading { capture: capture(true), quality, assessment, overridden: false, judgement })
}

/// Read where few lesions are malignant.
fn at_home(reading: &Reading, worth: Option<Worth>) -> Arc<Reading> {
    let mut reading = reading.clone();
    let malignant = &mut reading.assessment.malignant;
    malignant.calibrated_on = Some(0.2);
    malignant.worth = worth;
    reading.assessment = reading.assessment.seen_where(0.02);
    Arc::new(reading)
}

fn worth(malignant_of_100: f32, low: f32, high: f32) -> Option<Worth> {
    Some(Worth { malignant_of_100, low, high })
}

/// Read where nobody said how many are malignant.
fn of_a_set(reading: &Reading) -> Arc<Reading> {
    let mut reading = reading.clone();
    reading.assessment.malignant.calibrated_on = Some(0.2);
    Arc::new(reading)
}

fn overridden() -> Arc<Reading> {
    reading(assessment([0.03, 0.02, 0.07, 0.01, 0.62, 0.24, 0.01], &[]), &[Reason::Blurred, Reason::Glare])
}

/// A past result whose picture has left the device.
fn gone(page: Page) -> Screen {
    let mut reading = (*not_suspicious()).clone();
    reading.capture = Arc::new(Capture { pixels: RgbImage::default(), ..(*reading.capture).clone() });
    Screen::History { reading: Arc::new(reading), picture_fault: None, sequence: 3, age: 12, total: 14, page }
}

/// A past result whose picture should be there.
fn missing() -> Screen {
    let mut reading = (*suspicious()).clone();
    reading.capture = Arc::new(Capture { pixels: RgbImage::default(), ..(*reading.capture).clone() });
    let picture_fault = Some("missing".into());
    Screen::History {
        reading: Arc::new(reading),
        picture_fault,
        sequence: 9,
        age: 3,
        total: 14,
        page: Page::Reading,
    }
}

fn checks() -> Vec<Check> {
    let check = |name: &str, state| Check { name: name.into(), state };
    vec![
        check("Model", CheckState::Passed),
        check("Storage", CheckState::Passed),
        check("Camera", CheckState::Running),
        check("Clock", CheckState::Doubtful("not set".into())),
        check("Buttons", CheckState::Failed("not in group gpio".into())),
    ]
}

fn fault() -> Screen {
    Screen::Fault {
        title: "Camera fault".into(),
        cause: "/dev/video0: cannot open the camera: Permission denied (os error 13)".into(),
        cure: "Add the user to the group video: sudo usermod -aG video dermascope".into(),
    }
}

/// As the device shows what it found of its records.
fn records_altered() -> Screen {
    let fault = Fault { part: Part::Records, cause: "records were cut off".into(), then: Vec::new() };
    let live = Live { frame: None, hint: Hint::Ready, held: 0.0, countdown: None };
    dermascope::device::screen(&State::Fault(fault), &live).unwrap()
}

fn about(records: u64, only_here: u64) -> About {
    let public_key = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c".into();
    About { device: "5f70bf18a0860070".into(), public_key, records, only_here }
}

fn result(reading: Arc<Reading>, page: Page) -> Screen {
    Screen::Result { reading, saved: Saved::Saved(128), page }
}

/// Every screen that has a golden picture, by its name.
fn screens() -> Vec<(&'static str, Screen)> {
    let live = |hint| Screen::Viewfinder { frame: frame(), hint };
    let failed = Saved::Failed("disk full".into());
    let refused = vec![Why::Quality(Reason::Blurred), Why::Quality(Reason::TooBright)];
    vec![
        ("self-test", Screen::SelfTest { checks: checks() }),
        ("viewfinder-starting", Screen::Viewfinder { frame: None, hint: Hint::Ready }),
        ("viewfinder-ready", live(Hint::Ready)),
        ("viewfinder-improve", live(Hint::Improve(Reason::Blurred))),
        ("viewfinder-no-signal", live(Hint::NoSignal)),
        ("analysing", Screen::Analysing { capture: capture(true) }),
        ("result-suspicious", result(suspicious(), Page::Reading)),
        (
            "result-not-suspicious",
            Screen::Result { reading: not_suspicious(), saved: Saved::Pending, page: Page::Reading },
        ),
        ("result-uncertain", Screen::Result { reading: doubtful(), saved: failed, page: Page::Reading }),
        ("result-no-class", result(of_no_class(), Page::Reading)),
        ("result-off-centre", result(off_centre(), Page::Reading)),
        ("result-of-a-set", result(of_a_set(&suspicious()), Page::Reading)),
        ("result-here", result(at_home(&suspicious(), worth(6.5, 5.6, 7.4)), Page::Reading)),
        ("result-here-not", result(at_home(&not_suspicious(), worth(0.2, 0.1, 0.3)), Page::Reading)),
        ("result-here-details", result(at_home(&suspicious(), worth(6.5, 5.6, 7.4)), Page::Details)),
        ("result-overridden", result(overridden(), Page::Reading)),
        ("result-compare", result(again(), Page::Compare)),
        ("result-compare-gone", result(again_without_picture(), Page::Compare)),
        ("result-attention", result(suspicious(), Page::Attention)),
        ("result-details", result(suspicious(), Page::Details)),
        ("result-details-overridden", result(overridden(), Page::Details)),
        ("retake", Screen::Retake { capture: capture(true), reasons: refused, held: 0.0 }),
        (
            "retake-held",
            Screen::Retake {
                capture: capture(true),
                reasons: vec![Why::Doubt(Doubt::OutOfDistribution)],
                held: 0.6,
            },
        ),
        (
            "history",
            Screen::History {
                reading: not_suspicious(),
                picture_fault: None,
                sequence: 127,
                age: 1,
                total: 14,
                page: Page::Reading,
            },
        ),
        ("history-picture-missing", missing()),
        (
            "history-unreadable",
            Screen::Unreadable {
                cause: "records.db: entry 12 is not a record: missing field `quality` at line 1 column 812"
                    .into(),
                sequence: None,
                age: 4,
                total: 14,
            },
        ),
        ("history-gone", gone(Page::Reading)),
        ("history-gone-attention", gone(Page::Attention)),
        ("history-empty", Screen::NoHistory),
        ("due", Screen::Due { lesions: due(23) }),
        ("due-none", Screen::Due { lesions: due(0) }),
        ("fault", fault()),
        ("records-altered", records_altered()),
        ("about", Screen::About { about: about(128, 3) }),
        ("wipe", Screen::Wipe { about: about(128, 3), countdown: None }),
        ("wipe-only-here", Screen::Wipe { about: about(14, 14), countdown: None }),
        (
            "wipe-held",
            Screen::Wipe { about: about(128, 3), countdown: Some(Countdown { seconds: 7, share: 0.34 }) },
        ),
        ("wiping", Screen::Wiping),
        ("test-card", Screen::TestCard),
        ("goodbye", Screen::Goodbye),
    ]
}

/// What the viewfinder says of the next capture, with its name.
fn cases() -> [(&'static str, Option<Battery>, Case); 3] {
    let battery = Battery { charge: Charge { percent: 100, charging: true }, low: false };
    let case = |id: &str, site| Case::new(Some(id), site).unwrap();
    [
        ("both", None, case("AB-12", Some("left forearm"))),
        ("lesion", None, Case::said("AB-12 L3 left lower leg").unwrap()),
        ("long", Some(battery), case("Dermatology 2026-0417/3", Some("back, below the left shoulder blade"))),
    ]
}

fn drawn(screen: &Screen, status: &Status, size: Size) -> Canvas {
    let mut canvas = Canvas::new(size);
    draw(screen, status, &mut canvas);
    canvas
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Compares with the golden picture; returns what is wrong, if anything.
fn compare(name: &str, size: Size, picture: &RgbImage) -> Option<String> {
    let name = format!("{name}-{}x{}", size.width, size.height);
    let golden = root().join("tests/golden").join(format!("{name}.png"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        picture.save(&golden).unwrap();
        return None;
    }
    let expected = match image::open(&golden) {
        Ok(expected) => expected.into_rgb8(),
        Err(error) => return Some(format!("{name}: cannot read {}: {error}", golden.display())),
    };
    if expected == *picture {
        return None;
    }
    let folder = root().join("target/golden");
    std::fs::create_dir_all(&folder).unwrap();
    let saved = |suffix: &str| -> PathBuf { folder.join(format!("{name}{suffix}.png")) };
    picture.save(saved("")).unwrap();
    let (width, height) = picture.dimensions();
    let differs = RgbImage::from_fn(width, height, |x, y| {
        let same = expected.get_pixel_checked(x, y) == Some(picture.get_pixel(x, y));
        if same { Rgb([0; 3]) } else { Rgb([255; 3]) }
    });
    differs.save(saved("-diff")).unwrap();
    Some(format!("{name} is not as its golden picture; see {}", saved("").display()))
}

#[test]
fn every_screen_looks_like_its_golden_picture_at_every_size() {
    let status = Status { records: 128, ..Status::default() };
    let mut wrong = Vec::new();
    for (name, screen) in screens() {
        for size in SIZES {
            wrong.extend(compare(name, size, &drawn(&screen, &status, size).to_rgb()));
        }
    }
    let battery = |percent, charging, low| Battery { charge: Charge { percent, charging }, low };
    let powered = [
        ("charging", battery(64, true, false)),
        ("half", battery(50, false, false)),
        ("low", battery(9, false, true)),
    ];
    for (name, battery) in powered {
        let status = Status { battery: Some(battery), ..status.clone() };
        let live = Screen::Viewfinder { frame: frame(), hint: Hint::Ready };
        for size in SIZES {
            wrong.extend(compare(&format!("battery-{name}"), size, &drawn(&live, &status, size).to_rgb()));
        }
    }
    for size in SIZES {
        let powered = Some(battery(64, false, false));
        let status = Status { ring: Some(Ring::Unpolarised), battery: powered, ..status.clone() };
        let live = Screen::Viewfinder { frame: frame(), hint: Hint::Ready };
        wrong.extend(compare("ring", size, &drawn(&live, &status, size).to_rgb()));
    }
    for size in SIZES.into_iter().chain(SMALL) {
        let operating_point = Some("balanced".into());
        let status = Status { operating_point, ring: Some(Ring::Polarised), ..status.clone() };
        let live = Screen::Viewfinder { frame: frame(), hint: Hint::Ready };
        wrong.extend(compare("point", size, &drawn(&live, &status, size).to_rgb()));
        let status =
            Status { note: Some(Note::NoFrame.words()), operating_point: Some("screening".into()), ..status };
        wrong.extend(compare("note", size, &drawn(&live, &status, size).to_rgb()));
    }
    for (name, battery, case) in cases() {
        let status = Status { battery, case, ..status.clone() };
        for size in SIZES.into_iter().chain(SMALL) {
            let live = Screen::Viewfinder { frame: frame(), hint: Hint::Improve(Reason::TooBright) };
            wrong.extend(compare(&format!("case-{name}"), size, &drawn(&live, &status, size).to_rgb()));
        }
    }
    let https = (1..=32).map(|byte| format!("{:02X}", byte * 7)).collect::<Vec<_>>().join(":");
    let served = Status { https: Some(https), ..status.clone() };
    for size in SIZES.into_iter().chain(SMALL) {
        let details = drawn(&result(suspicious(), Page::Details), &served, size);
        wrong.extend(compare("https", size, &details.to_rgb()));
    }
    // The earlier picture was taken with the device turned by a quarter.
    let earlier = outline(&image::imageops::rotate90(&*MOLE)).map(Arc::new);
    let again = Status { outline: earlier, case: Case::said("AB-12 L3").unwrap(), ..status.clone() };
    let due = Status { due: 12, ..status.clone() };
    for size in SIZES.into_iter().chain(SMALL) {
        let live = Screen::Viewfinder { frame: frame(), hint: Hint::Ready };
        wrong.extend(compare("viewfinder-again", size, &drawn(&live, &again, size).to_rgb()));
        wrong.extend(compare("viewfinder-due", size, &drawn(&live, &due, size).to_rgb()));
    }
    let on_cable = Status { usb: Some("USB 169.254.55.1:8080".into()), ..status.clone() };
    let warning = Status { warning: Some("Disk almost full".into()), ..status };
    for size in SIZES {
        let picture = drawn(&result(suspicious(), Page::Reading), &warning, size).to_rgb();
        wrong.extend(compare("result-warning", size, &picture));
        let picture = drawn(&result(suspicious(), Page::Reading), &on_cable, size).to_rgb();
        wrong.extend(compare("result-usb", size, &picture));
    }
    for size in SMALL {
        for (name, screen) in screens() {
            wrong.extend(compare(name, size, &drawn(&screen, &Status::default(), size).to_rgb()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_readme_shows_the_result_screen_as_it_is() {
    let path = root().join("docs/result.png");
    let status = Status { records: 128, ..Status::default() };
    let shown = drawn(&result(suspicious(), Page::Reading), &status, SIZES[0]).to_rgb();
    let (width, height) = (3 * shown.width(), 3 * shown.height());
    let enlarged = image::imageops::resize(&shown, width, height, image::imageops::FilterType::Nearest);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(root().join("docs")).unwrap();
        enlarged.save(&path).unwrap();
    }
    let picture = image::open(&path).unwrap().into_rgb8();
    assert!(picture == enlarged, "{} is not the result screen of today: UPDATE_GOLDEN=1", path.display());
}

#[test]
fn a_stale_picture_is_never_shown_as_live() {
    let status = Status::default();
    for size in SIZES {
        let with = drawn(&Screen::Viewfinder { frame: frame(), hint: Hint::NoSignal }, &status, size);
        let without = drawn(&Screen::Viewfinder { frame: None, hint: Hint::NoSignal }, &status, size);
        assert!(with == without, "the stale picture shows at {size}");
    }
}

#[test]
fn each_verdict_and_each_state_of_saving_shows_without_colour() {
    // Grey levels alone must tell them apart.
    let grey =
        |screen: &Screen| image::imageops::grayscale(&drawn(screen, &Status::default(), SIZES[0]).to_rgb());
    let shown: Vec<_> = [Saved::Pending, Saved::Saved(1), Saved::Failed("disk full".into())]
        .into_iter()
        .map(|saved| grey(&Screen::Result { reading: suspicious(), saved, page: Page::Reading }))
        .collect();
    assert!(shown[0] != shown[1] && shown[1] != shown[2] && shown[0] != shown[2]);
    let hints = [Hint::Ready, Hint::Improve(Reason::Blurred), Hint::NoSignal];
    let shown = hints.map(|hint| grey(&Screen::Viewfinder { frame: frame(), hint }));
    assert!(shown[0] != shown[1] && shown[1] != shown[2]);
}

#[test]
fn the_fill_of_the_hold_key_follows_the_holding() {
    let held = |held| {
        let screen = Screen::Retake {
            capture: capture(true),
            reasons: vec![Why::Doubt(Doubt::OutOfDistribution)],
            held,
        };
        drawn(&screen, &Status::default(), SIZES[0])
    };
    let none = held(0.0);
    let changed = |held_for| {
        let canvas = held(held_for);
        none.pixels().iter().zip(canvas.pixels()).filter(|(before, after)| before != after).count()
    };
    let shares = [0.0, 0.25, 0.5, 0.75, 1.0].map(changed);
    assert_eq!(shares[0], 0);
    assert!(shares.is_sorted_by(|less, more| less < more), "{shares:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn no_size_from_96_on_and_no_text_breaks_a_screen(
        width in 96_u32..400, height in 96_u32..400, text in ".{0,200}", share in any::<f32>(), records: u64,
    ) {
        let size = Size::new(width, height);
        let case = Case { case_id: Some(text.clone()), body_site: Some(text.clone()), ..Case::default() };
        let status =
            Status { records, warning: Some(text.clone()), usb: Some(text.clone()), case, ..Status::default() };
        for (_, screen) in screens() {
            drawn(&screen, &status, size);
        }
        let mut odd = (*suspicious()).clone();
        odd.assessment.malignant.probability = share;
        odd.assessment.malignant.threshold = -share;
        odd.assessment.malignant.operating_point = text.clone();
        odd.assessment.model.sha256 = text.clone();
        odd.assessment.probabilities[0].short = text.clone();
        odd.assessment.probabilities[0].probability = share;
        odd.assessment.probabilities.truncate(2);
        let odd = Arc::new(odd);
        for page in Page::ALL {
            let saved = Saved::Failed(text.clone());
            drawn(&Screen::Result { reading: odd.clone(), saved, page }, &status, size);
        }
        let checks = vec![Check { name: text.clone(), state: CheckState::Failed(text.clone()) }; 12];
        drawn(&Screen::SelfTest { checks }, &status, size);
        let reasons = vec![Why::Doubt(Doubt::OutOfDistribution); 7];
        drawn(&Screen::Retake { capture: capture(true), reasons, held: share }, &status, size);
        drawn(&Screen::Fault { title: text.clone(), cause: text.clone(), cure: text }, &status, size);
    }
}
