//! Tables: one row a record, as CSV with a header, and the ISIC challenge's form of it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::rc::Rc;

use serde_json::Value;

use super::exported::{ExportError, Exported, each, image_name};
use crate::RESEARCH_ONLY;
use crate::records::{Due, Filter, Noted, Reader, Record};

/// A column's name and its value for a record; empty where there is none.
type Column = (String, Box<dyn Fn(&Record) -> String>);

/// All that a record says but the attention map, a column each: names with dots for what is inside another.
pub fn write(
    reader: &Reader,
    filter: &Filter,
    out: &mut (impl Write + ?Sized),
) -> Result<Exported, ExportError> {
    let mut columns = columns(&Contents::of(reader, filter)?);
    let notice = columns.pop();
    columns.extend(outcome_columns(reader.outcomes_in_force()?));
    columns.extend(notice);
    let mut table = csv::Writer::from_writer(out);
    table.write_record(columns.iter().map(|(name, _)| name)).map_err(plain)?;
    let exported = each(reader, filter, |record| {
        Ok(table.write_record(columns.iter().map(|(_, value)| harmless(value(record)))).map_err(plain)?)
    })?;
    table.flush()?;
    Ok(exported)
}

/// The same for spreadsheets that take a table without a byte-order mark for one in the computer's old code page.
pub fn write_excel(reader: &Reader, filter: &Filter, out: &mut dyn Write) -> Result<Exported, ExportError> {
    out.write_all("\u{feff}".as_bytes())?;
    write(reader, filter, out)
}

/// A cell that no spreadsheet takes for a formula (CWE-1236): what begins like one gets an apostrophe before it, which
/// spreadsheets take as "this is text". Numbers stay numbers.
fn harmless(cell: String) -> String {
    let begins =
        |letter| matches!(letter, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠');
    // Some skip what is blank before it.
    let first =
        cell.trim_start_matches(|letter: char| letter.is_whitespace() && !begins(letter)).chars().next();
    if first.is_some_and(begins) && cell.parse::<f64>().is_err() { format!("'{cell}") } else { cell }
}

/// What the records have that not all need to have: later models may know other classes, later firmware other
/// measures.
#[derive(Default)]
struct Contents {
    classes: BTreeSet<String>,
    measures: BTreeSet<String>,
}

impl Contents {
    fn of(reader: &Reader, filter: &Filter) -> Result<Self, ExportError> {
        let mut contents = Self::default();
        reader.each(filter, |record| -> Result<(), ExportError> {
            contents.classes.extend(record.assessment.probabilities.iter().map(|class| class.class.clone()));
            if let Ok(Value::Object(quality)) = serde_json::to_value(&record.quality) {
                contents.measures.extend(quality.into_iter().map(|(name, _)| name));
            }
            Ok(())
        })?;
        Ok(contents)
    }
}

fn columns(contents: &Contents) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    let mut add = |name: &str, value: fn(&Record) -> String| columns.push((name.into(), Box::new(value)));
    add("device", |r| r.device.clone());
    add("sequence", |r| r.sequence.to_string());
    add("captured_at", |r| r.captured_at.to_string());
    add("clock_set", |r| r.clock_set.to_string());
    add("verdict", |r| word(&r.verdict));
    add("malignant", |r| r.assessment.malignant.probability.to_string());
    add("operating_point", |r| r.assessment.malignant.operating_point.clone());
    add("threshold", |r| r.assessment.malignant.threshold.to_string());
    add("prevalence", |r| {
        r.assessment.malignant.here.map_or(String::new(), |here| here.prevalence.to_string())
    });
    add("malignant_here", |r| {
        r.assessment.malignant.here.map_or(String::new(), |here| here.probability.to_string())
    });
    add("top_class", |r| r.assessment.top(1).first().map_or(String::new(), |top| top.class.clone()));
    add("doubts", |r| words(&r.assessment.doubts));
    add("strangeness", |r| r.assessment.strangeness.to_string());
    add("overridden", |r| r.overridden.to_string());
    add("case_id", |r| r.case_id.clone().unwrap_or_default());
    add("lesion", |r| r.lesion.map_or(String::new(), String::from));
    add("lesion_uid", |r| r.lesion_uid.clone().unwrap_or_default());
    add("anatomic_site", |r| r.anatomic_site.map_or(String::new(), String::from));
    add("laterality", |r| r.laterality.map_or(String::new(), |side| side.word().into()));
    add("body_site", |r| r.body_site.clone().unwrap_or_default());
    add("polarisation", |r| r.dermoscopy.polarisation.map_or(String::new(), |kind| word(&kind)));
    add("contact", |r| r.dermoscopy.contact.map_or(String::new(), |contact| contact.to_string()));
    add("immersion", |r| r.dermoscopy.immersion.clone().map_or(String::new(), String::from));
    add("magnification", |r| r.dermoscopy.magnification.map_or(String::new(), |times| times.to_string()));
    add("image", image_name);
    add("image_sha256", |r| r.image_sha256.clone());
    add("image_size", |r| r.image_size.to_string());
    add("field_of_view.x", |r| r.field_of_view.x.to_string());
    add("field_of_view.y", |r| r.field_of_view.y.to_string());
    add("field_of_view.width", |r| r.field_of_view.width.to_string());
    add("field_of_view.height", |r| r.field_of_view.height.to_string());
    add("model", |r| r.assessment.model.name.clone());
    add("model_sha256", |r| r.assessment.model.sha256.clone());
    add("firmware", |r| r.firmware.clone());
    add("config_sha256", |r| r.config_sha256.clone().unwrap_or_default());
    for class in contents.classes.clone() {
        columns.push((format!("probability.{class}"), Box::new(move |record| probability(record, &class))));
    }
    for measure in contents.measures.clone() {
        columns.push((format!("quality.{measure}"), Box::new(move |record| quality(record, &measure))));
    }
    columns.push(("notice".into(), Box::new(|_| RESEARCH_ONLY.into())));
    columns
}

/// When lesions shall be looked at again, a row each.
pub fn write_due(due: &[Due], out: &mut (impl Write + ?Sized)) -> Result<(), ExportError> {
    let mut table = csv::Writer::from_writer(out);
    table
        .write_record(["due", "case_id", "lesion", "body_site", "sequence", "captured_at", "notice"])
        .map_err(plain)?;
    for due in due {
        let row = [
            due.due.map_or(String::new(), |day| day.to_string()),
            due.case_id.clone(),
            due.lesion.to_string(),
            due.place.clone().unwrap_or_default(),
            due.sequence.to_string(),
            due.captured_at.to_string(),
            RESEARCH_ONLY.to_string(),
        ];
        table.write_record(row.map(harmless)).map_err(plain)?;
    }
    Ok(table.flush()?)
}

/// What a cell says of an outcome.
type CellOf = fn(&Noted) -> String;

/// What a table says of an outcome: the same in a record's row and in the table of all that was noted.
const OUTCOME: &[(&str, CellOf)] = &[
    ("diagnosis", |noted| noted.outcome.diagnosis.map_or(String::new(), String::from)),
    ("malignant", |noted| noted.outcome.malignant.map_or(String::new(), |malignant| malignant.to_string())),
    ("confirmed_by", |noted| noted.outcome.confirmed_by.map_or(String::new(), String::from)),
    ("on", |noted| noted.outcome.on.map_or(String::new(), |day| day.to_string())),
    ("by", |noted| noted.outcome.by.clone().unwrap_or_default()),
    ("note", |noted| noted.outcome.note.clone().unwrap_or_default()),
    ("review", |noted| noted.outcome.review.to_string()),
    ("look_again", |noted| noted.outcome.look_again.map_or(String::new(), |day| day.to_string())),
    ("noted_at", |noted| noted.noted_at.to_string()),
];

/// What holds of a record; empty cells where nothing was noted.
fn outcome_columns(in_force: BTreeMap<u64, Noted>) -> Vec<Column> {
    let in_force = Rc::new(in_force);
    let column = |(name, told): &(&str, CellOf)| -> Column {
        let (in_force, told) = (in_force.clone(), *told);
        let value = move |record: &Record| in_force.get(&record.sequence).map_or(String::new(), told);
        (format!("outcome.{name}"), Box::new(value))
    };
    OUTCOME.iter().map(column).collect()
}

/// Everything that was noted of the records that are exported, a row each, the oldest first: what a later row of the same
/// record says holds.
pub fn write_outcomes(
    reader: &Reader,
    exported: &BTreeSet<u64>,
    out: &mut (impl Write + ?Sized),
) -> Result<(), ExportError> {
    let mut table = csv::Writer::from_writer(out);
    let names = OUTCOME.iter().map(|(name, _)| *name);
    table.write_record(["device", "sequence"].into_iter().chain(names)).map_err(plain)?;
    for noted in reader.all_outcomes()?.iter().filter(|noted| exported.contains(&noted.sequence)) {
        let values = OUTCOME.iter().map(|(_, told)| harmless(told(noted)));
        let which = [reader.device().to_string(), noted.sequence.to_string()];
        table.write_record(which.into_iter().chain(values)).map_err(plain)?;
    }
    Ok(table.flush()?)
}

fn probability(record: &Record, class: &str) -> String {
    let found = record.assessment.probabilities.iter().find(|known| known.class == class);
    found.map_or(String::new(), |class| class.probability.to_string())
}

fn quality(record: &Record, measure: &str) -> String {
    let quality = serde_json::to_value(&record.quality).unwrap_or_default();
    quality.get(measure).map_or(String::new(), text)
}

/// The word that a name stands for in JSON.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).as_ref().map_or(String::new(), text)
}

fn words(values: &[impl serde::Serialize]) -> String {
    values.iter().map(word).collect::<Vec<_>>().join(" ")
}

/// A JSON value in a cell: lists as words with spaces between.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

/// The columns of the ISIC 2018 challenge, task 3, and the classes that they stand for.
const ISIC: &[(&str, &str)] = &[
    ("MEL", "mel"),
    ("NV", "nv"),
    ("BCC", "bcc"),
    ("AKIEC", "akiec"),
    ("BKL", "bkl"),
    ("DF", "df"),
    ("VASC", "vasc"),
];

/// The probabilities in the form of the ISIC challenge: the picture's name without its extension, then its columns.
pub fn write_isic(
    reader: &Reader,
    filter: &Filter,
    out: &mut (impl Write + ?Sized),
) -> Result<Exported, ExportError> {
    let mut table = csv::Writer::from_writer(out);
    let names = ISIC.iter().map(|(name, _)| *name);
    table.write_record(std::iter::once("image").chain(names)).map_err(plain)?;
    let exported = each(reader, filter, |record| {
        let image = format!("{:06}", record.sequence);
        let values = ISIC.iter().map(|(_, class)| probability(record, class));
        Ok(table.write_record(std::iter::once(image).chain(values)).map_err(plain)?)
    })?;
    table.flush()?;
    Ok(exported)
}

/// Writing CSV fails only where its output does.
fn plain(error: csv::Error) -> io::Error {
    error.into()
}
