//! The metrics of a set of outcomes. Definitions follow scikit-learn's of the same names.

use std::collections::BTreeMap;

use serde::Serialize;

use super::outcome::Outcome;
use super::shown::{self, Shown};
use crate::classifier::Manifest;

/// What outcomes are measured by: the classes and the thresholds.
#[derive(Clone, Debug, PartialEq)]
pub struct Scheme {
    /// Class codes in the order of the probabilities.
    pub classes: Vec<String>,
    /// Which of them are malignant.
    pub malignant: Vec<bool>,
    /// Name and threshold of each operating point.
    pub operating_points: Vec<(String, f32)>,
    /// The place among them of the one whose words are counted.
    pub in_force: usize,
}

impl Scheme {
    /// `in_force` is the name of an operating point.
    pub fn of(manifest: &Manifest, in_force: &str) -> Self {
        let points = manifest.operating_points.iter();
        Self {
            classes: manifest.labels.iter().map(|label| label.code.clone()).collect(),
            malignant: manifest.labels.iter().map(|label| label.malignant).collect(),
            in_force: points.clone().position(|point| point.name == in_force).unwrap_or(0),
            operating_points: points.map(|point| (point.name.clone(), point.threshold)).collect(),
        }
    }
}

/// All from 0 to 1. `None` where it is not defined, such as an AUROC without malignant pictures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Metrics {
    /// What the screen shows, by what the pictures are: `malignant`, `benign`, `all`, and each class.
    pub shown: BTreeMap<String, Shown>,
    /// Mean of the recalls of the classes that are present.
    pub balanced_accuracy: Option<f64>,
    /// Share of pictures whose likeliest class is the true one.
    pub accuracy: Option<f64>,
    /// Share of pictures whose class is among the three likeliest.
    pub top3_accuracy: Option<f64>,
    /// By class, of those present.
    pub recall: BTreeMap<String, f64>,
    /// Area under the ROC curve of P(malignant), ties counted half (Hanley and McNeil 1982).
    pub auroc_malignant: Option<f64>,
    /// By the name of the operating point.
    pub operating_points: BTreeMap<String, OperatingPointMetrics>,
    /// Expected calibration error of the likeliest class, 15 bins of equal width (Guo et al. 2017).
    pub ece: Option<f64>,
    /// Share asked to take again. They count in all the other figures.
    pub refused: Option<f64>,
}

/// What one operating point is worth. Shares are from 0 to 1; `None` of no pictures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OperatingPointMetrics {
    /// Suspicious from this P(malignant) on.
    pub threshold: f64,
    /// Share of malignant pictures at or above the threshold.
    pub sensitivity: Option<f64>,
    /// Share of benign pictures below it.
    pub specificity: Option<f64>,
    /// Share of malignant pictures shown as suspicious: one to be taken again, or uncertain, does not count.
    pub shown_sensitivity: Option<f64>,
    /// Share of benign pictures shown as not suspicious.
    pub shown_specificity: Option<f64>,
    /// What the screen shows at this point of malignant and of benign pictures.
    pub shown: BTreeMap<String, Shown>,
}

impl Metrics {
    /// Of these pictures: the indices of their classes are those of the scheme.
    pub fn of(outcomes: &[&Outcome], scheme: &Scheme) -> Self {
        let recall = recall(outcomes, scheme);
        let shown = shown::by_truth(outcomes, scheme, scheme.in_force);
        Self {
            balanced_accuracy: mean(recall.values().copied()),
            accuracy: share(outcomes, |outcome| rank_of_truth(outcome) == 0),
            top3_accuracy: share(outcomes, |outcome| rank_of_truth(outcome) < 3),
            auroc_malignant: auroc(outcomes, scheme),
            operating_points: (0..scheme.operating_points.len())
                .map(|point| (scheme.operating_points[point].0.clone(), at_point(outcomes, scheme, point)))
                .collect(),
            ece: expected_calibration_error(outcomes),
            refused: shown.get("all").map(|all| all.retake),
            recall,
            shown,
        }
    }

    /// Every figure by a dotted name, such as `recall.mel`, for tables and intervals.
    pub fn figures(&self) -> BTreeMap<String, f64> {
        let single = [
            ("balanced_accuracy", self.balanced_accuracy),
            ("accuracy", self.accuracy),
            ("top3_accuracy", self.top3_accuracy),
            ("auroc_malignant", self.auroc_malignant),
            ("ece", self.ece),
            ("refused", self.refused),
        ];
        let mut figures: BTreeMap<String, f64> =
            single.into_iter().filter_map(|(name, value)| Some((name.to_string(), value?))).collect();
        figures.extend(self.recall.iter().map(|(class, value)| (format!("recall.{class}"), *value)));
        for (name, point) in &self.operating_points {
            let of_point = [
                ("sensitivity", point.sensitivity),
                ("specificity", point.specificity),
                ("shown_sensitivity", point.shown_sensitivity),
                ("shown_specificity", point.shown_specificity),
            ];
            let known = of_point.into_iter().filter_map(|(of, value)| Some((of, value?)));
            figures.extend(known.map(|(of, value)| (format!("operating_points.{name}.{of}"), value)));
            figures.extend(shown_figures(&format!("operating_points.{name}.shown"), &point.shown));
        }
        figures.extend(shown_figures("shown", &self.shown));
        figures
    }
}

/// How many classes are likelier than the true one; of equals, those before it count as likelier.
fn rank_of_truth(outcome: &Outcome) -> usize {
    let own = outcome.probabilities[outcome.truth];
    let likelier = |(class, probability): (usize, &f32)| {
        *probability > own || (*probability == own && class < outcome.truth)
    };
    outcome.probabilities.iter().enumerate().filter(|pair| likelier(*pair)).count()
}

fn recall(outcomes: &[&Outcome], scheme: &Scheme) -> BTreeMap<String, f64> {
    let of_class = |class: usize| {
        let own: Vec<_> = outcomes.iter().copied().filter(|outcome| outcome.truth == class).collect();
        share(&own, |outcome| rank_of_truth(outcome) == 0)
    };
    let classes = scheme.classes.iter().enumerate();
    classes.filter_map(|(class, code)| Some((code.clone(), of_class(class)?))).collect()
}

/// The chance that a malignant picture scores higher than a benign one, by ranks.
fn auroc(outcomes: &[&Outcome], scheme: &Scheme) -> Option<f64> {
    let mut scored: Vec<(f32, bool)> =
        outcomes.iter().map(|outcome| (outcome.malignant, scheme.malignant[outcome.truth])).collect();
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    let positives = scored.iter().filter(|(_, malignant)| *malignant).count() as f64;
    let negatives = scored.len() as f64 - positives;
    let mut below = 0.0;
    let mut wins = 0.0;
    for ties in scored.chunk_by(|a, b| a.0 == b.0) {
        let malignant = ties.iter().filter(|(_, malignant)| *malignant).count() as f64;
        let benign = ties.len() as f64 - malignant;
        wins += malignant * (below + benign / 2.0);
        below += benign;
    }
    (positives > 0.0 && negatives > 0.0).then(|| wins / (positives * negatives))
}

fn shown_figures(place: &str, shown: &BTreeMap<String, Shown>) -> Vec<(String, f64)> {
    let all = shown.iter().flat_map(|(of, shown)| {
        shown.figures().map(move |(word, share)| (format!("{place}.{of}.{word}"), share))
    });
    all.collect()
}

fn at_point(outcomes: &[&Outcome], scheme: &Scheme, point: usize) -> OperatingPointMetrics {
    let threshold = scheme.operating_points[point].1;
    let mut shown = shown::by_truth(outcomes, scheme, point);
    shown.retain(|of, _| of == "malignant" || of == "benign");
    let (malignant, benign): (Vec<_>, Vec<_>) =
        outcomes.iter().copied().partition(|outcome| scheme.malignant[outcome.truth]);
    OperatingPointMetrics {
        // By way of decimal text, so that 0.35 is printed as 0.35 and not as its nearest f32.
        threshold: threshold.to_string().parse().unwrap_or(f64::from(threshold)),
        sensitivity: share(&malignant, |outcome| outcome.malignant >= threshold),
        specificity: share(&benign, |outcome| outcome.malignant < threshold),
        shown_sensitivity: shown.get("malignant").map(|malignant| malignant.suspicious),
        shown_specificity: shown.get("benign").map(|benign| benign.not_suspicious),
        shown,
    }
}

fn expected_calibration_error(outcomes: &[&Outcome]) -> Option<f64> {
    const BINS: usize = 15;
    let mut gaps = [0.0f64; BINS];
    for outcome in outcomes {
        let confidence = f64::from(outcome.probabilities.iter().copied().fold(0.0, f32::max));
        let bin = ((confidence * BINS as f64) as usize).min(BINS - 1);
        gaps[bin] += confidence - f64::from(u8::from(rank_of_truth(outcome) == 0));
    }
    let total = outcomes.len() as f64;
    (total > 0.0).then(|| gaps.iter().map(|gap| gap.abs()).sum::<f64>() / total)
}

fn share(outcomes: &[&Outcome], holds: impl Fn(&Outcome) -> bool) -> Option<f64> {
    let count = outcomes.iter().filter(|outcome| holds(outcome)).count();
    (!outcomes.is_empty()).then(|| count as f64 / outcomes.len() as f64)
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> Option<f64> {
    let count = values.len();
    (count > 0).then(|| values.sum::<f64>() / count as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::quality::Reason;
    use crate::verdict::{Judgement, Verdict, Why};

    fn scheme() -> Scheme {
        Scheme {
            classes: ["a", "b", "c"].map(String::from).to_vec(),
            malignant: vec![false, true, false],
            operating_points: vec![("half".into(), 0.5)],
            in_force: 0,
        }
    }

    /// Suspicious from a half on, and to be taken again below a quarter.
    fn word(malignant: f32) -> Judgement {
        let blurred = vec![Why::Quality(Reason::Blurred)];
        match malignant {
            0.5.. => Judgement { verdict: Some(Verdict::Suspicious), reasons: vec![] },
            0.25.. => Judgement { verdict: Some(Verdict::NotSuspicious), reasons: vec![] },
            _ => Judgement { verdict: None, reasons: blurred },
        }
    }

    fn outcome(truth: usize, probabilities: [f32; 3]) -> Outcome {
        Outcome {
            truth,
            malignant: probabilities[1],
            probabilities: probabilities.to_vec(),
            judgements: vec![word(probabilities[1])],
            group: String::new(),
            stratum: None,
        }
    }

    fn measure(outcomes: &[Outcome]) -> Metrics {
        Metrics::of(&outcomes.iter().collect::<Vec<_>>(), &scheme())
    }

    #[test]
    fn figures_agree_with_a_set_worked_out_by_hand() {
        // By hand: recalls a 1/2, b 1/1; one benign picture scores above the only malignant one.
        let metrics =
            measure(&[outcome(0, [0.8, 0.1, 0.1]), outcome(0, [0.2, 0.7, 0.1]), outcome(1, [0.3, 0.6, 0.1])]);
        assert_eq!(metrics.balanced_accuracy, Some(0.75));
        assert_eq!(metrics.accuracy, Some(2.0 / 3.0));
        assert_eq!(metrics.top3_accuracy, Some(1.0));
        assert_eq!(metrics.auroc_malignant, Some(0.5));
        let half = &metrics.operating_points["half"];
        assert_eq!((half.sensitivity, half.specificity), (Some(1.0), Some(0.5)));
        // Bins of 0.8 (right), 0.7 (wrong), 0.6 (right): (0.2 + 0.7 + 0.4) / 3.
        assert!((metrics.ece.unwrap() - 1.3 / 3.0).abs() < 1e-6);
        assert!(!metrics.recall.contains_key("c"), "a class that is absent has no recall");
    }

    #[test]
    fn words_are_counted_as_they_are_shown() {
        let metrics = measure(&[
            outcome(0, [0.8, 0.1, 0.1]),
            outcome(0, [0.6, 0.3, 0.1]),
            outcome(0, [0.2, 0.7, 0.1]),
            outcome(1, [0.3, 0.6, 0.1]),
            outcome(1, [0.8, 0.2, 0.0]),
        ]);
        let benign = &metrics.shown["benign"];
        let third = 1.0 / 3.0;
        assert_eq!(
            [benign.suspicious, benign.uncertain, benign.not_suspicious, benign.retake],
            [third, 0.0, third, third]
        );
        assert_eq!(benign.retake_reasons["blurred"], third);
        assert_eq!(metrics.shown["a"], *benign);
        let half = &metrics.operating_points["half"];
        // The threshold's specificity counts the one to be taken again; what is shown does not.
        assert_eq!((half.specificity, half.shown_specificity), (Some(2.0 * third), Some(third)));
        assert_eq!((half.sensitivity, half.shown_sensitivity), (Some(0.5), Some(0.5)));
        assert_eq!(metrics.refused, Some(0.4));
        assert_eq!(metrics.figures()["shown.malignant.retake_reasons.blurred"], 0.5);
        assert!(!metrics.shown.contains_key("c"), "of what is absent nothing is shown");
    }

    #[test]
    fn nothing_to_measure_gives_no_figures() {
        let metrics = measure(&[]);
        assert!(metrics.figures().is_empty());
        assert_eq!(metrics.auroc_malignant, None);
    }

    #[test]
    fn ties_count_half_in_the_auroc() {
        let metrics = measure(&[outcome(0, [0.5, 0.5, 0.0]), outcome(1, [0.5, 0.5, 0.0])]);
        assert_eq!(metrics.auroc_malignant, Some(0.5));
    }

    fn any_outcome() -> impl Strategy<Value = Outcome> {
        (0usize..3, 0.01f32..1.0, 0.01f32..1.0, 0.01f32..1.0).prop_map(|(truth, a, b, c)| {
            let total = a + b + c;
            outcome(truth, [a / total, b / total, c / total])
        })
    }

    proptest! {
        #[test]
        fn every_figure_is_from_0_to_1(outcomes in prop::collection::vec(any_outcome(), 0..40)) {
            for (name, value) in measure(&outcomes).figures() {
                prop_assert!((0.0..=1.0).contains(&value), "{name} = {value}");
            }
        }

        #[test]
        fn auroc_agrees_with_counting_pairs(outcomes in prop::collection::vec(any_outcome(), 1..30)) {
            let pairs = outcomes.iter().flat_map(|m| outcomes.iter().map(move |b| (m, b)));
            let pairs: Vec<_> = pairs.filter(|(m, b)| m.truth == 1 && b.truth != 1).collect();
            let wins: f64 = pairs.iter().map(|(m, b)| match m.malignant.total_cmp(&b.malignant) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            }).sum();
            match measure(&outcomes).auroc_malignant {
                Some(auroc) => prop_assert!((auroc - wins / pairs.len() as f64).abs() < 1e-9),
                None => prop_assert!(pairs.is_empty()),
            }
        }
    }
}
