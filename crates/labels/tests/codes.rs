//! Codes as a camera sees them.

use labels::{Label, LabelError, ScanError, scan, sheets, wrist_band};
use qrcode::{Color, EcLevel, QrCode};

struct Frame {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Frame {
    /// Skin without anything, with the sensor's noise.
    fn skin() -> Self {
        let (width, height) = (400, 300);
        let pixels = (0..width * height).map(|index| 150 + (index * 7919 % 13) as u8).collect();
        Self { width, height, pixels }
    }

    /// A code on white paper, turned by degrees, so many pixels a module, its middle at a place.
    fn with(mut self, text: &str, degrees: f32, module: f32, middle: [f32; 2]) -> Self {
        let code = QrCode::with_error_correction_level(text, EcLevel::Q).expect("short enough");
        let colours = code.to_colors();
        let (sin, cos) = degrees.to_radians().sin_cos();
        let half = code.width() as f32 / 2.0;
        for index in 0..self.pixels.len() {
            let (x, y) = ((index % self.width) as f32 - middle[0], (index / self.width) as f32 - middle[1]);
            let (u, v) = ((cos * x + sin * y) / module + half, (cos * y - sin * x) / module + half);
            let quiet = -4.0..code.width() as f32 + 4.0;
            if quiet.contains(&u) && quiet.contains(&v) {
                let inside = 0.0..code.width() as f32;
                let is_dark = inside.contains(&u)
                    && inside.contains(&v)
                    && colours[v as usize * code.width() + u as usize] == Color::Dark;
                self.pixels[index] = if is_dark { 40 } else { 215 } + (index * 7919 % 13) as u8;
            }
        }
        self
    }

    /// Covers a part.
    fn covered(mut self, [x, y]: [usize; 2], [width, height]: [usize; 2]) -> Self {
        for (row, column) in (y..y + height).flat_map(|row| (x..x + width).map(move |column| (row, column))) {
            self.pixels[row * self.width + column] = 150;
        }
        self
    }

    /// Each pixel the mean of those around it.
    fn blurred(mut self, reach: i64) -> Self {
        let at = |x: i64, y: i64| {
            let (x, y) = (x.clamp(0, self.width as i64 - 1), y.clamp(0, self.height as i64 - 1));
            u32::from(self.pixels[y as usize * self.width + x as usize])
        };
        let count = (2 * reach + 1).pow(2) as u32;
        let mean = |index: usize| {
            let (x, y) = ((index % self.width) as i64, (index / self.width) as i64);
            let around = (-reach..=reach).flat_map(|dy| (-reach..=reach).map(move |dx| (x + dx, y + dy)));
            (around.map(|(x, y)| at(x, y)).sum::<u32>() / count) as u8
        };
        self.pixels = (0..self.pixels.len()).map(mean).collect();
        self
    }

    fn scan(&self) -> Option<Result<Label, ScanError>> {
        scan(self.width, self.height, &self.pixels)
    }
}

fn label() -> Label {
    Label { case_id: "AB-12".into(), lesion: Some(3) }
}

#[test]
fn a_label_is_read_however_it_is_held() {
    for degrees in [0.0, 8.0, 45.0, 90.0, 133.0, 180.0, -20.0] {
        for module in [4.0, 5.5] {
            let frame = Frame::skin().with(&label().text(), degrees, module, [205.0, 148.0]);
            assert_eq!(frame.scan(), Some(Ok(label())), "{degrees} degrees, {module} px");
        }
    }
    let out_of_focus = Frame::skin().with(&label().text(), 12.0, 6.0, [200.0, 150.0]).blurred(2);
    assert_eq!(out_of_focus.scan(), Some(Ok(label())));
}

#[test]
fn skin_is_no_code() {
    assert_eq!(Frame::skin().scan(), None);
    assert_eq!(scan(0, 0, &[]), None);
    assert_eq!(scan(10, 10, &[0; 99]), None);
    assert_eq!(scan(usize::MAX, 2, &[0; 4]), None);
}

#[test]
fn a_torn_code_is_told_and_a_scratch_is_read_through() {
    let whole = || Frame::skin().with(&label().text(), 0.0, 6.0, [200.0, 150.0]);
    let scratched = whole().covered([185, 165], [30, 4]);
    assert_eq!(scratched.scan(), Some(Ok(label())));
    let torn = whole().covered([185, 145], [80, 80]);
    assert_eq!(torn.scan(), Some(Err(ScanError::Torn)));
}

#[test]
fn a_code_of_something_else_is_told_and_two_labels_are_too_many() {
    let foreign = Frame::skin().with("https://example.org/AB-12", 0.0, 5.0, [200.0, 150.0]);
    assert_eq!(foreign.scan(), Some(Err(ScanError::NoLabel(LabelError::Foreign))));
    let two = |other: &str| {
        Frame::skin()
            .with(&label().text(), 0.0, 4.0, [100.0, 150.0])
            .with(other, 0.0, 4.0, [300.0, 150.0])
            .scan()
    };
    assert_eq!(two("dermascope:1:AB-12:L4"), Some(Err(ScanError::Several)));
    assert_eq!(two(&label().text()), Some(Ok(label())));
    assert_eq!(two("https://example.org"), Some(Ok(label())));
}

#[test]
fn sheets_go_over_pages_and_a_name_that_no_code_holds_is_refused() {
    let many: Vec<_> =
        (1..=30).map(|lesion| Label { case_id: "AB-12".into(), lesion: Some(lesion) }).collect();
    let sheet = sheets(&many, paper::A4).expect("short enough");
    assert!(String::from_utf8_lossy(&sheet).contains("/Count 2"));
    assert!(wrist_band("AB-12").expect("short enough").starts_with(b"%PDF-"));
    let long = Label { case_id: "é".repeat(2000), lesion: None };
    assert!(sheets(&[long], paper::A4).is_err());
}
