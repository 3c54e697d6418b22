//! Limits, and what they come from.
//!
//! The model's card measured what the network loses as pictures change (models/CARD.md, "How far that holds elsewhere", of
//! sensitivity for melanoma, 0.875 as they are): 0.800 with pixels at 0.6 of their value, 0.825 with red times 1.15 and blue
//! times 0.8, 0.850 with red times 0.85 and blue times 1.15. A limit is where, by a straight line between those, 0.02 are
//! lost. Blur cost no sensitivity and specificity instead, 0.646 to 0.538 at two pixels of 224: its limit is where 0.05 of
//! that are lost.

use crate::Reading;

/// How much brighter or darker than at set-up: 0.4 of the light cost 0.075 of the sensitivity, so that 0.107 cost 0.02.
pub const LIGHT_TOLERANCE: f32 = 0.10;
/// How far red and blue over green may go, each down and up: 0.02 of the 0.025 that the cold lamp cost below, of the 0.05
/// of the warm one above for red; the other way round for blue.
pub const WHITE_BALANCE_TOLERANCE: [(f32, f32); 2] = [(0.88, 1.06), (0.92, 1.12)];
/// The most blur, in 224ths of the frame: 2 cost 0.108 of the specificity, so that 0.93 cost 0.05.
pub const MOST_BLUR: f32 = 0.9;
/// The least evenness: with less light than this nothing was measured.
pub const LEAST_EVENNESS: f32 = 0.6;
/// How much the millimetres may differ from set-up: more than the reading of them is wrong by.
const SCALE_TOLERANCE: f32 = 0.03;
/// Without a reading of the set-up, the paper must be at least as bright.
const LEAST_LIGHT: f32 = 0.5;

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// How bright the paper is, over its brightness at set-up where that is known.
    Light,
    /// No part of the paper is as bright as the camera can tell.
    Clipping,
    /// The paper's red over its green.
    Red,
    /// The paper's blue over its green.
    Blue,
    /// The spread of the blur.
    Sharpness,
    /// The darkest paper over the brightest.
    Evenness,
    /// The millimetres across the frame, over those at set-up.
    Scale,
}

/// One thing that was looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finding {
    /// What.
    pub kind: Kind,
    /// What it is; none where it could not be measured.
    pub value: Option<f32>,
    /// The least that it may be.
    pub least: f32,
    /// The most that it may be.
    pub most: f32,
}

impl Finding {
    /// Whether it is as it should be.
    pub fn holds(&self) -> bool {
        self.value.is_some_and(|value| (self.least..=self.most).contains(&value))
    }

    /// What to do where it does not hold.
    pub fn cure(&self) -> &'static str {
        match self.kind {
            Kind::Light => "clean the glass, check the LEDs and the exposure",
            Kind::Clipping => "the camera takes in too much light: lower exposure or brightness",
            Kind::Red | Kind::Blue => "hold the camera's white balance, and keep other lamps away",
            Kind::Sharpness => "clean the glass, focus, and lay the target flat on it",
            Kind::Evenness => "an LED may be dark, or light comes in from a side",
            Kind::Scale => "lens, spacer or crop are not those of the set-up: set up again",
        }
    }
}

impl Reading {
    /// Everything against its limits; the light, its colour and the scale against the reading of the set-up, where there is
    /// one. Without it the white balance is judged against white itself, which paper and printer are not quite.
    pub fn judge(&self, set_up: Option<&Self>) -> Vec<Finding> {
        let found = |kind, value, (least, most)| Finding { kind, value: Some(value), least, most };
        let known = set_up.filter(|known| known.size == self.size);
        let light = match known {
            Some(known) => found(
                Kind::Light,
                self.light / known.light.max(1e-6),
                (1.0 - LIGHT_TOLERANCE, 1.0 + LIGHT_TOLERANCE),
            ),
            None => found(Kind::Light, self.light, (LEAST_LIGHT, 1.0)),
        };
        let balance = |channel: usize| {
            self.white_balance[channel] / known.map_or(1.0, |known| known.white_balance[channel].max(1e-6))
        };
        let mut all = vec![
            light,
            found(Kind::Clipping, f32::from(u8::from(self.is_clipped)), (0.0, 0.0)),
            found(Kind::Red, balance(0), WHITE_BALANCE_TOLERANCE[0]),
            found(Kind::Blue, balance(1), WHITE_BALANCE_TOLERANCE[1]),
            Finding { kind: Kind::Sharpness, value: self.blur, least: 0.0, most: MOST_BLUR },
            found(Kind::Evenness, self.evenness, (LEAST_EVENNESS, 1.0)),
        ];
        if let Some(known) = known {
            let scale = self.millimetres_across / known.millimetres_across.max(1e-6);
            all.push(found(Kind::Scale, scale, (1.0 - SCALE_TOLERANCE, 1.0 + SCALE_TOLERANCE)));
        }
        all
    }
}
