//! Lays two dermatoscopic pictures of one lesion over each other.
//!
//! The hand that holds the dermatoscope turns it, shifts it and presses it more or less: a similarity. [`register`]
//! finds it, says how well the two agree under it, and refuses where they do not: two other lesions, or a lesion that
//! has changed beyond recognition, are never laid over each other as if they were the same.
//!
//! ```
//! # fn pixels(_: u32) -> Vec<u8> { (0..160 * 160 * 3).map(|i| (i / 7 * i / 5 % 251) as u8).collect() }
//! use registration::{Picture, register};
//!
//! let (before, now) = (pixels(1), pixels(1));
//! let before = Picture::from_rgb(160, 160, &before).expect("160 x 160 pixels of three bytes");
//! let now = Picture::from_rgb(160, 160, &now).expect("160 x 160 pixels of three bytes");
//! let found = register(&before, &now).expect("the same picture");
//! assert!(found.similarity.rotation.abs() < 0.01);
//! ```
//!
//! # How
//!
//! Coarse to fine. At 48 pixels every rotation and a range of scales are tried, each with all its shifts at once (cross
//! correlation by Fourier transform). The likeliest are refined by ECC (Evangelidis and Psarakis, IEEE PAMI 2008,
//! doi 10.1109/TPAMI.2008.113), which does not mind brightness or contrast, at 48, 96 and 192 pixels. Before all that,
//! each picture loses what varies slowly (lamp, vignette) and is divided by how much it varies nearby, so that the net,
//! the globules and the border count and not the shade.

mod picture;
mod plane;
mod refine;
mod search;
mod similarity;

pub use picture::Picture;
pub use similarity::Similarity;

use plane::{Plane, detail};

/// The planes that are compared, coarse to fine: their sides in pixels, and what of each varies too slowly to count, as
/// a part of the side. Shapes find the way; only the finest details, the net and the globules, say whose lesion it is.
const STAGES: [(usize, f32); 4] = [(48, 0.14), (96, 0.14), (192, 0.14), (192, 0.03)];
/// So many of the coarse search's finds are refined.
const CANDIDATES: usize = 16;
/// So many of those go on, from plane to plane.
const FINALISTS: usize = 3;
/// The least correlation of what is called the same lesion. Measured: the table in the README.
pub const LEAST_CORRELATION: f32 = 0.45;
/// The least share of the field of view that both pictures show.
pub const LEAST_OVERLAP: f32 = 0.4;
/// The range of scales that is looked for: `now` over `before`.
pub const SCALES: (f32, f32) = (0.6, 1.65);

/// How one picture lies on the other, and how sure that is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Registration {
    /// Takes places of the earlier picture to those of the later one.
    pub similarity: Similarity,
    /// How well their details agree under it, from -1 to 1; at least [`LEAST_CORRELATION`].
    pub correlation: f32,
    /// The share of the field of view that both show, from 0 to 1; at least [`LEAST_OVERLAP`].
    pub overlap: f32,
}

/// Why two pictures are not laid over each other.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// Their details do not agree, however they are turned.
    #[error(
        "the pictures do not agree well enough to be laid over each other (correlation {correlation:.2})"
    )]
    Unlike {
        /// The best that was found; [`LEAST_CORRELATION`] is needed.
        correlation: f32,
    },
    /// There is nothing in one of them to go by.
    #[error("the {0} picture has no structure to go by")]
    Blank(&'static str),
}

/// Finds how `now` lies on `before`. The square in the middle of each is looked at: give it the field of view.
///
/// # Errors
///
/// [`Refusal`] where they do not agree, or where one of them shows nothing. Other lesions are refused; so may be a
/// true pair whose pictures share too little.
pub fn register(before: &Picture, now: &Picture) -> Result<Registration, Refusal> {
    let [before_planes, now_planes] =
        [before, now].map(|picture| STAGES.map(|(side, slow)| detail(picture, side, slow)));
    for (planes, name) in [(&before_planes, "earlier"), (&now_planes, "later")] {
        if planes[0].is_blank() {
            return Err(Refusal::Blank(name));
        }
    }
    let best = coarse_to_fine(&before_planes, &now_planes);
    let agrees = best.filter(|best| best.correlation >= LEAST_CORRELATION && best.overlap >= LEAST_OVERLAP);
    match (agrees, best) {
        (Some(found), _) => {
            let side = now_planes[STAGES.len() - 1].side();
            Ok(Registration { similarity: found.similarity.between(side, before, now), ..found })
        }
        (None, best) => Err(Refusal::Unlike { correlation: best.map_or(0.0, |best| best.correlation) }),
    }
}

/// The best similarity, in pixels of the finest plane; none where all led out of the range of scales.
fn coarse_to_fine(before: &[Plane; 4], now: &[Plane; 4]) -> Option<Registration> {
    let mut side = STAGES[0].0;
    let mut starts = search::candidates(&before[0], &now[0], CANDIDATES);
    let mut refined = Vec::new();
    for (before, now) in before.iter().zip(now) {
        let grown = before.side() as f32 / side as f32;
        side = before.side();
        refined = (starts.iter())
            .map(|start| refine::refine(before, now, start.grown(grown)))
            .filter(|found| (SCALES.0..=SCALES.1).contains(&found.similarity.scale))
            .collect();
        refined.sort_by(|one, other| other.correlation.total_cmp(&one.correlation));
        refined.truncate(FINALISTS);
        starts = refined.iter().map(|found| found.similarity).collect();
    }
    refined.first().copied()
}
