//! Picture files through the device's own path: decode, field of view, examiner.

use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use image::RgbImage;

use super::model::ModelArgs;
use crate::classifier::restore_aspect;
use crate::examiner::{Examination, Examiner};
use crate::picture::{self, Region};
use crate::quality::QualityConfig;

/// Reads picture files one after the other.
pub struct PictureReader {
    pub examiner: Examiner,
    aspect: Option<f32>,
}

/// What one picture gave.
pub struct PictureReading {
    pub examination: Examination,
    pub decode_ms: f32,
}

impl PictureReader {
    pub fn new(args: &ModelArgs) -> anyhow::Result<Self> {
        let examiner = Examiner::load(&args.config(), &QualityConfig::default())?;
        Ok(Self { examiner, aspect: args.aspect })
    }

    pub fn read(&mut self, path: &Path) -> anyhow::Result<PictureReading> {
        let name = || path.display().to_string();
        let start = Instant::now();
        let bytes = picture::read_file(path).with_context(name)?;
        let seen = match self.aspect {
            Some(aspect) => {
                let (pixels, _) = picture::decode(&bytes).with_context(name)?;
                field_of_view(&restore_aspect(&pixels, aspect))
            }
            None => picture::decode_view(&bytes, central).with_context(name)?.pixels,
        };
        let decode_ms = start.elapsed().as_secs_f32() * 1e3;
        let examination = self.examiner.examine(&seen).with_context(name)?;
        Ok(PictureReading { examination, decode_ms })
    }
}

fn field_of_view(picture: &RgbImage) -> RgbImage {
    let Region { x, y, width, height } = central(picture.width(), picture.height());
    image::imageops::crop_imm(picture, x, y, width, height).to_image()
}

fn central(width: u32, height: u32) -> Region {
    Region::centre_square(width, height, 1.0)
}
