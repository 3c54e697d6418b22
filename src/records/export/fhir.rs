//! Records as FHIR R4 (4.0.1): one bundle, in which each record is an Observation and the DiagnosticReport that holds it.
//! What they say is preliminary: no person has looked at it.

use std::collections::BTreeSet;
use std::io::{self, Write};

use dermoscopy_dicom::uuid;
use serde_json::{Value, json};

use super::exported::{ExportError, Exported, each, image_name};
use super::told::{remarks, site_words, tracking_id};
use crate::RESEARCH_ONLY;
use crate::case::Laterality;
use crate::records::{Filter, Reader, Record};

/// What has no code of LOINC or SNOMED CT has one of ours.
const OWN: &str = "urn:dermascope:concept";

/// One JSON object. Cases and devices are in it once, before the first record of theirs.
pub fn write(reader: &Reader, filter: &Filter, out: &mut dyn Write) -> Result<Exported, ExportError> {
    out.write_all(br#"{"resourceType":"Bundle","type":"collection""#)?;
    let mut known = BTreeSet::new();
    let mut is_first = true;
    let exported = each(reader, filter, |record| {
        for resource in resources(record) {
            let Resource { url, body } = resource;
            if known.insert(url.clone()) {
                // An empty list is no list in FHIR.
                out.write_all(if is_first { br#","entry":["# } else { b",\n" })?;
                is_first = false;
                let entry = json!({"fullUrl": url, "resource": body});
                serde_json::to_writer(&mut *out, &entry).map_err(io::Error::from)?;
            }
        }
        Ok(())
    })?;
    out.write_all(if is_first { b"}\n" } else { b"]}\n" })?;
    Ok(exported)
}

struct Resource {
    url: String,
    body: Value,
}

impl Resource {
    /// With an identifier that is the same whenever the same is exported.
    fn new(key: &str, body: Value) -> Self {
        Self { url: url(key), body }
    }
}

fn url(key: &str) -> String {
    let digits = format!("{:032x}", uuid(&format!("dermascope fhir 1\n{key}\n")));
    let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    format!("urn:uuid:{}", parts.join("-"))
}

fn reference(key: &str) -> Value {
    json!({"reference": url(key)})
}

fn resources(record: &Record) -> Vec<Resource> {
    let device = format!("device\n{}", record.device);
    let case = record.case_id.as_ref().map(|case| format!("case\n{}\n{case}", record.device));
    let mut all = vec![Resource::new(&device, device_of(record))];
    if let (Some(key), Some(case)) = (&case, &record.case_id) {
        let identifier =
            json!([{"system": format!("urn:dermascope:{}:case", encoded(&record.device)), "value": case}]);
        all.push(Resource::new(key, json!({"resourceType": "Patient", "identifier": identifier})));
    }
    let number = format!("{}\n{}\n{}", record.device, record.sequence, record.image_sha256);
    let keys = [format!("observation\n{number}"), format!("report\n{number}")];
    let shared = |body: Value| with_shared(body, record, &device, case.as_deref());
    all.push(Resource::new(&keys[0], shared(observation(record))));
    all.push(Resource::new(&keys[1], shared(report(record, &keys[0]))));
    all
}

/// A device's name within a URN.
fn encoded(name: &str) -> String {
    let byte = |byte: u8| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    name.bytes().map(byte).collect()
}

fn device_of(record: &Record) -> Value {
    json!({
        "resourceType": "Device",
        "serialNumber": record.device,
        "deviceName": [{"name": "dermascope", "type": "model-name"}],
        "version": [{"value": record.firmware}],
        "note": [{"text": RESEARCH_ONLY}],
    })
}

/// What observation and report say alike: whose, when, by what.
fn with_shared(mut body: Value, record: &Record, device: &str, case: Option<&str>) -> Value {
    body["identifier"] = json!([{
        "system": format!("urn:dermascope:{}:record", encoded(&record.device)),
        "value": record.sequence.to_string(),
    }]);
    // No person has looked at it.
    body["status"] = json!("preliminary");
    body["code"] =
        concept("dermatoscopic-reading", "Reading of a dermatoscopic picture by a research device");
    if let Some(case) = case {
        body["subject"] = reference(case);
    }
    if record.clock_set {
        body["effectiveDateTime"] = json!(record.captured_at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string());
    }
    if body["resourceType"] == "Observation" {
        body["device"] = reference(device);
    }
    body
}

fn concept(code: &str, text: &str) -> Value {
    json!({"coding": [{"system": OWN, "code": code, "display": text}], "text": text})
}

fn percent(share: f32) -> Value {
    let rounded = (f64::from(share) * 1e6).round() / 1e4;
    json!({"value": rounded, "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"})
}

fn observation(record: &Record) -> Value {
    let assessment = &record.assessment;
    let (malignant, threshold) = assessment.malignant.shown();
    let mut components = vec![
        json!({"code": concept("malignant", "P(malignant)"), "valueQuantity": percent(malignant)}),
        json!({"code": concept("threshold", "Threshold of P(malignant)"), "valueQuantity": percent(threshold)}),
    ];
    for class in assessment.top(assessment.probabilities.len()) {
        let code = concept(&format!("class-{}", class.class), &class.name);
        components.push(json!({"code": code, "valueQuantity": percent(class.probability)}));
    }
    if let (Some(lesion), Some(uid)) = (record.lesion, &record.lesion_uid) {
        let name = tracking_id(record.case_id.as_deref(), &lesion.to_string());
        components.push(json!({"code": dicom("112039", "Tracking Identifier"), "valueString": name}));
        components.push(json!({"code": dicom("112040", "Tracking Unique Identifier"), "valueString": uid}));
    }
    components.extend(record.laterality.map(side));
    let picture = format!("{}, SHA-256 {}", image_name(record), record.image_sha256);
    components.push(json!({"code": concept("picture", "Picture"), "valueString": picture}));
    let model = format!("{} ({})", assessment.model.name, assessment.model.sha256);
    components.push(json!({"code": concept("network", "Network"), "valueString": model}));
    let mut body = json!({
        "resourceType": "Observation",
        "valueString": record.verdict.word(),
        "component": components,
        "note": notes(record),
    });
    if let Some(site) = body_site(record) {
        body["bodySite"] = site;
    }
    body
}

fn dicom(code: &str, meaning: &str) -> Value {
    json!({"coding": [{"system": "http://dicom.nema.org/resources/ontology/DCM", "code": code, "display": meaning}]})
}

fn notes(record: &Record) -> Value {
    let clock = (!record.clock_set).then(|| "The device's clock was not set.".to_string());
    let words = std::iter::once(RESEARCH_ONLY.to_string()).chain(remarks(record)).chain(clock);
    words.map(|text| json!({"text": text})).collect()
}

/// The site in SNOMED CT and in words.
fn body_site(record: &Record) -> Option<Value> {
    let mut concept = serde_json::Map::new();
    if let Some(site) = record.anatomic_site {
        concept.insert("coding".into(), json!([snomed(site.row().snomed, site.row().meaning)]));
    }
    if let Some(words) = site_words(record) {
        concept.insert("text".into(), words.into());
    }
    (!concept.is_empty()).then_some(Value::Object(concept))
}

fn side(side: Laterality) -> Value {
    let code = match side {
        Laterality::Left => snomed("7771000", "Left"),
        Laterality::Right => snomed("24028007", "Right"),
        Laterality::Midline => snomed("260528009", "Median"),
    };
    let what = json!({"coding": [snomed("272741003", "Laterality")]});
    json!({"code": what, "valueCodeableConcept": {"coding": [code], "text": side.word()}})
}

fn snomed(code: &str, display: &str) -> Value {
    json!({"system": "http://snomed.info/sct", "code": code, "display": display})
}

fn report(record: &Record, observation: &str) -> Value {
    json!({
        "resourceType": "DiagnosticReport",
        "result": [reference(observation)],
        "conclusion": format!("{}. {RESEARCH_ONLY}", record.verdict.word()),
    })
}
