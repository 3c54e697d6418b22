//! Frames of the target under known light, tint, blur, tilt and scale.

use target::{COLOURS, GREYS, Kind, MOST_BLUR, Reading, Size, TargetError, read};

/// Light of the printed sheet, `SIDE` cells across 1.4 discs: drawn once, looked up by every frame.
struct Sheet {
    size: Size,
    cells: Vec<[f32; 3]>,
}

const SIDE: usize = 2000;
const WIDE: f32 = 1.4;
/// What white paper gives back.
const PAPER: f32 = 0.85;

impl Sheet {
    fn new(size: Size) -> Self {
        let mut cells = vec![[PAPER; 3]; SIDE * SIDE];
        let cell = WIDE * size.millimetres() / SIDE as f32;
        for shape in size.shapes() {
            let [low, high] = [f32::min as fn(f32, f32) -> f32, f32::max].map(|pick| {
                [0, 1].map(|axis| {
                    let part = shape.corners.iter().map(|corner| corner[axis]).reduce(pick).expect("corners");
                    (part / cell + SIDE as f32 / 2.0) as usize
                })
            });
            for (x, y) in (low[1]..=high[1]).flat_map(|y| (low[0]..=high[0]).map(move |x| (x, y))) {
                let place = [x, y].map(|at| (at as f32 + 0.5 - SIDE as f32 / 2.0) * cell);
                if is_inside(&shape.corners, place) {
                    cells[y * SIDE + x] = shape.colour.map(|value| PAPER * linear(value));
                }
            }
        }
        Self { size, cells }
    }

    fn at(&self, place: [f32; 2]) -> [f32; 3] {
        let cell = WIDE * self.size.millimetres() / SIDE as f32;
        let [x, y] = place.map(|part| (part / cell + SIDE as f32 / 2.0).floor());
        let inside = |at: f32| (0.0..SIDE as f32).contains(&at);
        if inside(x) && inside(y) { self.cells[y as usize * SIDE + x as usize] } else { [PAPER; 3] }
    }
}

fn is_inside(corners: &[[f32; 2]], [x, y]: [f32; 2]) -> bool {
    let sides = corners.iter().zip(corners.iter().cycle().skip(1));
    let crossed = sides.filter(|([from_x, from_y], [to_x, to_y])| {
        (*from_y > y) != (*to_y > y) && x < from_x + (y - from_y) / (to_y - from_y) * (to_x - from_x)
    });
    crossed.count() % 2 == 1
}

fn linear(value: u8) -> f32 {
    let value = f32::from(value) / 255.0;
    if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

fn encoded(light: f32) -> f32 {
    if light <= 0.003_130_8 { 12.92 * light } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

/// How a frame is taken.
#[derive(Clone, Copy)]
struct View {
    width: usize,
    height: usize,
    /// Of skin, along the shorter side, in the middle.
    millimetres: f32,
    degrees: f32,
    /// Of the target's middle from the frame's, in parts of the shorter side.
    shift: [f32; 2],
    /// How much nearer the right edge is than the middle.
    tilt: f32,
    /// Red, green and blue of the lamp, of pixel values.
    lamp: [f32; 3],
    /// How much darker the left edge is than the right, of pixel values.
    slope: f32,
    /// Sigma in 224ths of the shorter side.
    blur: f32,
}

const PLAIN: View = View {
    width: 800,
    height: 600,
    millimetres: 20.0,
    degrees: 0.0,
    shift: [0.0; 2],
    tilt: 0.0,
    lamp: [0.95; 3],
    slope: 0.0,
    blur: 0.0,
};

fn frame(sheet: &Sheet, view: &View) -> Vec<u8> {
    let shorter = view.width.min(view.height) as f32;
    let (sin, cos) = view.degrees.to_radians().sin_cos();
    let place = |x: f32, y: f32| {
        let depth = 1.0 - view.tilt * x / (view.width as f32 / 2.0);
        let [x, y] = [x - view.shift[0] * shorter, y - view.shift[1] * shorter]
            .map(|pixels| pixels * depth * view.millimetres / shorter);
        [cos * x + sin * y, cos * y - sin * x]
    };
    let mut planes = vec![[0.0f32; 3]; view.width * view.height];
    for (index, pixel) in planes.iter_mut().enumerate() {
        let (x, y) = ((index % view.width) as f32, (index / view.width) as f32);
        for (right, down) in (0..3).flat_map(|down| (0..3).map(move |right| (right, down))) {
            let (x, y) = (x + (right as f32 + 0.5) / 3.0, y + (down as f32 + 0.5) / 3.0);
            let (x, y) = (x - view.width as f32 / 2.0, y - view.height as f32 / 2.0);
            let light = sheet.at(place(x, y));
            for (sum, light) in pixel.iter_mut().zip(light) {
                *sum += light / 9.0;
            }
        }
    }
    let planes = blurred(planes, view.width, view.blur * shorter / 224.0);
    let mut random = 1u32;
    planes
        .iter()
        .enumerate()
        .flat_map(|(index, light)| {
            let across = (index % view.width) as f32 / view.width as f32;
            let slope = 1.0 - view.slope * (1.0 - across);
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (random >> 24) as f32 / 256.0 * 3.0 - 1.5;
            let value = |channel: usize| encoded(light[channel]) * view.lamp[channel] * slope * 255.0 + noise;
            [0, 1, 2].map(|channel| value(channel).round().clamp(0.0, 255.0) as u8)
        })
        .collect()
}

fn blurred(planes: Vec<[f32; 3]>, width: usize, sigma: f32) -> Vec<[f32; 3]> {
    if sigma == 0.0 {
        return planes;
    }
    let height = planes.len() / width;
    let reach = (3.0 * sigma).ceil() as i64;
    let kernel: Vec<f32> = (-reach..=reach).map(|at| (-0.5 * (at as f32 / sigma).powi(2)).exp()).collect();
    let sum: f32 = kernel.iter().sum();
    // Turned over on the way: two passes do both directions.
    let pass = |planes: &[[f32; 3]], width: usize, height: usize| {
        let mut out = vec![[0.0f32; 3]; planes.len()];
        for (index, pixel) in
            planes.chunks_exact(width).enumerate().flat_map(|(y, row)| (0..width).map(move |x| ((y, x), row)))
        {
            let (y, x) = index;
            let mut total = [0.0f32; 3];
            for (offset, share) in kernel.iter().enumerate() {
                let at = (x as i64 + offset as i64 - reach).clamp(0, width as i64 - 1) as usize;
                for (total, value) in total.iter_mut().zip(pixel[at]) {
                    *total += share * value;
                }
            }
            out[x * height + y] = total.map(|value| value / sum);
        }
        out
    };
    let turned = pass(&planes, width, height);
    pass(&turned, height, width)
}

fn taken(sheet: &Sheet, view: &View) -> Result<Reading, TargetError> {
    read(view.width, view.height, &frame(sheet, view))
}

/// How bright the paper is where the target lies, in pixel values.
fn paper(view: &View) -> f32 {
    encoded(PAPER) * view.lamp[1] * (1.0 - view.slope / 2.0)
}

#[test]
fn the_target_tells_light_colour_focus_and_scale_as_they_were_drawn() {
    let [small, large] = [Size::Small, Size::Large].map(Sheet::new);
    let views = [
        ("as it is", &large, PLAIN),
        ("turned by 37 degrees", &large, View { degrees: 37.0, ..PLAIN }),
        ("upside down", &large, View { degrees: 180.0, ..PLAIN }),
        ("the small one, 11 mm across", &small, View { millimetres: 11.0, ..PLAIN }),
        ("the small one, 18 mm across", &small, View { millimetres: 18.0, ..PLAIN }),
        ("30 mm across, out of the middle", &large, View { millimetres: 30.0, shift: [0.1, -0.08], ..PLAIN }),
        ("tilted", &large, View { millimetres: 24.0, tilt: 0.08, ..PLAIN }),
        ("0.6 of the light", &large, View { lamp: [0.57; 3], ..PLAIN }),
        ("warm (red x 1.1, blue x 0.8)", &large, View { lamp: [0.99, 0.9, 0.72], ..PLAIN }),
        ("cold (red x 0.85, blue x 1.1)", &large, View { lamp: [0.765, 0.9, 0.99], ..PLAIN }),
        ("blurred by 0.5 of 224", &large, View { blur: 0.5, ..PLAIN }),
        ("blurred by 1 of 224", &large, View { blur: 1.0, ..PLAIN }),
        ("blurred by 1.5 of 224", &large, View { blur: 1.5, ..PLAIN }),
        ("0.7 of the light at the left edge", &large, View { slope: 0.3, ..PLAIN }),
    ];
    println!(
        "{:36} {:>11} {:>11} {:>11} {:>11} {:>13} {:>9}",
        "view", "mm", "light", "red", "blue", "blur", "even"
    );
    for (name, sheet, view) in views {
        let found = taken(sheet, &view).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(found.size, sheet.size, "{name}");
        let truth = [
            view.millimetres,
            paper(&view),
            view.lamp[0] / view.lamp[1],
            view.lamp[2] / view.lamp[1],
            view.blur,
        ];
        let blur = found.blur.unwrap_or(f32::NAN);
        let said =
            [found.millimetres_across, found.light, found.white_balance[0], found.white_balance[1], blur];
        let pairs: Vec<_> =
            truth.iter().zip(said).map(|(truth, said)| format!("{truth:>5.2}/{said:>5.2}")).collect();
        println!("{name:36} {} {:>9.2}", pairs.join(" "), found.evenness);
        let error = |at: usize| (said[at] / truth[at] - 1.0).abs();
        assert!(
            error(0) < 0.01 && error(1) < 0.04 && error(2) < 0.02 && error(3) < 0.02,
            "{name}: {found:?}"
        );
        // Less than 0.2 is not told from none.
        assert!((blur - view.blur.max(0.2)).abs() < 0.15, "{name}: {found:?}");
    }
}

#[test]
fn patches_are_told_as_they_were_printed_whatever_the_lamp() {
    let sheet = Sheet::new(Size::Large);
    // Of the lamps that change pixel values alike, so that light stays in proportion.
    let found = taken(&sheet, &View { degrees: 61.0, ..PLAIN }).expect("found");
    for (step, grey) in GREYS.iter().enumerate() {
        assert!((found.greys[step] - linear(*grey)).abs() < 0.03, "step {step}: {found:?}");
    }
    for (which, colour) in COLOURS.iter().enumerate() {
        for (value, said) in colour.iter().zip(found.colours[which]) {
            assert!((said - linear(*value)).abs() < 0.04, "colour {which}: {found:?}");
        }
    }
}

#[test]
fn what_drifts_beyond_its_limit_is_told_and_nothing_else() {
    let sheet = Sheet::new(Size::Large);
    let set_up = taken(&sheet, &PLAIN).expect("found");
    let failing = |name: &str, view: View| -> Vec<Kind> {
        let found = taken(&sheet, &view).unwrap_or_else(|error| panic!("{name}: {error}"));
        found
            .judge(Some(&set_up))
            .into_iter()
            .filter(|finding| !finding.holds())
            .map(|finding| finding.kind)
            .collect()
    };
    let lamp =
        |red: f32, green: f32, blue: f32| View { lamp: [red, green, blue].map(|gain| 0.95 * gain), ..PLAIN };
    for (name, view, wanted) in [
        ("the same, held otherwise", View { degrees: 25.0, shift: [0.03, 0.01], ..PLAIN }, vec![]),
        ("a little darker", lamp(0.94, 0.94, 0.94), vec![]),
        ("darker", lamp(0.85, 0.85, 0.85), vec![Kind::Light]),
        ("a little warmer", lamp(1.03, 1.0, 0.95), vec![]),
        ("warmer", lamp(1.0, 0.92, 0.8), vec![Kind::Red, Kind::Blue]),
        ("colder", lamp(0.82, 0.96, 1.0), vec![Kind::Red]),
        ("a little out of focus", View { blur: 0.6, ..PLAIN }, vec![]),
        ("out of focus", View { blur: 1.2, ..PLAIN }, vec![Kind::Sharpness]),
        ("another lens", View { millimetres: 22.0, ..PLAIN }, vec![Kind::Scale]),
        ("an LED is dark", View { lamp: [1.3; 3], slope: 0.75, ..PLAIN }, vec![Kind::Evenness]),
    ] {
        let found = failing(name, view);
        let without = |found: &[Kind]| -> Vec<Kind> {
            // A slope that is steep enough also clips at its bright end, or darkens the whole.
            let beside =
                |kind: &Kind| name == "an LED is dark" && matches!(kind, Kind::Clipping | Kind::Light);
            found.iter().copied().filter(|kind| !beside(kind)).collect()
        };
        assert_eq!(without(&found), wanted, "{name}");
    }
}

#[test]
fn too_much_light_is_told_though_nothing_is_known_of_the_set_up() {
    let sheet = Sheet::new(Size::Large);
    let found = taken(&sheet, &View { lamp: [1.3; 3], ..PLAIN }).expect("found");
    let failing: Vec<_> = found.judge(None).into_iter().filter(|finding| !finding.holds()).collect();
    assert_eq!(failing.iter().map(|finding| finding.kind).collect::<Vec<_>>(), [Kind::Clipping]);
    assert!(failing[0].cure().contains("exposure"));
}

#[test]
fn what_is_not_whole_or_no_target_is_refused() {
    let sheet = Sheet::new(Size::Large);
    let grey = vec![140; 800 * 600 * 3];
    assert_eq!(read(800, 600, &grey), Err(TargetError::None));
    assert_eq!(read(800, 600, &grey[..9]), Err(TargetError::None));
    assert_eq!(read(0, 0, &[]), Err(TargetError::None));
    assert_eq!(read(usize::MAX, 2, &grey), Err(TargetError::None));
    let aside = taken(&sheet, &View { shift: [0.0, 0.25], ..PLAIN });
    assert_eq!(aside, Err(TargetError::Outside));
    let hopeless = taken(&sheet, &View { blur: 6.0, ..PLAIN });
    assert_eq!(hopeless, Err(TargetError::None));
}

#[test]
fn the_limits_are_those_that_the_card_gives() {
    // What is said at the head of `judge.rs`, worked out again from the card's own table.
    let card = include_str!("../../../models/CARD.md");
    let row = |name: &str| -> Vec<f32> {
        let line =
            card.lines().find(|line| line.starts_with(&format!("| {name}"))).expect("a row of the card");
        line.split('|').filter_map(|cell| cell.trim().parse().ok()).collect()
    };
    let (melanoma, specificity) = (6, 7);
    let plain = row("as they are");
    let lost = |name: &str, at: usize| plain[at] - row(name)[at];
    let part = |name: &str| 0.02 / lost(name, melanoma);
    let near =
        |said: f32, worked: f32| assert!((said - worked).abs() < 0.015, "{said} is said, {worked} follows");
    near(target::LIGHT_TOLERANCE, 0.4 * part("0.6 of the light"));
    let [red, blue] = target::WHITE_BALANCE_TOLERANCE;
    near(red.1, 1.0 + 0.15 * part("warm light"));
    near(red.0, 1.0 - 0.15 * part("cold light"));
    near(blue.0, 1.0 - 0.2 * part("warm light"));
    near(blue.1, 1.0 + 0.15 * part("cold light"));
    let blur = 2.0 * 0.05 / lost("out of focus", specificity);
    assert!((MOST_BLUR - blur).abs() < 0.05, "{MOST_BLUR} is said, {blur} follows");
}

#[test]
fn both_sizes_are_printed() {
    for size in Size::ALL {
        let file = size.pdf();
        assert!(file.starts_with(b"%PDF-"));
        assert!(String::from_utf8_lossy(&file).matches(" m\n").count() > 200, "a code, patches and stars");
    }
}
