//! The ISIC Archive's metadata, one row a picture, as its upload takes them (PyPI's isic-metadata says what is valid).
//! What the network said is no diagnosis and has no place there; what a person noted later is.

use std::collections::BTreeMap;
use std::io::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::exported::{ExportError, Exported, each, image_name};
use super::told::{polarised, tracking_id};
use crate::outcome::{Confirmation, Outcome};
use crate::records::{Filter, Reader, Record};

const COLUMNS: [&str; 10] = [
    "filename",
    "patient_id",
    "lesion_id",
    "acquisition_day",
    "anatom_site_general",
    "image_type",
    "dermoscopic_type",
    "image_manipulation",
    "diagnosis",
    "diagnosis_confirm_type",
];

/// The Archive's present words for those that outcomes are noted by, which were its earlier ones. Where there is none, the
/// outcome's side is all that is told.
const DIAGNOSES: &[(&str, &str)] = &[
    ("actinic keratosis", "Solar or actinic keratosis"),
    ("angiokeratoma", "Angiokeratoma"),
    ("angioma", "Hemangioma"),
    ("basal cell carcinoma", "Basal cell carcinoma"),
    ("dermatofibroma", "Dermatofibroma"),
    ("ephelis", "Ephelis"),
    ("lentigo NOS", "Lentigo NOS"),
    ("lentigo simplex", "Lentigo simplex"),
    ("melanoma", "Malignant melanocytic proliferations (Melanoma)"),
    ("melanoma metastasis", "Melanoma metastasis"),
    ("merkel cell carcinoma", "Merkel cell carcinoma"),
    ("nevus", "Nevus"),
    ("nevus spilus", "Nevus, Spilus"),
    ("seborrheic keratosis", "Seborrheic keratosis"),
    ("solar lentigo", "Solar lentigo"),
    ("squamous cell carcinoma", "Squamous cell carcinoma, NOS"),
    ("clear cell acanthoma", "Clear cell acanthoma"),
    ("atypical spitz tumor", "Atypical Spitz tumor"),
    ("neurofibroma", "Neurofibroma"),
    ("pyogenic granuloma", "Pyogenic granuloma"),
    ("scar", "Scar"),
    ("sebaceous adenoma", "Sebaceous adenoma"),
    ("sebaceous hyperplasia", "Sebaceous hyperplasia"),
    ("verruca", "Verruca"),
    ("atypical melanocytic proliferation", "Indeterminate melanocytic proliferations"),
    ("epidermal nevus", "Epidermal nevus"),
    ("pigmented benign keratosis", "Pigmented benign keratosis"),
    ("vascular lesion", "Benign soft tissue proliferations - Vascular"),
];

/// One row a record. Days are counted from the case's first picture in the export: dates stay in the clinic.
pub fn write(reader: &Reader, filter: &Filter, out: &mut dyn Write) -> Result<Exported, ExportError> {
    let mut first: BTreeMap<String, Timestamp> = BTreeMap::new();
    reader.each(filter, |record| -> Result<(), ExportError> {
        if let Some(case) = record.case_id.clone().filter(|_| record.clock_set) {
            let earliest = first.entry(case).or_insert(record.captured_at);
            *earliest = record.captured_at.min(*earliest);
        }
        Ok(())
    })?;
    let outcomes = reader.outcomes_in_force()?;
    let mut table = csv::Writer::from_writer(out);
    table.write_record(COLUMNS).map_err(std::io::Error::from)?;
    let exported = each(reader, filter, |record| {
        let case = record.case_id.clone().unwrap_or_default();
        let lesion = record.lesion.map(|lesion| tracking_id(record.case_id.as_deref(), &lesion.to_string()));
        let day = first.get(&case).filter(|_| record.clock_set).map(|first| days(*first, record.captured_at));
        let outcome = outcomes.get(&record.sequence).map(|noted| &noted.outcome);
        let confirmed = outcome.and_then(|outcome| outcome.confirmed_by);
        let row = [
            image_name(record),
            case,
            lesion.unwrap_or_default(),
            day.map_or(String::new(), |day| day.to_string()),
            record.anatomic_site.map_or("", |site| site.row().isic).into(),
            "dermoscopic".into(),
            dermoscopic_type(record).into(),
            "instrument only".into(),
            outcome.map_or("", diagnosis).into(),
            confirmed.map_or("", Confirmation::word).into(),
        ];
        Ok(table.write_record(row).map_err(std::io::Error::from)?)
    })?;
    table.flush()?;
    Ok(exported)
}

/// Whole days by the calendar (UTC) from one time to another.
fn days(from: Timestamp, to: Timestamp) -> i32 {
    let day = |time: Timestamp| time.to_zoned(TimeZone::UTC).date();
    day(from).until(day(to)).map_or(0, |span| span.get_days())
}

/// The Archive has no word for light that is not polarised without contact; where anything is not known, it is none.
fn dermoscopic_type(record: &Record) -> &'static str {
    match (record.dermoscopy.contact, polarised(record)) {
        (Some(true), Some(true)) => "contact polarized",
        (Some(true), Some(false)) => "contact non-polarized",
        (Some(false), Some(true)) => "non-contact polarized",
        _ => "",
    }
}

/// What a person noted, in the Archive's words.
fn diagnosis(outcome: &Outcome) -> &'static str {
    let word = outcome.diagnosis.map_or("", |diagnosis| diagnosis.row().word);
    let listed = DIAGNOSES.iter().find(|(noted, _)| *noted == word).map(|(_, now)| *now);
    listed.unwrap_or(match outcome.malignant {
        Some(true) => "Malignant",
        Some(false) => "Benign",
        None => "",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        let time = |text: &str| text.parse::<Timestamp>().expect("a time");
        assert_eq!(days(time("2026-02-27T23:59:00Z"), time("2026-03-01T00:01:00Z")), 2);
        assert_eq!(days(time("2026-02-27T01:00:00Z"), time("2026-02-27T23:00:00Z")), 0);
        assert_eq!(days(time("2026-02-27T01:00:00Z"), time("2027-02-27T01:00:00Z")), 365);
    }
}
