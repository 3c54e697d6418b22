//! Prevalence: what a probability is where another share of lesions is malignant, and what a word is worth there.

use serde::{Deserialize, Serialize};

use super::manifest::Shares;

/// A share of malignant lesions that anybody may state.
pub const PREVALENCES: std::ops::RangeInclusive<f32> = 0.001..=0.999;

/// Moves a probability from a set in which `from` of all are malignant to one in which `to` are, by the odds (Saerens,
/// Latinne, Decaestecker 2002, "Adjusting the outputs of a classifier to new a priori probabilities"). It assumes the
/// same kinds of lesions, and is monotone: what was above a threshold is above the moved threshold.
pub fn moved(probability: f32, from: f32, to: f32) -> f32 {
    let [probability, from, to] = [probability, from, to].map(f64::from);
    let malignant = probability * to / from;
    let benign = (1.0 - probability) * (1.0 - to) / (1.0 - from);
    (malignant / (malignant + benign)).clamp(0.0, 1.0) as f32
}

/// "0.02" or "2%" to 0.02, in its range.
pub fn parse_prevalence(text: &str) -> Result<f32, String> {
    let share = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f32>().map(|percent| percent / 100.0),
        None => text.parse(),
    };
    share.ok().filter(|share| PREVALENCES.contains(share)).ok_or_else(|| {
        let ends = (PREVALENCES.start(), PREVALENCES.end());
        format!("a prevalence is a share from {} to {}, such as 0.02 or 2%", ends.0, ends.1)
    })
}

/// P(malignant) and its threshold as they are shown where the clinic's prevalence is stated.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Here {
    /// Share of malignant lesions among those that are seen here, as a person stated it.
    pub prevalence: f32,
    /// P(malignant) there, from 0 to 1.
    pub probability: f32,
    /// The threshold there, from 0 to 1: the same pictures are above it.
    pub threshold: f32,
}

/// Of 100 lesions that are seen here and get this word, so many are malignant; with the 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Worth {
    /// From 0 to 100.
    pub malignant_of_100: f32,
    /// The low end of the interval, from 0 to 100.
    pub low: f32,
    /// The high end of the interval, from 0 to 100.
    pub high: f32,
}

impl Worth {
    /// By Bayes' theorem from the shares of malignant and of benign pictures that get the word. The interval pairs the
    /// ends of theirs, which is wider than it need be. None of a word that is never shown.
    pub fn of(shares: &Shares, prevalence: f32) -> Option<Self> {
        let of_100 = |malignant: f32, benign: f32| {
            let (true_ones, false_ones) = (malignant * prevalence, benign * (1.0 - prevalence));
            let all = true_ones + false_ones;
            if all > 0.0 { 100.0 * true_ones / all } else { 0.0 }
        };
        let ([malignant, malignant_low, malignant_high], [benign, benign_low, benign_high]) =
            (shares.malignant, shares.benign);
        (malignant + benign > 0.0).then(|| Self {
            malignant_of_100: of_100(malignant, benign),
            low: of_100(malignant_low, benign_high),
            high: of_100(malignant_high, benign_low),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_predictive_values_of_a_rare_disease_are_those_worked_out_by_hand() {
        // Sensitivity 0.946 and specificity 0.720 where 2 in 100 are malignant: 6.5 % and 99.85 %.
        let suspicious = Shares { malignant: [0.946, 0.916, 0.973], benign: [0.28, 0.253, 0.306] };
        let worth = Worth::of(&suspicious, 0.02).unwrap();
        assert!((worth.malignant_of_100 - 6.45).abs() < 0.05, "{worth:?}");
        assert!(worth.low < worth.malignant_of_100 && worth.malignant_of_100 < worth.high);
        let not = Shares { malignant: [0.054; 3], benign: [0.72; 3] };
        assert!((Worth::of(&not, 0.02).unwrap().malignant_of_100 - 0.153).abs() < 0.005);
        assert_eq!(Worth::of(&Shares { malignant: [0.0; 3], benign: [0.0; 3] }, 0.02), None);
    }

    #[test]
    fn a_half_where_a_fifth_is_malignant_is_little_where_few_are() {
        assert!((moved(0.5, 0.2, 0.02) - 0.0755).abs() < 0.001);
    }

    proptest! {
        #[test]
        fn moving_is_monotone_keeps_the_ends_and_comes_back(
            a in 0.0f32..=1.0, b in 0.0f32..=1.0, from in PREVALENCES, to in PREVALENCES,
        ) {
            prop_assert!(moved(a.min(b), from, to) <= moved(a.max(b), from, to));
            prop_assert_eq!((moved(0.0, from, to), moved(1.0, from, to)), (0.0, 1.0));
            prop_assert_eq!(moved(a, from, from), a);
            if a > 1e-3 && a < 0.999 && from > 0.01 && to > 0.01 && from < 0.99 && to < 0.99 {
                prop_assert!((moved(moved(a, from, to), to, from) - a).abs() < 1e-3);
            }
        }
    }
}
