//! What is printed: a code in the middle that tells where and how large it is, and about it patches and stars.

use std::f32::consts::TAU;

use paper::{A4, Page, pdf};
use qrcode::{Color, EcLevel, QrCode};

/// How large a target is: what its disc measures across.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// 9 mm, for fields of view of 10 to 18 mm. It wants a printer of 1200 dots an inch.
    Small,
    /// 18 mm, for wider fields of view.
    Large,
}

/// A field of one colour, in millimetres from the middle.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// Its corners, right and down.
    pub corners: Vec<[f32; 2]>,
    /// sRGB.
    pub colour: [u8; 3],
}

/// The grey steps, in sRGB, dark to light; the paper is the white.
pub const GREYS: [u8; 5] = [0, 70, 118, 164, 208];
/// The colour patches, in sRGB: light and dark skin, red, green, blue.
pub const COLOURS: [[u8; 3]; 5] =
    [[224, 172, 140], [112, 72, 52], [190, 50, 50], [60, 140, 70], [50, 80, 170]];

/// Parts of the disc's width: the code's side, how far out patches lie and how wide they are.
pub(crate) const CODE: f32 = 0.36;
pub(crate) const RING: f32 = 0.37;
const PATCH: f32 = 0.12;
pub(crate) const STAR: f32 = 0.06;
/// Dark spokes of a star.
pub(crate) const SPOKES: usize = 8;
const BLACK: [u8; 3] = [0; 3];

/// What stands in a slot of the ring.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Slot {
    Grey(usize),
    Colour(usize),
    Star,
}

/// The ring, clockwise from the right. Greys and colours take turns, so that a lamp from one side does not look like a
/// bent curve; the stars lie across from each other.
pub(crate) const SLOTS: [Slot; 12] = [
    Slot::Star,
    Slot::Grey(0),
    Slot::Colour(0),
    Slot::Grey(3),
    Slot::Colour(1),
    Slot::Grey(1),
    Slot::Star,
    Slot::Colour(2),
    Slot::Grey(4),
    Slot::Colour(3),
    Slot::Grey(2),
    Slot::Colour(4),
];

/// Where a slot's middle lies, in parts of the disc's width.
pub(crate) fn slot(index: usize) -> [f32; 2] {
    let angle = TAU * index as f32 / SLOTS.len() as f32;
    [RING * angle.cos(), RING * angle.sin()]
}

impl Size {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Small, Self::Large];

    /// What the disc measures across.
    pub fn millimetres(self) -> f32 {
        match self {
            Self::Small => 9.0,
            Self::Large => 18.0,
        }
    }

    /// What its code says. A later layout has another number behind the T.
    pub(crate) fn text(self) -> String {
        format!("DERMASCOPE:T1:{}", self.millimetres())
    }

    fn code(self) -> QrCode {
        // Sixteen letters at most, of those that every code holds.
        QrCode::with_error_correction_level(self.text(), EcLevel::M).expect("the text is short")
    }

    /// All that is printed, in millimetres from the middle.
    pub fn shapes(self) -> Vec<Shape> {
        let width = self.millimetres();
        let code = self.code();
        let module = CODE / code.width() as f32;
        let dark = code.to_colors().into_iter().enumerate().filter(|(_, colour)| *colour == Color::Dark);
        let modules = dark.map(|(index, _)| {
            let (column, row) = ((index % code.width()) as f32, (index / code.width()) as f32);
            let middle = [(column + 0.5) * module - CODE / 2.0, (row + 0.5) * module - CODE / 2.0];
            square(middle, module, BLACK)
        });
        let slots = SLOTS.iter().enumerate().flat_map(|(index, what)| match what {
            Slot::Grey(step) => vec![square(slot(index), PATCH, [GREYS[*step]; 3])],
            Slot::Colour(which) => vec![square(slot(index), PATCH, COLOURS[*which])],
            Slot::Star => star(slot(index)),
        });
        let all: Vec<_> = modules.chain(slots).collect();
        all.into_iter()
            .map(|shape| Shape {
                corners: shape.corners.iter().map(|place| place.map(|part| part * width)).collect(),
                ..shape
            })
            .collect()
    }

    /// A page with the target, a ruler to see by whether it was printed at its size, and what to do with it.
    pub fn pdf(self) -> Vec<u8> {
        let mut page = Page::new(A4);
        let middle = [40.0, 40.0];
        for shape in self.shapes() {
            let corners: Vec<_> = shape.corners.iter().map(|[x, y]| [x + middle[0], y + middle[1]]).collect();
            page.fill(&corners, shape.colour);
        }
        for tick in 0..=50u8 {
            let long = if tick % 10 == 0 {
                4.0
            } else if tick % 5 == 0 {
                3.0
            } else {
                2.0
            };
            page.rectangle([20.0 + f32::from(tick), 62.0], 0.1, long, BLACK);
        }
        let words = [
            format!("dermascope target 1, {} mm", self.millimetres()),
            "Print at 100 % on matt white paper: the ruler is 50 mm long.".into(),
            "Lay it flat under the device, in focus, as dark around it as in use, and run".into(),
            "`dermascope target check`. Keep this sheet: it is compared with itself.".into(),
        ];
        for (line, text) in words.iter().enumerate() {
            page.text([20.0, 74.0 + 5.0 * line as f32], 3.6, text);
        }
        pdf(vec![page])
    }
}

fn square([x, y]: [f32; 2], side: f32, colour: [u8; 3]) -> Shape {
    let half = side / 2.0;
    let corners =
        vec![[x - half, y - half], [x + half, y - half], [x + half, y + half], [x - half, y + half]];
    Shape { corners, colour }
}

/// Dark sectors, as wide as those between them.
fn star([x, y]: [f32; 2]) -> Vec<Shape> {
    let at = |part: f32| {
        let angle = TAU * part / (2 * SPOKES) as f32;
        [x + STAR * angle.cos(), y + STAR * angle.sin()]
    };
    let spoke = |spoke: usize| {
        let first = 2.0 * spoke as f32;
        let corners = vec![[x, y], at(first), at(first + 0.5), at(first + 1.0)];
        Shape { corners, colour: BLACK }
    };
    (0..SPOKES).map(spoke).collect()
}
