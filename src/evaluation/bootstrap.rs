//! 95 % intervals by resampling groups: pictures of one lesion stand or fall together.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::metrics::{Metrics, Scheme};
use super::outcome::Outcome;

/// The 2.5th and 97.5th percentile of every figure over `rounds` resamples of the groups with replacement
/// (Efron and Tibshirani 1993), by the names of [`Metrics::figures`]. The same for the same outcomes.
pub fn bootstrap(outcomes: &[&Outcome], scheme: &Scheme, rounds: usize) -> BTreeMap<String, [f64; 2]> {
    let mut groups: BTreeMap<&str, Vec<&Outcome>> = BTreeMap::new();
    for outcome in outcomes.iter().copied() {
        groups.entry(&outcome.group).or_default().push(outcome);
    }
    let groups: Vec<_> = groups.into_values().collect();
    if groups.is_empty() {
        return BTreeMap::new();
    }
    let mut reasons = Metrics::of(outcomes, scheme).figures();
    reasons.retain(|name, _| name.contains(".retake_reasons."));
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let mut samples: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for _ in 0..rounds {
        let drawn = (0..groups.len()).flat_map(|_| &groups[random.random_range(0..groups.len())]);
        let drawn: Vec<&Outcome> = drawn.copied().collect();
        let figures = Metrics::of(&drawn, scheme).figures();
        for (name, value) in with_absent_reasons(figures, &reasons) {
            samples.entry(name).or_default().push(value);
        }
    }
    samples.into_iter().map(|(name, values)| (name, interval(values))).collect()
}

/// A reason that nothing drawn was refused for has a share of 0, where there is anything of its kind at all.
fn with_absent_reasons(
    mut figures: BTreeMap<String, f64>,
    reasons: &BTreeMap<String, f64>,
) -> BTreeMap<String, f64> {
    for name in reasons.keys() {
        let retake = name.split_once("_reasons.").map_or("", |(retake, _)| retake);
        if figures.contains_key(retake) {
            figures.entry(name.clone()).or_insert(0.0);
        }
    }
    figures
}

fn interval(mut values: Vec<f64>) -> [f64; 2] {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
    [at(0.025), at(0.975)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes(right: usize, wrong: usize, group: impl Fn(usize) -> String) -> Vec<Outcome> {
        let outcome = |index: usize| Outcome {
            truth: usize::from(index >= right),
            probabilities: vec![0.9, 0.1],
            malignant: 0.1,
            judgements: vec![],
            group: group(index),
            stratum: None,
        };
        (0..right + wrong).map(outcome).collect()
    }

    fn scheme() -> Scheme {
        Scheme {
            classes: vec!["a".into(), "b".into()],
            malignant: vec![false, true],
            operating_points: vec![],
            in_force: 0,
        }
    }

    fn of(outcomes: &[Outcome], scheme: &Scheme, rounds: usize) -> BTreeMap<String, [f64; 2]> {
        bootstrap(&outcomes.iter().collect::<Vec<_>>(), scheme, rounds)
    }

    #[test]
    fn the_interval_holds_the_figure_and_has_the_width_of_a_binomial() {
        let [low, high] = of(&outcomes(160, 40, |i| i.to_string()), &scheme(), 500)["accuracy"];
        assert!(low < 0.8 && 0.8 < high);
        // 1.96 * sqrt(0.8 * 0.2 / 200) = 0.055 on each side.
        assert!((high - low - 0.11).abs() < 0.03, "{low} to {high}");
    }

    #[test]
    fn pictures_of_one_group_widen_the_interval() {
        let alone = of(&outcomes(160, 40, |i| i.to_string()), &scheme(), 300)["accuracy"];
        let grouped = of(&outcomes(160, 40, |i| (i / 10).to_string()), &scheme(), 300)["accuracy"];
        assert!(grouped[1] - grouped[0] > 1.5 * (alone[1] - alone[0]));
    }

    #[test]
    fn no_outcomes_give_no_intervals() {
        assert!(of(&[], &scheme(), 10).is_empty());
    }
}
