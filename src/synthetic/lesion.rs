//! One synthetic lesion: its shape, its colours, and the skin that it lies on.

use std::f32::consts::TAU;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::noise::{cell, fractal, smooth};
use super::{Colour, mix, smoothstep};

/// What fills the lesion.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Pattern {
    /// A net of dark lines, strongest towards the border.
    Network,
    /// Dark round spots of many sizes.
    Globules,
    /// Blotches without structure.
    Homogeneous,
    /// A network with a blue-white veil over a part.
    BlueWhite,
    /// Red lakes with pale lines between them.
    Lacunae,
}

const PATTERNS: [Pattern; 5] =
    [Pattern::Network, Pattern::Globules, Pattern::Homogeneous, Pattern::BlueWhite, Pattern::Lacunae];
const WAVES: usize = 5;

/// A lesion on skin. Places are in half sides of the picture's central square: -1 to 1 in both directions.
pub struct DrawnLesion {
    seed: u32,
    skin: Colour,
    middle: [f32; 2],
    radius: f32,
    /// Strength and phase of each wave around the border.
    waves: [(f32, f32); WAVES],
    /// How wide the border is, as a share of the radius.
    softness: f32,
    pattern: Pattern,
    light: Colour,
    dark: Colour,
    /// Cells of the pattern in one half side.
    grain: f32,
    vignette: f32,
}

impl DrawnLesion {
    pub fn random(random: &mut ChaCha8Rng) -> Self {
        let pattern = PATTERNS[random.random_range(0..PATTERNS.len())];
        let irregularity = random.random_range(0.3..1.0f32);
        let wave = |order: usize| irregularity * 0.2 / (order as f32 + 1.0).powf(0.8);
        let waves = std::array::from_fn(|i| {
            (wave(i) * random.random_range(0.3..1.0f32), random.random_range(0.0..TAU))
        });
        let skin = mix([240.0, 200.0, 184.0], [206.0, 150.0, 122.0], random.random_range(0.0..1.0f32));
        let depth = random.random_range(0.0..1.0f32);
        let (light, dark) = if pattern == Pattern::Lacunae {
            (
                mix([214.0, 120.0, 112.0], [188.0, 86.0, 88.0], depth),
                mix([150.0, 30.0, 44.0], [96.0, 18.0, 44.0], depth),
            )
        } else {
            (
                mix([190.0, 132.0, 98.0], [140.0, 88.0, 62.0], depth),
                mix([112.0, 66.0, 44.0], [58.0, 36.0, 30.0], depth),
            )
        };
        Self {
            seed: random.random_range(0..u32::MAX),
            skin,
            middle: std::array::from_fn(|_| random.random_range(-0.08..0.08f32)),
            radius: random.random_range(0.36..0.64f32),
            waves,
            softness: random.random_range(0.06..0.22f32),
            pattern,
            light,
            dark,
            grain: random.random_range(17.0..30.0f32),
            vignette: random.random_range(0.08..0.3f32),
        }
    }

    /// The colour at a place, shading and sensor noise included.
    pub fn colour(&self, x: f32, y: f32) -> Colour {
        let inside = self.inside(x, y);
        let skin = self.skin_at(x, y);
        let cover = smoothstep(0.0, self.softness, inside);
        let colour = if cover > 0.0 { mix(skin, self.pigment(x, y, inside), cover) } else { skin };
        let shade = 1.0 - self.vignette * (x * x + y * y).powf(1.4).min(2.5) / 1.5;
        let grain = 2.0 * smooth(x * 331.0, y * 331.0, self.seed ^ 0x77);
        colour.map(|value| value * shade + grain)
    }

    /// How far inside the border a place lies: 0 at the border, 1 about the middle, negative outside.
    fn inside(&self, x: f32, y: f32) -> f32 {
        let (across, down) = (x - self.middle[0], y - self.middle[1]);
        let angle = down.atan2(across);
        let waves = self.waves.iter().enumerate();
        let wave: f32 =
            waves.map(|(i, (strength, phase))| strength * ((i + 2) as f32 * angle + phase).cos()).sum();
        let ragged = 0.15 * fractal(x * 5.0, y * 5.0, self.seed ^ 0x11, 4);
        1.0 + wave + ragged - across.hypot(down) / self.radius
    }

    fn skin_at(&self, x: f32, y: f32) -> Colour {
        let blotch = fractal(x * 1.6, y * 1.6, self.seed ^ 0x21, 3);
        let fine = fractal(x * 24.0, y * 24.0, self.seed ^ 0x22, 3);
        // Skin's furrows are long cells, drawn faintly.
        let furrow = 1.0 - smoothstep(0.0, 0.16, cell(x * 9.0 + y * 3.0, y * 12.0, self.seed ^ 0x23).border);
        let tone = 8.0 * blotch + 6.0 * fine - 6.0 * furrow;
        [self.skin[0] + 0.7 * tone, self.skin[1] + 1.1 * tone, self.skin[2] + 1.1 * tone]
    }

    fn pigment(&self, x: f32, y: f32, inside: f32) -> Colour {
        let blotch = 0.5 + 0.75 * fractal(x * 3.0, y * 3.0, self.seed ^ 0x31, 4);
        let depth = (0.15 + 0.45 * smoothstep(0.0, 0.9, inside) + 0.5 * (blotch - 0.5)).clamp(0.0, 1.0);
        let fine = 9.0 * fractal(x * 30.0, y * 30.0, self.seed ^ 0x32, 3);
        let ground = mix(self.light, self.dark, depth).map(|value| value + fine);
        // Bent places, so that no pattern looks like a grid.
        let bend = 0.035;
        let (x, y) = (
            x + bend * smooth(x * 6.0, y * 6.0, self.seed ^ 0x41),
            y + bend * smooth(x * 6.0, y * 6.0, self.seed ^ 0x42),
        );
        match self.pattern {
            Pattern::Network => self.network(ground, x, y, inside),
            Pattern::Globules => self.globules(ground, x, y),
            Pattern::Homogeneous => ground,
            Pattern::BlueWhite => {
                let veil = smoothstep(0.0, 0.45, fractal(x * 2.2, y * 2.2, self.seed ^ 0x51, 3));
                let veil_colour = mix([124.0, 138.0, 166.0], [178.0, 182.0, 196.0], blotch.clamp(0.0, 1.0));
                mix(
                    self.network(ground, x, y, inside),
                    veil_colour,
                    0.8 * veil * smoothstep(0.1, 0.4, inside),
                )
            }
            Pattern::Lacunae => self.lacunae(x, y, blotch),
        }
    }

    fn network(&self, ground: Colour, x: f32, y: f32, inside: f32) -> Colour {
        let border = cell(x * self.grain, y * self.grain, self.seed ^ 0x61).border;
        let line = 1.0 - smoothstep(0.0, 0.5, border);
        // Here and there the net is interrupted.
        let gaps = smoothstep(-0.5, 0.4, fractal(x * 4.0, y * 4.0, self.seed ^ 0x64, 2));
        let strength = (0.75 - 0.4 * smoothstep(0.2, 0.8, inside)) * gaps;
        mix(ground, self.dark.map(|value| value * 0.8), line * strength)
    }

    fn globules(&self, ground: Colour, x: f32, y: f32) -> Colour {
        let spot = cell(x * self.grain, y * self.grain, self.seed ^ 0x62);
        let size = 0.12 + 0.36 * spot.own;
        let fill = 1.0 - smoothstep(size - 0.14, size + 0.08, spot.middle);
        mix(ground, self.dark.map(|value| value * 0.75), 0.75 * fill)
    }

    fn lacunae(&self, x: f32, y: f32, blotch: f32) -> Colour {
        let lake = cell(x * self.grain * 0.32, y * self.grain * 0.32, self.seed ^ 0x63);
        let fill = smoothstep(0.03, 0.22, lake.border) * (0.55 + 0.45 * lake.own);
        mix(
            mix(self.light, [232.0, 190.0, 182.0], 0.4),
            self.dark,
            fill * (0.6 + 0.4 * blotch.clamp(0.0, 1.0)),
        )
    }
}
