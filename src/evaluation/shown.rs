//! What the screen shows of a set of pictures: the shares of its words.

use std::collections::BTreeMap;

use serde::Serialize;

use super::metrics::Scheme;
use super::outcome::Outcome;
use crate::verdict::{Verdict, Why};

/// Shares of pictures by the word that is shown of them; the four add up to 1.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shown {
    /// How many pictures.
    pub n: usize,
    /// Shown as "suspicious".
    pub suspicious: f64,
    /// Shown as "uncertain".
    pub uncertain: f64,
    /// Shown as "not suspicious".
    pub not_suspicious: f64,
    /// Asked to take again.
    pub retake: f64,
    /// Why: of all the pictures. One that is refused for two reasons counts for both.
    pub retake_reasons: BTreeMap<String, f64>,
}

impl Shown {
    /// At the operating point of that place in the scheme; none of no pictures.
    pub fn of(outcomes: &[&Outcome], point: usize) -> Option<Self> {
        let n = outcomes.len();
        let judgements: Vec<_> =
            outcomes.iter().filter_map(|outcome| outcome.judgements.get(point)).collect();
        let share = |count: usize| count as f64 / n as f64;
        let of = |verdict| share(judgements.iter().filter(|judgement| judgement.verdict == verdict).count());
        let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
        for judgement in judgements.iter().filter(|judgement| judgement.verdict.is_none()) {
            for why in &judgement.reasons {
                *reasons.entry(code(*why)).or_default() += 1;
            }
        }
        (n > 0).then(|| Self {
            n,
            suspicious: of(Some(Verdict::Suspicious)),
            uncertain: of(Some(Verdict::Uncertain)),
            not_suspicious: of(Some(Verdict::NotSuspicious)),
            retake: of(None),
            retake_reasons: reasons.into_iter().map(|(why, count)| (why, share(count))).collect(),
        })
    }

    /// Every share by its name.
    pub fn figures(&self) -> impl Iterator<Item = (String, f64)> + '_ {
        let words = [
            ("suspicious", self.suspicious),
            ("uncertain", self.uncertain),
            ("not_suspicious", self.not_suspicious),
            ("retake", self.retake),
        ];
        let reasons =
            self.retake_reasons.iter().map(|(why, share)| (format!("retake_reasons.{why}"), *share));
        words.into_iter().map(|(word, share)| (word.to_string(), share)).chain(reasons)
    }
}

/// At the operating point of that place, by what the pictures are: `all`, `malignant`, `benign`, and each class by its code; only those that are there.
pub fn by_truth(outcomes: &[&Outcome], scheme: &Scheme, point: usize) -> BTreeMap<String, Shown> {
    let of = |is: &dyn Fn(usize) -> bool| {
        let chosen: Vec<_> = outcomes.iter().copied().filter(|outcome| is(outcome.truth)).collect();
        Shown::of(&chosen, point)
    };
    let kinds = [
        ("all", of(&|_| true)),
        ("malignant", of(&|truth| scheme.malignant[truth])),
        ("benign", of(&|truth| !scheme.malignant[truth])),
    ];
    let kinds = kinds.into_iter().map(|(kind, shown)| (kind.to_string(), shown));
    let classes = scheme.classes.iter().enumerate();
    let classes = classes.map(|(class, code)| (code.clone(), of(&|truth| truth == class)));
    kinds.chain(classes).filter_map(|(name, shown)| Some((name, shown?))).collect()
}

fn code(why: Why) -> String {
    // Reasons are words in JSON.
    serde_json::to_value(why).ok().and_then(|value| value.as_str().map(String::from)).unwrap_or_default()
}
