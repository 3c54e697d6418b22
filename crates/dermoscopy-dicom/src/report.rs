//! The reading: an Enhanced SR (PS3.3, A.35.2).

use dicom_core::{Tag, VR};
use dicom_dictionary_std::{tags, uids};

use crate::element::{Elements, decimal};
use crate::image::head;
use crate::{Error, Instance, uid};

/// For concepts that nobody has given a code.
const OWN: &str = "99DERMASCOPE";

/// The whole file: word, P(malignant), classes and remarks, beside a reference to the picture.
///
/// # Errors
///
/// Where DICOM cannot hold a value.
pub fn report(instance: &Instance) -> Result<Vec<u8>, Error> {
    let mut elements = Elements::default();
    head(&mut elements, instance, "report", "SR");
    let (class, id) = (uids::ENHANCED_SR_STORAGE, instance.uid("report"));
    let (day, time) = instance.captured_at.clone().unwrap_or_default();
    elements
        .text(tags::SOP_CLASS_UID, VR::UI, class)
        .text(tags::SOP_INSTANCE_UID, VR::UI, &id)
        .items(tags::REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE, Vec::new())
        .items(tags::PERFORMED_PROCEDURE_CODE_SEQUENCE, Vec::new())
        .text(tags::COMPLETION_FLAG, VR::CS, "COMPLETE")
        // By no person.
        .text(tags::VERIFICATION_FLAG, VR::CS, "UNVERIFIED")
        .text(tags::CONTENT_DATE, VR::DA, if day.is_empty() { "19700101" } else { &day })
        .text(tags::CONTENT_TIME, VR::TM, if time.is_empty() { "000000" } else { &time })
        .items(tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE, vec![evidence(instance)])
        .text(tags::VALUE_TYPE, VR::CS, "CONTAINER")
        .code(
            tags::CONCEPT_NAME_CODE_SEQUENCE,
            "READING",
            OWN,
            "Reading by a research device, not a diagnosis",
        )
        .text(tags::CONTINUITY_OF_CONTENT, VR::CS, "SEPARATE")
        .items(tags::CONTENT_SEQUENCE, content(instance));
    elements.file(class, &id, uids::EXPLICIT_VR_LITTLE_ENDIAN)
}

/// Which picture it is of.
fn evidence(instance: &Instance) -> Elements {
    let mut series = Elements::default();
    series
        .text(tags::SERIES_INSTANCE_UID, VR::UI, &uid::of(&format!("{} image", instance.study())))
        .items(tags::REFERENCED_SOP_SEQUENCE, vec![picture(instance)]);
    let mut study = Elements::default();
    study
        .text(tags::STUDY_INSTANCE_UID, VR::UI, &instance.study())
        .items(tags::REFERENCED_SERIES_SEQUENCE, vec![series]);
    study
}

fn picture(instance: &Instance) -> Elements {
    let mut reference = Elements::default();
    reference.text(tags::REFERENCED_SOP_CLASS_UID, VR::UI, uids::DERMOSCOPIC_PHOTOGRAPHY_IMAGE_STORAGE).text(
        tags::REFERENCED_SOP_INSTANCE_UID,
        VR::UI,
        &instance.uid("image"),
    );
    reference
}

fn content(instance: &Instance) -> Vec<Elements> {
    let reading = &instance.reading;
    let mut items = observer(instance);
    items.push(words(OWN, "NOTICE", "What this is", &instance.notice));
    let mut image = item("CONTAINS", "IMAGE", "121112", "DCM", "Source of Measurement");
    image.items(tags::REFERENCED_SOP_SEQUENCE, vec![picture(instance)]);
    items.push(image);
    if let Some(lesion) = &instance.lesion {
        items.push(words("DCM", "112039", "Tracking Identifier", &lesion.id));
        let mut id = item("CONTAINS", "UIDREF", "112040", "DCM", "Tracking Unique Identifier");
        id.text(tags::UID, VR::UI, &lesion.uid);
        items.push(id);
    }
    items.push(words(OWN, "WORD", "Word shown", &reading.word));
    items.push(percent("MALIGNANT", "P(malignant)", reading.malignant));
    items.push(percent("THRESHOLD", "Threshold of P(malignant)", reading.threshold));
    let classes = reading.classes.iter();
    items.extend(classes.map(|(code, name, share)| percent(&format!("CLASS_{code}"), name, *share)));
    items.extend(reading.remarks.iter().map(|remark| words(OWN, "REMARK", "Remark", remark)));
    items.push(words(OWN, "MODEL", "Network", &format!("{} ({})", reading.model.0, reading.model.1)));
    items
}

/// A device said this (PS3.16, TID 1002 and 1004).
fn observer(instance: &Instance) -> Vec<Elements> {
    let mut kind = item("HAS OBS CONTEXT", "CODE", "121005", "DCM", "Observer Type");
    kind.code(tags::CONCEPT_CODE_SEQUENCE, "121007", "DCM", "Device");
    let mut id = item("HAS OBS CONTEXT", "UIDREF", "121012", "DCM", "Device Observer UID");
    id.text(tags::UID, VR::UI, &uid::of(&format!("dermascope device 1\n{}\n", instance.device)));
    let mut name = item("HAS OBS CONTEXT", "TEXT", "121013", "DCM", "Device Observer Name");
    name.text(tags::TEXT_VALUE, VR::UT, &instance.device);
    vec![kind, id, name]
}

fn item(relation: &str, kind: &str, code: &str, scheme: &str, meaning: &str) -> Elements {
    let mut item = Elements::default();
    item.text(tags::RELATIONSHIP_TYPE, VR::CS, relation).text(tags::VALUE_TYPE, VR::CS, kind).code(
        tags::CONCEPT_NAME_CODE_SEQUENCE,
        code,
        scheme,
        meaning,
    );
    item
}

fn words(scheme: &str, code: &str, meaning: &str, text: &str) -> Elements {
    let mut item = item("CONTAINS", "TEXT", code, scheme, meaning);
    item.text(tags::TEXT_VALUE, VR::UT, text);
    item
}

/// A share of 1, told as percent.
fn percent(code: &str, meaning: &str, share: f64) -> Elements {
    let short: String = code.to_uppercase().chars().take(16).collect();
    let mut item = item("CONTAINS", "NUM", &short, OWN, meaning);
    let mut value = Elements::default();
    value.text(tags::NUMERIC_VALUE, VR::DS, &decimal(share * 100.0)).code(UNITS, "%", "UCUM", "Percent");
    item.items(tags::MEASURED_VALUE_SEQUENCE, vec![value]);
    item
}

const UNITS: Tag = tags::MEASUREMENT_UNITS_CODE_SEQUENCE;
