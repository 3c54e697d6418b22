//! What every other system is told alike of a record, in words.

use crate::light::Ring;
use crate::records::{Polarisation, Record};

/// A lesion's name beyond its case: `AB-12 L3`.
pub(super) fn tracking_id(case: Option<&str>, lesion: &str) -> String {
    case.map_or_else(|| lesion.into(), |case| format!("{case} {lesion}"))
}

/// The site in words: that of the list, which says more than the code that it lies in, and the operator's own.
pub(super) fn site_words(record: &Record) -> Option<String> {
    let listed = record.anatomic_site.map(|site| site.word().to_string());
    let words: Vec<_> = listed.into_iter().chain(record.body_site.clone()).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// Whether the light was polarised: the ring that was lit says it, or else the configuration.
pub(super) fn polarised(record: &Record) -> Option<bool> {
    let lit = record.light.map(|lit| lit.ring == Ring::Polarised);
    let told = record.dermoscopy.polarisation.map(|kind| kind != Polarisation::Unpolarised);
    lit.or(told)
}

/// What is doubtful about a reading.
pub(super) fn remarks(record: &Record) -> Vec<String> {
    let doubts = record.assessment.doubts.iter().map(|doubt| doubt.words());
    let reasons = record.quality.reasons.iter().map(|reason| reason.words());
    let overridden = record.overridden.then_some("The device refused the picture; a person used it anyway");
    doubts.chain(reasons).chain(overridden).map(String::from).collect()
}
