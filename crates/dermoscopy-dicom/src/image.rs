//! The picture: Dermoscopic Photography Image (PS3.3, A.32.11).

use dicom_core::value::{PixelFragmentSequence, PrimitiveValue};
use dicom_core::{DataElement, VR};
use dicom_dictionary_std::{tags, uids};

use crate::element::{Elements, decimal};
use crate::{Error, Instance, Jpeg, Laterality, uid};

/// The pixels of a picture.
#[derive(Clone, Debug)]
pub enum Pixels<'a> {
    /// As the camera gave them.
    Jpeg(Jpeg<'a>),
    /// Decoded: three bytes a pixel, red, green and blue, row by row.
    Rgb {
        /// In pixels, at most 65,535.
        width: u32,
        /// In pixels, at most 65,535.
        height: u32,
        /// `width` times `height` times three.
        bytes: &'a [u8],
        /// How many bytes of JPEG they were decoded from, where they were: what that lost is told.
        of_jpeg: Option<usize>,
    },
}

/// The whole file.
///
/// # Errors
///
/// Where the pixels are not as many as they should be.
pub fn image(instance: &Instance, pixels: &Pixels) -> Result<Vec<u8>, Error> {
    let mut elements = Elements::default();
    head(&mut elements, instance, "image", "DMS");
    let class = uids::DERMOSCOPIC_PHOTOGRAPHY_IMAGE_STORAGE;
    let id = instance.uid("image");
    elements.text(tags::SOP_CLASS_UID, VR::UI, class).text(tags::SOP_INSTANCE_UID, VR::UI, &id);
    general(&mut elements, instance);
    taken(&mut elements, instance);
    site(&mut elements, instance);
    let syntax = write_pixels(&mut elements, pixels)?;
    elements.file(class, &id, syntax)
}

impl Instance {
    /// The identifier of one part of it.
    pub(crate) fn uid(&self, part: &str) -> String {
        uid::of(&format!("dermascope {part} 1\n{}\n{}\n{}\n", self.device, self.sequence, self.image_sha256))
    }

    /// One visit of a case is a study: its pictures of one day (UTC). Where either is not known, each picture is one.
    pub(crate) fn study(&self) -> String {
        match (&self.case, &self.captured_at) {
            (Some(case), Some((day, _))) => {
                uid::of(&format!("dermascope study 1\n{}\n{case}\n{day}\n", self.device))
            }
            _ => self.uid("study"),
        }
    }
}

/// Patient, study, series and device: what every file of it has.
pub fn head(elements: &mut Elements, instance: &Instance, part: &str, modality: &str) {
    let day = instance.captured_at.as_ref().map_or("", |(day, _)| day.as_str());
    elements
        .text(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192")
        .text(tags::TIMEZONE_OFFSET_FROM_UTC, VR::SH, "+0000")
        .empty(tags::PATIENT_NAME, VR::PN)
        .text(tags::PATIENT_ID, VR::LO, instance.case.as_deref().unwrap_or_default())
        .empty(tags::PATIENT_BIRTH_DATE, VR::DA)
        .empty(tags::PATIENT_SEX, VR::CS)
        .text(tags::STUDY_INSTANCE_UID, VR::UI, &instance.study())
        .text(tags::STUDY_DATE, VR::DA, day)
        .empty(tags::STUDY_TIME, VR::TM)
        .empty(tags::REFERRING_PHYSICIAN_NAME, VR::PN)
        .text(tags::STUDY_ID, VR::SH, day)
        .empty(tags::ACCESSION_NUMBER, VR::SH)
        .text(tags::STUDY_DESCRIPTION, VR::LO, "Dermatoscopy")
        .text(tags::MODALITY, VR::CS, modality)
        .text(tags::SERIES_INSTANCE_UID, VR::UI, &uid::of(&format!("{} {part}", instance.study())))
        .text(tags::SERIES_NUMBER, VR::IS, if part == "image" { "1" } else { "2" })
        .text(tags::MANUFACTURER, VR::LO, "dermascope")
        .text(tags::MANUFACTURER_MODEL_NAME, VR::LO, "dermascope")
        .text(tags::DEVICE_SERIAL_NUMBER, VR::LO, &instance.device)
        .text(tags::SOFTWARE_VERSIONS, VR::LO, &instance.firmware)
        .text(tags::INSTANCE_NUMBER, VR::IS, &instance.sequence.to_string());
}

/// Of any picture.
fn general(elements: &mut Elements, instance: &Instance) {
    elements
        // Each picture lies as the hand held the device: no two share a frame.
        .text(tags::FRAME_OF_REFERENCE_UID, VR::UI, &instance.uid("frame"))
        .empty(tags::POSITION_REFERENCE_INDICATOR, VR::LO)
        .empty(tags::PATIENT_ORIENTATION, VR::CS)
        .text(tags::BURNED_IN_ANNOTATION, VR::CS, "NO")
        .items(tags::ACQUISITION_CONTEXT_SEQUENCE, Vec::new());
    elements.object().put(DataElement::new(
        tags::IMAGE_TYPE,
        VR::CS,
        PrimitiveValue::Strs(["ORIGINAL", "PRIMARY"].map(String::from).into_iter().collect()),
    ));
    if let Some((day, time)) = &instance.captured_at {
        elements.text(tags::CONTENT_DATE, VR::DA, day).text(tags::CONTENT_TIME, VR::TM, time).text(
            tags::ACQUISITION_DATE_TIME,
            VR::DT,
            &format!("{day}{time}+0000"),
        );
    }
    let mut remarks = vec![instance.notice.clone()];
    remarks.extend(instance.captured_at.is_none().then(|| "The device's clock was not set.".into()));
    remarks
        .extend(instance.site_words.as_ref().map(|words| format!("Site as the operator said it: {words}.")));
    remarks.extend(instance.taken.immersion_words.as_ref().map(|words| format!("Immersion: {words}.")));
    elements.text(tags::IMAGE_COMMENTS, VR::LT, &remarks.join(" "));
}

/// The Dermoscopic Image Module (PS3.3, C.8.12.13), and the scale.
fn taken(elements: &mut Elements, instance: &Instance) {
    let taken = &instance.taken;
    // What a dermatoscope sees is too near for anybody to be known by it.
    elements
        .text(tags::RECOGNIZABLE_VISUAL_FEATURES, VR::CS, "NO")
        .empty(tags::EMITTER_COLOR_TEMPERATURE, VR::DS);
    match taken.magnification {
        Some(times) => elements.text(tags::OPTICAL_MAGNIFICATION_FACTOR, VR::DS, &decimal(times)),
        None => elements.empty(tags::OPTICAL_MAGNIFICATION_FACTOR, VR::DS),
    };
    // Empty where it is not known.
    let light = taken.polarised.map_or("", |polarised| if polarised { "POLARIZED" } else { "NON_POLARIZED" });
    let contact = taken.contact.map_or("", |contact| if contact { "CONTACT" } else { "NON_CONTACT" });
    elements.text(tags::LIGHT_SOURCE_POLARIZATION, VR::CS, light).text(tags::CONTACT_METHOD, VR::CS, contact);
    if let Some(term) = taken.immersion {
        elements.text(tags::IMMERSION_MEDIA, VR::CS, term);
    }
    if let Some(tracking) = &instance.lesion {
        elements.text(tags::TRACKING_ID, VR::UT, &tracking.id).text(
            tags::TRACKING_UID,
            VR::UI,
            &tracking.uid,
        );
    }
    if let Some(spacing) = taken.millimetres_per_pixel {
        let both = [decimal(spacing), decimal(spacing)].into_iter().collect();
        elements.object().put(DataElement::new(tags::PIXEL_SPACING, VR::DS, PrimitiveValue::Strs(both)));
    }
}

fn site(elements: &mut Elements, instance: &Instance) {
    match instance.laterality {
        Some(Laterality::Left) => elements.text(tags::IMAGE_LATERALITY, VR::CS, "L"),
        Some(Laterality::Right) => elements.text(tags::IMAGE_LATERALITY, VR::CS, "R"),
        // The middle line is of neither side.
        Some(Laterality::Midline) => elements.text(tags::IMAGE_LATERALITY, VR::CS, "U"),
        // Not known, as the series says then.
        None => elements.empty(tags::LATERALITY, VR::CS),
    };
    if let Some(site) = &instance.site {
        elements.code(tags::ANATOMIC_REGION_SEQUENCE, &site.value, "SCT", &site.meaning);
    }
}

/// Writes the pixels; gives the transfer syntax.
fn write_pixels(elements: &mut Elements, pixels: &Pixels) -> Result<&'static str, Error> {
    match pixels {
        Pixels::Jpeg(jpeg) => {
            shape(elements, jpeg.width, jpeg.height, jpeg.samples, jpeg.photometric);
            let raw = f64::from(jpeg.width) * f64::from(jpeg.height) * f64::from(jpeg.samples);
            lossy(elements, raw / jpeg.bytes.len() as f64);
            if let Some(profile) = &jpeg.profile {
                elements.bytes(tags::ICC_PROFILE, profile);
            }
            let mut fragment = jpeg.bytes.to_vec();
            if fragment.len() % 2 == 1 {
                fragment.push(0);
            }
            let fragments = PixelFragmentSequence::new(vec![0u32], vec![fragment]);
            elements.object().put(DataElement::new(tags::PIXEL_DATA, VR::OB, fragments));
            Ok(uids::JPEG_BASELINE8_BIT)
        }
        Pixels::Rgb { width, height, bytes, of_jpeg } => {
            let refused = || Error::Pixels { width: *width, height: *height, bytes: bytes.len() };
            let (Ok(wide), Ok(high)) = (u16::try_from(*width), u16::try_from(*height)) else {
                return Err(refused());
            };
            if wide == 0 || high == 0 || bytes.len() != usize::from(wide) * usize::from(high) * 3 {
                return Err(refused());
            }
            shape(elements, wide, high, 3, "RGB");
            match of_jpeg {
                Some(jpeg) => lossy(elements, bytes.len() as f64 / (*jpeg).max(1) as f64),
                None => {
                    elements.text(tags::LOSSY_IMAGE_COMPRESSION, VR::CS, "00");
                }
            }
            elements.bytes(tags::PIXEL_DATA, bytes);
            Ok(uids::EXPLICIT_VR_LITTLE_ENDIAN)
        }
    }
}

/// That something was lost, and how much smaller it made the picture.
fn lossy(elements: &mut Elements, ratio: f64) {
    elements
        .text(tags::LOSSY_IMAGE_COMPRESSION, VR::CS, "01")
        .text(tags::LOSSY_IMAGE_COMPRESSION_RATIO, VR::DS, &decimal(ratio))
        .text(tags::LOSSY_IMAGE_COMPRESSION_METHOD, VR::CS, "ISO_10918_1");
}

fn shape(elements: &mut Elements, width: u16, height: u16, samples: u16, photometric: &str) {
    elements
        .number(tags::SAMPLES_PER_PIXEL, samples)
        .text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, photometric)
        .number(tags::ROWS, height)
        .number(tags::COLUMNS, width)
        .number(tags::BITS_ALLOCATED, 8)
        .number(tags::BITS_STORED, 8)
        .number(tags::HIGH_BIT, 7)
        .number(tags::PIXEL_REPRESENTATION, 0);
    if samples > 1 {
        elements.number(tags::PLANAR_CONFIGURATION, 0);
    }
}
