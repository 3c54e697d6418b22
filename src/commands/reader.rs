//! Picture files through the device's own path: decode, field of view, quality, classifier.

use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use image::RgbImage;

use super::model::ModelArgs;
use crate::classifier::{Assessment, Classifier, restore_aspect};
use crate::picture;
use crate::picture::Region;
use crate::quality::{self, Quality, QualityConfig};

/// Reads picture files one after the other.
pub struct PictureReader {
    pub classifier: Classifier,
    quality: QualityConfig,
    aspect: Option<f32>,
}

/// What one picture gave.
pub struct PictureReading {
    pub quality: Quality,
    pub assessment: Assessment,
    pub decode_ms: f32,
    pub quality_ms: f32,
}

impl PictureReading {
    /// The device would ask for another picture.
    pub fn is_refused(&self) -> bool {
        !self.quality.is_usable() || self.assessment.is_out_of_distribution()
    }

    /// The device does not stand behind the reading.
    pub fn is_uncertain(&self) -> bool {
        !self.quality.is_usable() || self.assessment.is_uncertain()
    }
}

impl PictureReader {
    pub fn new(args: &ModelArgs) -> anyhow::Result<Self> {
        let classifier = Classifier::load(&args.config())?;
        Ok(Self { classifier, quality: QualityConfig::default(), aspect: args.aspect })
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
        let decode_ms = milliseconds(start);
        let start = Instant::now();
        let quality = quality::measure(&seen, &self.quality);
        let quality_ms = milliseconds(start);
        let assessment = self.classifier.assess(&seen).with_context(name)?;
        Ok(PictureReading { quality, assessment, decode_ms, quality_ms })
    }
}

fn field_of_view(picture: &RgbImage) -> RgbImage {
    let Region { x, y, width, height } = central(picture.width(), picture.height());
    image::imageops::crop_imm(picture, x, y, width, height).to_image()
}

fn central(width: u32, height: u32) -> Region {
    Region::centre_square(width, height, 1.0)
}

fn milliseconds(since: Instant) -> f32 {
    since.elapsed().as_secs_f32() * 1e3
}
