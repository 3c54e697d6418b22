//! The stand-alone page of an export: opens from its folder in any browser, without a server.

use std::io::Write;

use super::exported::{ExportError, image_name};
use crate::RESEARCH_ONLY;
use crate::records::{Filter, Noted, Reader, Record};

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>dermascope: exported records</title>
<style>
:root { color-scheme: light dark; font: 16px/1.45 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
body { max-width: 1100px; margin: 0 auto; padding: 24px; }
h1 { font-size: 1.3rem; margin: 0 0 .3em; }
.notice { display: inline-block; margin: 0 0 1em; padding: 4px 12px; border-radius: 8px; background: #fff3cd; color: #5c4400; font-weight: 600; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 8px 12px 8px 0; border-bottom: 1px solid #8885; text-align: left; vertical-align: middle; }
th { font-size: .8rem; }
img { display: block; width: 96px; height: 96px; object-fit: cover; border-radius: 8px; background: #8883; }
small { display: block; opacity: .75; }
.suspicious b::before { content: "\25B2  "; color: #d55e00; }
.uncertain b::before { content: "\25C6  "; color: #9a8600; }
.not_suspicious b::before { content: "\25CF  "; color: #0072b2; }
meter { width: 8em; }
</style>
<h1>dermascope: exported records</h1>
"#;

/// One row a record, with its picture from `images/`.
pub fn write(reader: &Reader, filter: &Filter, out: &mut impl Write) -> Result<(), ExportError> {
    write!(out, "{HEAD}<p class=\"notice\">{RESEARCH_ONLY}</p>\n<table>\n")?;
    out.write_all(b"<tr><th>No.<th>Picture<th>Result<th>Malignant<th>Likeliest<th>Captured (UTC)</tr>\n")?;
    let outcomes = reader.outcomes_in_force()?;
    reader.each(filter, |record| row(&record, outcomes.get(&record.sequence), out))?;
    Ok(out.write_all(b"</table>\n</html>\n")?)
}

fn row(record: &Record, noted: Option<&Noted>, out: &mut impl Write) -> Result<(), ExportError> {
    let (image, sequence) = (image_name(record), record.sequence);
    let malignant = &record.assessment.malignant;
    let (probability, threshold) = malignant.shown();
    let kind = record.verdict.code();
    let notes = [
        record.overridden.then(|| "refused picture used anyway".to_string()),
        (!record.clock_set).then(|| "clock was not set".to_string()),
        record.case().name().map(|case| format!("case {case}")),
        record.case().place(),
        noted.map(|noted| format!("outcome: {}", noted.outcome.words())),
    ];
    let notes: String =
        notes.into_iter().flatten().map(|note| format!("<small>{}</small>", escape(&note))).collect();
    let classes: String = record
        .assessment
        .shown_top(3)
        .iter()
        .map(|class| format!("<div>{} {:.0}%</div>", escape(&class.name), class.probability * 100.0))
        .collect();
    writeln!(
        out,
        "<tr><td>{sequence}<small>{}</small>\
         <td><a href=\"images/{image}\"><img loading=\"lazy\" src=\"images/{image}\" alt=\"Picture {sequence}\"></a>\
         <td class=\"{kind}\"><b>{}</b>{notes}\
         <td>{:.1}%<small><meter min=\"0\" max=\"1\" value=\"{probability}\"></meter></small>\
         <small>suspicious from {:.1}% ({})</small>\
         <td>{classes}<td>{}</tr>",
        escape(&record.device),
        record.verdict.word(),
        probability * 100.0,
        threshold * 100.0,
        escape(&malignant.operating_point),
        record.captured_at.strftime("%Y-%m-%d %H:%M:%S"),
    )?;
    Ok(())
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            other => safe.push(other),
        }
    }
    safe
}
