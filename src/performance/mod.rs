//! Performance: what the device's words were worth where it is used, as far as outcomes tell. Pure: lesions go in, shares
//! with their intervals come out.
//!
//! Who is verified is no sample of who is looked at: lesions that worry somebody are cut out, others are not. The benign
//! ones that nobody verified are missing, so specificity looks worse than it is, and malignant ones that nobody suspected
//! are missing, so sensitivity looks better. The unverified are therefore always counted beside.

mod card;
mod rate;
mod report;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

pub use card::AgainstCard;
pub use rate::Rate;
pub use report::CAVEAT;

use crate::case::Lesion;
use crate::classifier::Manifest;
use crate::verdict::Verdict;

/// Below so many malignant lesions a sensitivity says too little: its interval is 0.11 wide at the least.
pub const FEWEST_MALIGNANT: usize = 30;

/// A record, as far as it counts here.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// Its number.
    pub sequence: u64,
    /// The word that was shown.
    pub verdict: Verdict,
    /// P(malignant) as it was computed, from 0 to 1.
    pub probability: f32,
    /// The name of the operating point that decided.
    pub operating_point: String,
    /// Of the network.
    pub model_sha256: String,
    /// The case and the lesion, where both are known: pictures of one lesion count once.
    pub lesion: Option<(String, Lesion)>,
    /// The month of the press, such as "2026-05"; "clock not set" where that is not known.
    pub month: String,
    /// ISIC's word for the part of the body; none where it was not said.
    pub site: Option<&'static str>,
    /// What became of it.
    pub outcome: Truth,
}

/// What is known of a lesion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// Confirmed in some way.
    Verified {
        /// Whether it was malignant.
        malignant: bool,
    },
    /// There is a diagnosis, but it says neither, or nobody confirmed it.
    Unclear,
    /// No outcome, or one that was taken back.
    Nothing,
}

/// The words that were shown of some lesions.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Words {
    /// Shown SUSPICIOUS.
    pub suspicious: Option<Rate>,
    /// Shown UNCERTAIN.
    pub uncertain: Option<Rate>,
    /// Shown NOT SUSPICIOUS.
    pub not_suspicious: Option<Rate>,
}

/// Some verified lesions, and what was shown of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Part {
    /// How many are malignant or pre-malignant.
    pub malignant: usize,
    /// How many are benign.
    pub benign: usize,
    /// Of the malignant lesions: `suspicious` is the sensitivity as shown, `not_suspicious` those that were missed.
    pub of_malignant: Words,
    /// Of the benign lesions: `not_suspicious` is the specificity as shown.
    pub of_benign: Words,
    /// Whether there are enough malignant ones to speak of a sensitivity.
    pub enough: bool,
}

/// Verified lesions of which P(malignant) was in a range.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bin {
    /// From this P(malignant) on.
    pub from: f32,
    /// Below this one; the last range has its end in it.
    pub to: f32,
    /// The mean P(malignant), as it was computed.
    pub said: f64,
    /// How many were malignant.
    pub found: Rate,
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Performance {
    /// All the verified lesions.
    pub all: Part,
    /// Lesions without any outcome.
    pub unverified: usize,
    /// Lesions with a diagnosis that nobody confirmed, or that says neither.
    pub unclear: usize,
    /// Further pictures of lesions that are counted already.
    pub repeated: usize,
    /// What P(malignant) said, beside what was found.
    pub calibration: Vec<Bin>,
    /// By the operating point's name.
    pub by_operating_point: BTreeMap<String, Part>,
    /// By month, such as "2026-05".
    pub by_month: BTreeMap<String, Part>,
    /// By ISIC's words; "not said" where it was not.
    pub by_site: BTreeMap<String, Part>,
    /// How it stands to the model's card; none where the model that read them is not this one, or has none.
    pub against_card: Vec<AgainstCard>,
}

/// The ends of the ranges of P(malignant).
const BINS: [f32; 6] = [0.0, 0.05, 0.1, 0.25, 0.5, 1.0];

impl Performance {
    /// Of records in the order of their numbers. `manifest` is that of the model in force with its network's hash.
    pub fn of(reads: &[Read], manifest: Option<&Manifest>) -> Self {
        let (counted, repeated) = once(reads);
        let count = |known| counted.iter().filter(|read| read.outcome == known).count();
        let by = |name: &dyn Fn(&Read) -> String| {
            let mut parts: BTreeMap<String, Vec<&Read>> = BTreeMap::new();
            counted.iter().for_each(|read| parts.entry(name(read)).or_default().push(read));
            let parts = parts.into_iter().map(|(name, reads)| (name, Part::of(&reads)));
            parts.filter(|(_, part)| part.malignant + part.benign > 0).collect::<BTreeMap<_, _>>()
        };
        Self {
            all: Part::of(&counted),
            unverified: count(Truth::Nothing),
            unclear: count(Truth::Unclear),
            repeated,
            calibration: BINS.windows(2).filter_map(|ends| Bin::of(&counted, ends[0], ends[1])).collect(),
            by_operating_point: by(&|read| read.operating_point.clone()),
            by_month: by(&|read| read.month.clone()),
            by_site: by(&|read| read.site.unwrap_or("not said").into()),
            against_card: manifest.map_or(Vec::new(), |manifest| card::compare(&counted, manifest)),
        }
    }
}

/// Pictures of one lesion once: its first with a verified outcome, else its first. Gives how many are left out.
fn once(reads: &[Read]) -> (Vec<&Read>, usize) {
    let is_verified = |read: &&Read| matches!(read.outcome, Truth::Verified { .. });
    let (verified, others): (Vec<_>, Vec<_>) = reads.iter().partition(is_verified);
    let mut seen = BTreeSet::new();
    let mut counted: Vec<&Read> = verified.into_iter().chain(others).collect();
    counted.retain(|read| read.lesion.as_ref().is_none_or(|lesion| seen.insert(lesion.clone())));
    let repeated = reads.len() - counted.len();
    (counted, repeated)
}

impl Words {
    fn of(reads: &[&Read], malignant: bool) -> Self {
        let truth = Truth::Verified { malignant };
        let such: Vec<_> = reads.iter().filter(|read| read.outcome == truth).collect();
        let rate = |word| Rate::of(such.iter().filter(|read| read.verdict == word).count(), such.len());
        Self {
            suspicious: rate(Verdict::Suspicious),
            uncertain: rate(Verdict::Uncertain),
            not_suspicious: rate(Verdict::NotSuspicious),
        }
    }
}

impl Part {
    fn of(reads: &[&Read]) -> Self {
        let count =
            |malignant| reads.iter().filter(|read| read.outcome == Truth::Verified { malignant }).count();
        let (malignant, benign) = (count(true), count(false));
        Self {
            malignant,
            benign,
            of_malignant: Words::of(reads, true),
            of_benign: Words::of(reads, false),
            enough: malignant >= FEWEST_MALIGNANT,
        }
    }
}

impl Bin {
    fn of(reads: &[&Read], from: f32, to: f32) -> Option<Self> {
        let holds = |probability: f32| probability >= from && (probability < to || to >= 1.0);
        let such: Vec<(f32, bool)> = reads
            .iter()
            .filter(|read| holds(read.probability))
            .filter_map(|read| match read.outcome {
                Truth::Verified { malignant } => Some((read.probability, malignant)),
                _ => None,
            })
            .collect();
        let found = Rate::of(such.iter().filter(|(_, malignant)| *malignant).count(), such.len())?;
        let said =
            such.iter().map(|(probability, _)| f64::from(*probability)).sum::<f64>() / such.len() as f64;
        Some(Self { from, to, said, found })
    }
}

#[cfg(test)]
mod tests;
