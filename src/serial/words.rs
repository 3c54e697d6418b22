//! Plain words, for a person in a terminal. An answer never begins with a word that would be answered again: a line
//! that echoes must not keep two ends talking for ever.

use std::fmt::Write;

use jiff::Timestamp;
use serde_json::Value;

use super::service::Service;
use super::typed;
use crate::RESEARCH_ONLY;
use crate::case::Case;
use crate::classifier::{Setting, parse_prevalence};
use crate::records::{Filter, Record};

/// A word is at most this long in bytes; what is longer is noise and not answered.
const LONGEST_WORD: usize = 40;
/// But for a case, which has names of its own.
const LONGEST_CASE: usize = 600;
/// Stands for none.
const NONE: &str = "-";
/// Records on a list, unless a number is given, and at most.
const LIST: usize = 10;
const LONGEST_LIST: usize = 50;

const HELP: &str = "\
# dermascope. Type a word and Enter:
#   help       this
#   status     the device, its records, its clock, its disk
#   list 20    the newest records; without a number 10
#   last       the newest record
#   case       what the next pictures are of
#   case AB-12 L3 left forearm    says it: the case's name, its lesion, then where on the body; - is none
#   case -     none from now on
#   point      the operating point that decides; point balanced takes another
#   prevalence 2%    the share of malignant lesions here, which numbers are shown for; prevalence - for none
# Programs speak JSON-RPC 2.0, one object a line: {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"hello\"}
# All of it to a folder of your computer: dermascope pull PORT DIR
";

/// Answers a line that a person typed, in lines that end in LF; none where it is noise.
pub fn answer(service: &mut Service, line: &[u8]) -> Option<String> {
    let (line, after_noise) = typed::behind_noise(line.trim_ascii());
    let line = line.trim();
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let word = word.to_ascii_lowercase();
    let longest = if word == "case" { LONGEST_CASE } else { LONGEST_WORD };
    if line.is_empty()
        || line.len() > longest
        || line.starts_with(['#', '?', '='])
        || typed::is_for_a_modem(line)
    {
        return None;
    }
    let answer = match (word.as_str(), rest.trim().parse()) {
        ("help", _) => Ok(HELP.into()),
        ("status", _) => status(service),
        ("list", Ok(count)) => list(service, count),
        ("list", Err(_)) => list(service, LIST),
        ("last", _) => list(service, 1),
        ("case", _) => case(service, rest),
        ("point", _) => setting(service, |setting| {
            if !rest.trim().is_empty() {
                setting.operating_point = rest.trim().into();
            }
            Ok(())
        }),
        ("prevalence", _) => setting(service, |setting| {
            setting.prevalence = match rest.trim() {
                "" => setting.prevalence,
                NONE => None,
                stated => Some(parse_prevalence(stated)?),
            };
            Ok(())
        }),
        _ if after_noise => return None,
        _ => return Some("? that is no word of mine: type help\n".into()),
    };
    let text = answer.unwrap_or_else(|cause| format!("# {cause}\n"));
    Some(format!("{text}# {RESEARCH_ONLY}\n"))
}

fn status(service: &mut Service) -> Result<String, String> {
    let status = service.status().map_err(|fault| fault.message)?;
    let text = |name: &str| match &status[name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mib = |name: &str| status["space"][name].as_u64().unwrap_or(0) >> 20;
    let clock = if status["clock_set"] == true { "" } else { " (not set: dermascope pull sets it)" };
    let power = power(&status);
    Ok(format!(
        "# device {}, firmware {}\n# {} records, the newest is {}, pulled or exported up to {}\n\
         # clock {}{clock}\n# disk {} of {} MiB free\n{power}",
        text("device"),
        text("firmware"),
        text("records"),
        text("newest"),
        text("exported"),
        text("now"),
        mib("free"),
        mib("total"),
    ))
}

/// A line for the battery and one for the light, where there are any.
fn power(status: &Value) -> String {
    let (battery, light) = (&status["battery"], &status["light"]);
    let mut text = String::new();
    if let Some(percent) = battery["percent"].as_u64() {
        let charging = if battery["charging"] == true { ", charging" } else { "" };
        text += &format!("# battery {percent} %{charging}\n");
    }
    if let (Some(ring), Some(percent)) = (light["ring"].as_str(), light["percent"].as_u64()) {
        text += &format!("# light {ring}, {percent} %\n");
    }
    text
}

/// Says what the next captures are of, after taking in what the person says of it.
fn case(service: &mut Service, said: &str) -> Result<String, String> {
    if !said.is_empty() {
        let case = Case::said(said).map_err(|error| error.to_string())?;
        service.set_case(case).map_err(|fault| fault.message)?;
    }
    let case = service.case();
    let or_none = |words: Option<String>| words.unwrap_or_else(|| NONE.into());
    Ok(format!(
        "# the next pictures are of case {}, body site {}\n",
        or_none(case.name()),
        or_none(case.place())
    ))
}

/// Says how the next captures are read, after taking in what the person says of it.
fn setting(
    service: &mut Service,
    change: impl FnOnce(&mut Setting) -> Result<(), String>,
) -> Result<String, String> {
    let before = service.setting();
    let mut wanted = before.clone();
    change(&mut wanted)?;
    if wanted != before {
        service.set_setting(wanted).map_err(|fault| fault.message)?;
    }
    let Setting { operating_point, prevalence } = service.setting();
    let prevalence = prevalence.map_or("none stated".into(), |share| format!("{} %", share * 100.0));
    Ok(format!("# the next pictures are decided at `{operating_point}`, prevalence {prevalence}\n"))
}

fn list(service: &mut Service, count: usize) -> Result<String, String> {
    let limit = count.clamp(1, LONGEST_LIST);
    let page = service.ask(|reader| reader.list(&Filter::default(), limit));
    let records = page.map_err(|error| error.to_string())?.records;
    if records.is_empty() {
        return Ok("# no records yet\n".into());
    }
    let mut text = String::new();
    for record in &records {
        line(record, &mut text);
    }
    Ok(text)
}

fn line(record: &Record, text: &mut String) {
    let malignant = record.assessment.malignant.shown().0 * 100.0;
    let top = record.assessment.top(1).first().map_or("", |top| top.name.as_str()).to_string();
    let clock = if record.clock_set { "" } else { "  (clock not set)" };
    let captured = short(record.captured_at);
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "# {:>6}  {captured}  {:14}  {malignant:>5.1} %  {top}{clock}",
        record.sequence,
        record.verdict.word()
    );
}

fn short(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
