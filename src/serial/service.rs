//! What the serial link answers: the methods, each a function from parameters to a result.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::limits::{LARGEST_PART, LONGEST_CALL, PROTOCOL};
use super::message::{CLOCK, DAMAGED, DEVICE, NO_METHOD, NO_PART, NO_RECORD, PARAMS, PRUNED, RpcError};
use super::outgoing::Outgoing;
use super::wire::{self, Form};
use crate::RESEARCH_ONLY;
use crate::case::Case;
use crate::classifier::Setting;
use crate::clock::SettableClock;
use crate::control::{NotChanged, Remote};
use crate::digest::hex;
use crate::records::export::FORMATS;
use crate::records::{Filter, Reader, Record, RecordError, RecordPage, RecordsConfig, Scope, Store};

/// Records of a list, at most; and of an answer of the chain, by number and by bytes of their bodies.
const LONGEST_PAGE: usize = 50;
const CHAIN_ENTRIES: usize = 200;
const CHAIN_BYTES: usize = 48 * 1024;
/// Proofs in one call: as many as its line holds, with room.
pub const MOST_PROVED: usize = 24;

/// What answers calls: the records and the clock.
pub struct Service {
    config: RecordsConfig,
    /// Opened when first asked for, and anew after an error: the records may have been repaired.
    reader: Option<Reader>,
    clock: Box<dyn SettableClock>,
    /// The device beside its records.
    remote: Remote,
    /// The export that was made last.
    export: Option<Outgoing>,
    /// What the next proofs must be made with.
    nonce: Option<String>,
    /// The device's id and how many records were deleted, when that was last looked at.
    known: Option<(String, u64)>,
}

/// A result, and the bytes of the line after it.
#[derive(Debug)]
pub struct Answer {
    pub result: Value,
    pub line: Option<Vec<u8>>,
}

impl From<Value> for Answer {
    fn from(result: Value) -> Self {
        Self { result, line: None }
    }
}

type Method = fn(&mut Service, Value) -> Result<Answer, RpcError>;

/// Every method by its name.
pub const METHODS: &[(&str, Method)] = &[
    ("hello", |service, _| service.hello()),
    ("ping", |_, _| Ok(json!({}).into())),
    ("status", |service, _| service.status().map(Answer::from)),
    ("records.list", |service, params| service.list(given(params)?)),
    ("records.get", |service, params| service.get(given(params)?)),
    ("records.pulled", |service, params| service.pulled(&given(params)?)),
    ("records.unproved", |service, params| service.unproved(&given(params)?)),
    ("chain.read", |service, params| service.chain(&given(params)?)),
    ("image.read", |service, params| service.image(&given(params)?)),
    ("export", |service, params| service.make_export(given(params)?)),
    ("export.read", |service, params| service.export_part(&given(params)?)),
    ("case.get", |service, _| Ok(json!(service.case()).into())),
    ("case.set", |service, params| service.set_case(given(params)?).map(Answer::from)),
    ("setting.get", |service, _| Ok(json!(service.setting()).into())),
    ("setting.set", |service, params| service.set_setting(given(params)?).map(Answer::from)),
    ("time.set", |service, params| service.set_time(&given(params)?)),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListParams {
    #[serde(default = "page")]
    limit: usize,
    #[serde(default)]
    filter: Filter,
}

fn page() -> usize {
    LONGEST_PAGE
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordParams {
    sequence: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnprovedParams {
    #[serde(default)]
    after: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PulledParams {
    proofs: Vec<Proved>,
}

/// A record, and the proof that somebody has it: see [`crate::records::proof`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proved {
    sequence: u64,
    proof: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChainParams {
    after: u64,
    /// Of bodies, about: one entry comes in any case.
    #[serde(default = "chain_bytes")]
    bytes: usize,
}

fn chain_bytes() -> usize {
    CHAIN_BYTES
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ImageParams {
    sequence: u64,
    offset: u64,
    length: usize,
    #[serde(default, rename = "as")]
    form: Form,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExportParams {
    #[serde(default)]
    format: Option<String>,
    #[serde(default)]
    filter: Filter,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PartParams {
    offset: u64,
    length: usize,
    #[serde(default, rename = "as")]
    form: Form,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TimeParams {
    now: jiff::Timestamp,
}

fn given<T: DeserializeOwned>(params: Value) -> Result<T, RpcError> {
    // Leaving the parameters out is giving none.
    let params = if params.is_null() { json!({}) } else { params };
    serde_json::from_value(params).map_err(|cause| RpcError::new(PARAMS, cause.to_string()))
}

impl From<RecordError> for RpcError {
    fn from(error: RecordError) -> Self {
        let code = match error {
            RecordError::NoRecord { .. } => NO_RECORD,
            RecordError::ImagePruned { .. } => PRUNED,
            _ => DAMAGED,
        };
        Self::new(code, error.to_string())
    }
}

impl From<NotChanged> for RpcError {
    fn from(not_changed: NotChanged) -> Self {
        let code = match not_changed {
            NotChanged::Unanswered => DEVICE,
            NotChanged::Refused(_) => PARAMS,
        };
        Self::new(code, not_changed.to_string())
    }
}

impl Service {
    /// Answers of these records, this clock and this device. Nothing is opened until it is asked for.
    pub fn new(config: RecordsConfig, clock: Box<dyn SettableClock>, remote: Remote) -> Self {
        Self { config, reader: None, clock, remote, export: None, nonce: None, known: None }
    }

    /// Answers a call.
    pub fn call(&mut self, method: &str, params: Value) -> Result<Answer, RpcError> {
        let Some((_, known)) = METHODS.iter().find(|(name, _)| *name == method) else {
            let names: Vec<_> = METHODS.iter().map(|(name, _)| *name).collect();
            return Err(RpcError::new(NO_METHOD, format!("the methods are {}", names.join(", "))));
        };
        self.forget_erased();
        known(self, params)
    }

    /// Lets go of what was erased since: an export is a copy, and nothing of wiped records is told any more.
    fn forget_erased(&mut self) {
        let state = self.reader.as_ref().map(|reader| Ok((reader.current_device()?, reader.deleted()?)));
        let state = state.and_then(|state: Result<_, RecordError>| state.ok());
        if self.known.is_some() && state != self.known {
            (self.reader, self.export, self.nonce) = (None, None, None);
        }
        self.known = state;
    }

    /// Asks the records something.
    pub(super) fn ask<T>(
        &mut self,
        question: impl FnOnce(&Reader) -> Result<T, RecordError>,
    ) -> Result<T, RecordError> {
        let reader = match self.reader.take() {
            Some(reader) => reader,
            None => Reader::open(&self.config)?,
        };
        let answer = question(&reader);
        self.reader = answer.is_ok().then_some(reader);
        answer
    }

    fn record(&mut self, sequence: u64) -> Result<Record, RecordError> {
        let path = self.config.folder.clone();
        self.ask(|reader| reader.get(sequence))?.ok_or(RecordError::NoRecord { path, sequence })
    }

    fn hello(&mut self) -> Result<Answer, RpcError> {
        let found =
            self.ask(|reader| Ok((reader.device().to_string(), reader.head()?, reader.signed_head()?)));
        let (device, (position, chain_sha256), signed) = match found {
            Ok((device, head, signed)) => (Some(device), head, signed),
            // A device that was never started has no name yet.
            Err(RecordError::Missing { .. }) => (None, (0, String::new()), None),
            Err(error) => return Err(error.into()),
        };
        Ok(json!({
            "product": "dermascope", "protocol": PROTOCOL, "notice": RESEARCH_ONLY,
            "firmware": env!("CARGO_PKG_VERSION"), "device": device,
            "head": {"position": position, "chain_sha256": chain_sha256},
            "public_key": signed.as_ref().map(|head| &head.public_key), "signed_head": signed,
            "clock_set": self.clock.now().1,
            "longest_call": LONGEST_CALL, "largest_part": LARGEST_PART,
            "methods": METHODS.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        })
        .into())
    }

    /// For machines as JSON, for people as words made of it.
    pub(super) fn status(&mut self) -> Result<Value, RpcError> {
        let (now, clock_set) = self.clock.now();
        let told = self.remote.told();
        let (device, records, newest, exported, space, signed, unseen) = self.ask(|reader| {
            let device = reader.device().to_string();
            let (signed, unseen) = (reader.signed_head()?, reader.unseen()?);
            Ok((
                device,
                reader.count()?,
                reader.newest()?,
                reader.exported()?,
                reader.space()?,
                signed,
                unseen,
            ))
        })?;
        Ok(json!({
            "device": device, "firmware": env!("CARGO_PKG_VERSION"), "notice": RESEARCH_ONLY,
            "records": records, "newest": newest, "exported": exported,
            "public_key": signed.map(|head| head.public_key), "finding": unseen.map(|finding| finding.to_string()),
            "case": told.case, "battery": told.battery, "light": told.light, "setting": told.setting,
            "operating_points": told.operating_points, "https_sha256": told.https, "space": space, "now": now, "clock_set": clock_set,
        }))
    }

    fn list(&mut self, params: ListParams) -> Result<Answer, RpcError> {
        if !(1..=LONGEST_PAGE).contains(&params.limit) {
            return Err(RpcError::new(PARAMS, format!("limit is from 1 to {LONGEST_PAGE}")));
        }
        let page = self.ask(|reader| reader.list(&params.filter, params.limit))?;
        let records: Vec<_> = page.records.iter().map(Record::summary).collect();
        let RecordPage { next_before, unreadable, .. } = page;
        Ok(json!({"records": records, "next_before": next_before, "unreadable": unreadable}).into())
    }

    fn get(&mut self, params: RecordParams) -> Result<Answer, RpcError> {
        let record = self.record(params.sequence)?;
        Ok(json!({"record": record, "notice": RESEARCH_ONLY}).into())
    }

    /// The numbers of records that have not left the device with their pictures by this way, and a nonce to prove some of
    /// them with.
    fn unproved(&mut self, params: &UnprovedParams) -> Result<Answer, RpcError> {
        let numbers = self.ask(|reader| reader.not_given_out(Scope::Picture, params.after, MOST_PROVED))?;
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|cause| RpcError::new(DAMAGED, cause.to_string()))?;
        self.nonce = Some(hex(&bytes));
        Ok(json!({"sequences": numbers, "nonce": self.nonce}).into())
    }

    /// Notes of records that they are safe elsewhere: who can tell a fresh hash of a record and its picture has both. The
    /// nonce is good for one answer.
    fn pulled(&mut self, params: &PulledParams) -> Result<Answer, RpcError> {
        let nonce = self
            .nonce
            .take()
            .ok_or_else(|| RpcError::new(PARAMS, "ask records.unproved for a nonce first"))?;
        if params.proofs.len() > MOST_PROVED {
            return Err(RpcError::new(PARAMS, format!("at most {MOST_PROVED} proofs at once")));
        }
        let (mut proved, mut refused) = (Vec::new(), Vec::new());
        for Proved { sequence, proof } in &params.proofs {
            match self.ask(|reader| reader.expected_proof(*sequence, &nonce))? {
                Some((expected, picture)) if expected == *proof => proved.push((*sequence, picture)),
                _ => refused.push(*sequence),
            }
        }
        if !proved.is_empty() {
            Store::open(&self.config)?.give_out("pull", &proved)?;
        }
        let exported = self.ask(Reader::exported)?;
        Ok(json!({"proved": proved.len(), "refused": refused, "exported": exported}).into())
    }

    fn chain(&mut self, params: &ChainParams) -> Result<Answer, RpcError> {
        let bytes = params.bytes.min(CHAIN_BYTES);
        let entries = self.ask(|reader| reader.entries(params.after, CHAIN_ENTRIES, bytes))?;
        Ok(json!({"entries": entries}).into())
    }

    fn image(&mut self, params: &ImageParams) -> Result<Answer, RpcError> {
        let record = self.record(params.sequence)?;
        let length = part_length(params.length)?;
        let bytes = self.ask(|reader| reader.image_part(&record, params.offset, length))?;
        let whole = json!({"image_sha256": record.image_sha256, "size": record.image_size});
        Ok(part(whole, params.offset, bytes, params.form))
    }

    fn make_export(&mut self, params: ExportParams) -> Result<Answer, RpcError> {
        let name = params.format.as_deref().unwrap_or(FORMATS[0].0);
        let Some((name, extension, format)) = FORMATS.iter().find(|(known, _, _)| *known == name) else {
            let names: Vec<_> = FORMATS.iter().map(|(name, _, _)| *name).collect();
            return Err(RpcError::new(PARAMS, format!("the formats are {}", names.join(", "))));
        };
        // The one before makes room first.
        self.export = None;
        let folder = self.config.folder.clone();
        let made = self.ask(|reader| Ok(Outgoing::make(&folder, reader, &params.filter, *format)))?;
        let made = self.export.insert(made.map_err(|error| RpcError::new(DAMAGED, error.to_string()))?);
        Ok(json!({"format": name, "extension": extension, "size": made.size(), "sha256": made.sha256()})
            .into())
    }

    fn export_part(&mut self, params: &PartParams) -> Result<Answer, RpcError> {
        let Some(export) = &mut self.export else {
            return Err(RpcError::new(NO_PART, "no export was made yet: call `export` first"));
        };
        let bytes = export.read(params.offset, part_length(params.length)?);
        let bytes =
            bytes.map_err(|cause| RpcError::new(DAMAGED, format!("cannot read the export: {cause}")))?;
        let whole = json!({"sha256": export.sha256(), "size": export.size()});
        Ok(part(whole, params.offset, bytes, params.form))
    }

    /// What the next captures are of.
    pub(super) fn case(&self) -> Case {
        self.remote.told().case
    }

    /// Says all of it anew, and gives what holds.
    pub(super) fn set_case(&mut self, case: Case) -> Result<Value, RpcError> {
        self.remote.set_case(case.clone())?;
        Ok(json!(case))
    }

    /// How the next captures are read.
    pub(super) fn setting(&self) -> Setting {
        self.remote.told().setting
    }

    /// Says all of it anew, and gives what holds.
    pub(super) fn set_setting(&mut self, setting: Setting) -> Result<Value, RpcError> {
        self.remote.set_setting(setting.clone())?;
        Ok(json!(setting))
    }

    fn set_time(&mut self, params: &TimeParams) -> Result<Answer, RpcError> {
        self.clock.set(params.now).map_err(|cause| RpcError::new(CLOCK, cause))?;
        let (now, clock_set) = self.clock.now();
        Ok(json!({"now": now, "clock_set": clock_set}).into())
    }
}

fn part_length(asked: usize) -> Result<usize, RpcError> {
    match asked {
        1..=LARGEST_PART => Ok(asked),
        _ => Err(RpcError::new(PARAMS, format!("length is from 1 to {LARGEST_PART} bytes"))),
    }
}

/// What every part of something says: where it begins, how long it is, and its checksum. Past the end it is empty.
#[derive(Serialize)]
struct Part {
    #[serde(flatten)]
    whole: Value,
    offset: u64,
    length: usize,
    crc32: String,
    #[serde(rename = "as")]
    form: Form,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<String>,
}

fn part(whole: Value, offset: u64, bytes: Vec<u8>, form: Form) -> Answer {
    let data = (form == Form::Base64).then(|| wire::to_base64(&bytes));
    let part = Part { whole, offset, length: bytes.len(), crc32: wire::crc32(&bytes), form, data };
    Answer { result: json!(part), line: (form == Form::Line).then_some(bytes) }
}
