//! Quality: what a picture measures, and the reasons to retake it.
//!
//! Every number is of the ring: the disc in the field of view, on a copy of 224 pixels a side, so that
//! thresholds hold for any camera. How the thresholds were found is in `docs/quality.md`.

mod config;
mod disc;
mod focus;
mod grid;
mod lesion;
mod light;
mod outline;
mod view;

use image::RgbImage;
use serde::{Deserialize, Serialize};

pub use config::QualityConfig;
pub use outline::{Outline, outline};
use view::View;

/// Why a picture should be taken again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Too little fine detail: out of focus, or moved.
    Blurred,
    /// Too dark on average.
    TooDark,
    /// Too bright on average, or washed out.
    TooBright,
    /// Too much of it is blown out by reflected light.
    Glare,
    /// Nothing in it is darker than the skin around it by enough, or large enough.
    NoLesion,
    /// The lesion is too far from the middle.
    OffCentre,
}

impl Reason {
    /// What is wrong, for the screen: at most 28 characters.
    pub fn words(self) -> &'static str {
        match self {
            Self::Blurred => "Blurred",
            Self::TooDark => "Too dark",
            Self::TooBright => "Too bright",
            Self::Glare => "Glare",
            Self::NoLesion => "No lesion in the ring",
            Self::OffCentre => "Off centre",
        }
    }

    /// What to do about it, for the screen: at most 28 characters.
    pub fn instruction(self) -> &'static str {
        match self {
            Self::Blurred => "Hold still",
            Self::TooDark => "Too dark: check the light",
            Self::TooBright => "Too bright: lift the light",
            Self::Glare => "Glare: tilt or use gel",
            Self::NoLesion => "No lesion in the ring",
            Self::OffCentre => "Centre the lesion",
        }
    }
}

/// What a picture measures. All numbers are of the ring in the field of view.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Quality {
    /// Fine detail, less noise, in levels of 255 at a mean luma of 128: 0 without any, from
    /// 0.7 to 3.7 in nine of ten HAM10000 pictures.
    pub sharpness: f32,
    /// Mean luma, 0 (black) to 1 (white).
    pub brightness: f32,
    /// The luma that only the darkest 2 % stay below, 0 to 1: high in a washed-out picture.
    pub black: f32,
    /// Share of the ring that is blown out and without colour, 0 to 1.
    pub glare: f32,
    /// How much darker the lesion is than the skin around it, in optical density (natural logarithm), from 0.
    pub lesion_contrast: f32,
    /// Share of the ring that the lesion covers, 0 to 1.
    pub lesion_area: f32,
    /// How far the lesion's middle is from the ring's, in radii of the ring, 0 to 1.
    pub lesion_offset: f32,
    /// What is wrong, worst first; empty for a usable picture.
    pub reasons: Vec<Reason>,
}

impl Quality {
    /// Good enough to read.
    pub fn is_usable(&self) -> bool {
        self.reasons.is_empty()
    }

    /// The reasons that these numbers give. What spoils other checks comes before them: nothing is sharp in
    /// the dark, and no lesion is found in a blur.
    fn judge(&self, config: &QualityConfig) -> Vec<Reason> {
        let no_lesion =
            self.lesion_contrast < config.min_lesion_contrast || self.lesion_area < config.min_lesion_area;
        let checks = [
            (Reason::TooDark, self.brightness < config.min_brightness),
            (Reason::TooBright, self.brightness > config.max_brightness || self.black > config.max_black),
            (Reason::Glare, self.glare > config.max_glare),
            (Reason::Blurred, self.sharpness < config.min_sharpness),
            (Reason::NoLesion, no_lesion),
            (Reason::OffCentre, !no_lesion && self.lesion_offset > config.max_lesion_offset),
        ];
        checks.into_iter().filter(|(_, wrong)| *wrong).map(|(reason, _)| reason).collect()
    }
}

/// Measures a picture (the field of view; of any other shape its central square) and judges it.
pub fn measure(picture: &RgbImage, config: &QualityConfig) -> Quality {
    let view = View::new(picture);
    let light = light::measure(&view);
    let lesion = lesion::measure(&view);
    let mut quality = Quality {
        sharpness: focus::sharpness(&view),
        brightness: light.brightness,
        black: light.black,
        glare: light.glare,
        lesion_contrast: lesion.contrast,
        lesion_area: lesion.area,
        lesion_offset: lesion.offset,
        reasons: Vec::new(),
    };
    quality.reasons = quality.judge(config);
    quality
}

/// How sharp a picture is, for comparing the last few frames: larger is sharper. See [`Quality::sharpness`].
pub fn sharpness(picture: &RgbImage) -> f32 {
    focus::sharpness(&View::new(picture))
}
