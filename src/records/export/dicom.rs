//! Records as DICOM, for the clinic's archive: a ZIP of two files a record, the picture and its reading.

use std::io::Write;

use dermoscopy_dicom::{Code, Instance, Jpeg, Laterality as Side, Pixels, Reading, Taken, Tracking};

use super::archive::Archive;
use super::bundle::Bundle;
use super::exported::{ExportError, Exported, Missing};
use super::told::{polarised, remarks, site_words, tracking_id};
use crate::RESEARCH_ONLY;
use crate::case::Laterality;
use crate::picture::{self, Encoded, Encoding};
use crate::records::{Filter, Immersion, Reader, Record, RecordError};

/// A ZIP without a DICOMDIR: archives make their own. A record whose picture is gone or cannot be read is left out, and
/// named.
pub fn write(reader: &Reader, filter: &Filter, out: &mut dyn Write) -> Result<Exported, ExportError> {
    let mut archive = Archive::new(out);
    let mut exported = Exported::default();
    let unreadable = reader.each(filter, |record| -> Result<(), ExportError> {
        let files = match reader.image(&record) {
            Ok(image) => files(&record, &image),
            Err(error) if error.is_of_a_picture() => {
                Err((error.brief(), matches!(error, RecordError::ImagePruned { .. })))
            }
            Err(error) => return Err(error.into()),
        };
        exported.records.push((record.sequence, files.is_ok()));
        match files {
            Ok([picture, report]) => {
                let number = record.sequence;
                archive.add(&format!("{number:06}.dcm"), &|out| Ok(out.write_all(&picture)?))?;
                archive.add(&format!("{number:06}-reading.dcm"), &|out| Ok(out.write_all(&report)?))
            }
            Err((cause, pruned)) => {
                let (sequence, image_sha256) = (record.sequence, record.image_sha256);
                exported.missing.push(Missing { sequence, image_sha256, cause, pruned });
                Ok(())
            }
        }
    })?;
    exported.note_unreadable(unreadable);
    archive.finish()?;
    Ok(exported)
}

/// The picture's file and the reading's; or why there are none, and that nothing is lost by it.
fn files(record: &Record, image: &Encoded) -> Result<[Vec<u8>; 2], (String, bool)> {
    let instance = instance(record);
    let as_it_is = if image.encoding == Encoding::Jpeg { Jpeg::of(&image.bytes) } else { None };
    let picture = match as_it_is {
        Some(jpeg) => dermoscopy_dicom::image(&instance, &Pixels::Jpeg(jpeg)),
        None => {
            let (pixels, encoding) =
                picture::decode(&image.bytes).map_err(|error| (error.to_string(), false))?;
            let of_jpeg = (encoding == Encoding::Jpeg).then_some(image.bytes.len());
            let (width, height) = pixels.dimensions();
            dermoscopy_dicom::image(
                &instance,
                &Pixels::Rgb { width, height, bytes: pixels.as_raw(), of_jpeg },
            )
        }
    };
    let both = picture.and_then(|picture| Ok([picture, dermoscopy_dicom::report(&instance)?]));
    both.map_err(|error| (error.to_string(), false))
}

/// What DICOM has a place for.
fn instance(record: &Record) -> Instance {
    let captured = record.captured_at;
    let time = || (captured.strftime("%Y%m%d").to_string(), captured.strftime("%H%M%S.%6f").to_string());
    let lesion = record.lesion.zip(record.lesion_uid.as_ref());
    Instance {
        device: record.device.clone(),
        firmware: record.firmware.clone(),
        sequence: record.sequence,
        image_sha256: record.image_sha256.clone(),
        captured_at: record.clock_set.then(time),
        case: record.case_id.clone(),
        lesion: lesion.map(|(lesion, uid)| Tracking {
            id: tracking_id(record.case_id.as_deref(), &lesion.to_string()),
            uid: uid.clone(),
        }),
        site: record
            .anatomic_site
            .map(|site| Code { value: site.row().snomed.into(), meaning: site.row().meaning.into() }),
        laterality: record.laterality.map(|side| match side {
            Laterality::Left => Side::Left,
            Laterality::Right => Side::Right,
            Laterality::Midline => Side::Midline,
        }),
        site_words: site_words(record),
        taken: taken(record),
        reading: reading(record),
        notice: RESEARCH_ONLY.into(),
    }
}

fn taken(record: &Record) -> Taken {
    let dermoscopy = &record.dermoscopy;
    let (immersion, immersion_words) = match &dermoscopy.immersion {
        Some(Immersion::UltrasoundGel) => (Some("ULTRASOUND_GEL"), None),
        Some(Immersion::Alcohol) => (Some("ALCOHOL"), None),
        Some(Immersion::Water) => (Some("WATER"), None),
        Some(Immersion::MineralOil) => (Some("MINERAL_OIL"), None),
        Some(Immersion::PlasticCap) => (Some("PLASTIC_CAP"), None),
        Some(Immersion::Other(word)) => (None, Some(word.clone())),
        // A dry contact has no term of DICOM's.
        Some(Immersion::None) => (None, Some("none".into())),
        None => (None, None),
    };
    Taken {
        polarised: polarised(record),
        contact: dermoscopy.contact,
        immersion,
        immersion_words,
        magnification: dermoscopy.magnification.map(f64::from),
        millimetres_per_pixel: None,
    }
}

fn reading(record: &Record) -> Reading {
    let assessment = &record.assessment;
    let (malignant, threshold) = assessment.malignant.shown();
    let classes = assessment.top(assessment.probabilities.len()).into_iter();
    Reading {
        word: record.verdict.word().into(),
        malignant: f64::from(malignant),
        threshold: f64::from(threshold),
        classes: classes
            .map(|class| (class.class.clone(), class.name.clone(), class.probability.into()))
            .collect(),
        remarks: remarks(record),
        model: (assessment.model.name.clone(), assessment.model.sha256.clone()),
    }
}
