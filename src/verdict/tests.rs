use proptest::prelude::*;

use super::*;
use crate::classifier::{Attention, ClassProbability, Malignant, ModelId, Timings};

const REASONS: [Reason; 6] =
    [Reason::TooDark, Reason::TooBright, Reason::Glare, Reason::Blurred, Reason::NoLesion, Reason::OffCentre];
const THRESHOLD: f32 = 0.3;
const MARGIN: f32 = 0.05;

fn quality(reasons: &[Reason]) -> Quality {
    Quality { reasons: reasons.to_vec(), ..Quality::default() }
}

/// As the classifier would answer: the doubts follow from the numbers.
fn assessment(malignant: f32, top: f32, strange: bool) -> Assessment {
    let near = malignant < THRESHOLD && THRESHOLD - malignant <= MARGIN;
    let doubts = [
        (strange, Doubt::OutOfDistribution),
        (top < 0.6, Doubt::LowConfidence),
        (near, Doubt::NearThreshold),
    ];
    let class = |class: &str, malignant, probability| ClassProbability {
        class: class.into(),
        name: class.into(),
        short: class.into(),
        malignant,
        probability,
    };
    let benign = 1.0 - malignant;
    Assessment {
        probabilities: vec![class("mel", true, malignant), class("nv", false, top.min(benign))],
        malignant: Malignant {
            probability: malignant,
            operating_point: "screening".into(),
            threshold: THRESHOLD,
            ..Malignant::default()
        },
        doubts: doubts.into_iter().filter_map(|(holds, doubt)| holds.then_some(doubt)).collect(),
        strangeness: 0.0,
        attention: Attention { size: 0, values: vec![] },
        model: ModelId::default(),
        timings: Timings::default(),
    }
}

fn verdict(reasons: &[Reason], malignant: f32) -> Option<Verdict> {
    judge(&quality(reasons), &assessment(malignant, 0.9, false), false).verdict
}

/// How much a word warns: to be taken again is no word, and as mild as uncertain.
fn weight(verdict: Option<Verdict>) -> u8 {
    match verdict {
        Some(Verdict::NotSuspicious) => 0,
        Some(Verdict::Uncertain) | None => 1,
        Some(Verdict::Suspicious) => 2,
    }
}

#[test]
fn the_threshold_decides_and_only_what_is_just_below_it_is_uncertain() {
    assert_eq!(verdict(&[], THRESHOLD), Some(Verdict::Suspicious));
    assert_eq!(verdict(&[], THRESHOLD - 0.01), Some(Verdict::Uncertain));
    assert_eq!(verdict(&[], THRESHOLD - 2.0 * MARGIN), Some(Verdict::NotSuspicious));
}

#[test]
fn a_spoiled_picture_is_to_be_taken_again_and_never_more_than_uncertain_if_it_is_used() {
    for reason in [Reason::TooDark, Reason::TooBright, Reason::Glare, Reason::Blurred] {
        let assessment = assessment(0.99, 0.9, false);
        let judgement = judge(&quality(&[reason]), &assessment, false);
        assert_eq!((judgement.verdict, judgement.reasons), (None, vec![Why::Quality(reason)]));
        let used = judge(&quality(&[reason]), &assessment, true);
        assert_eq!((used.verdict, used.reasons), (Some(Verdict::Uncertain), vec![Why::Quality(reason)]));
    }
}

#[test]
fn what_is_unlike_any_lesion_is_refused_however_malignant_it_looks() {
    let strange = assessment(0.99, 0.9, true);
    assert_eq!(judge(&quality(&[]), &strange, false).reasons, [Why::Doubt(Doubt::OutOfDistribution)]);
    assert_eq!(judge(&quality(&[]), &strange, false).verdict, None);
    assert_eq!(judge(&quality(&[]), &strange, true).verdict, Some(Verdict::Uncertain));
}

#[test]
fn a_lesion_off_the_centre_is_called_suspicious_but_never_not_suspicious() {
    assert_eq!(verdict(&[Reason::OffCentre], THRESHOLD), Some(Verdict::Suspicious));
    assert_eq!(verdict(&[Reason::OffCentre], THRESHOLD - 0.01), None);
    assert_eq!(verdict(&[Reason::OffCentre], 0.0), None);
    let shown = judge(&quality(&[Reason::OffCentre]), &assessment(0.8, 0.9, false), false);
    assert_eq!(shown.reasons, [Why::Quality(Reason::OffCentre)], "and it is said");
}

#[test]
fn a_lesion_too_faint_to_measure_is_called_suspicious_where_the_network_finds_it_likelier_than_not() {
    assert_eq!(verdict(&[Reason::NoLesion], 0.49), None);
    assert_eq!(verdict(&[Reason::NoLesion], 0.5), Some(Verdict::Suspicious));
    assert_eq!(verdict(&[Reason::Blurred, Reason::NoLesion], 0.9), None);
}

#[test]
fn what_was_shown_then_stays_whatever_the_rule_is_now() {
    let doubtful = assessment(0.8, 0.4, false);
    let then = Judgement::recorded(Verdict::Uncertain, &quality(&[]), &doubtful);
    assert_eq!(then.word(), "UNCERTAIN");
    assert_eq!(then.reasons, [Why::Doubt(Doubt::LowConfidence)]);
    assert_eq!(judge(&quality(&[]), &doubtful, false).verdict, Some(Verdict::Suspicious));
}

#[test]
fn all_words_fit_the_screen_and_are_one_for_programs() {
    let doubts =
        [Doubt::NotDermatoscopic, Doubt::OutOfDistribution, Doubt::LowConfidence, Doubt::NearThreshold];
    let whys = REASONS.map(Why::Quality).into_iter().chain(doubts.map(Why::Doubt));
    for why in whys {
        assert!(why.words().len() <= 28 && why.instruction().len() <= 28, "{why:?}");
    }
    let json = serde_json::to_string(&[Why::Quality(Reason::OffCentre), Why::Doubt(Doubt::NearThreshold)]);
    assert_eq!(json.unwrap(), r#"["off_centre","near_threshold"]"#);
    for verdict in [Verdict::Suspicious, Verdict::Uncertain, Verdict::NotSuspicious] {
        assert_eq!(serde_json::to_value(verdict).unwrap(), verdict.code());
    }
}

fn any_reasons() -> impl Strategy<Value = Vec<Reason>> {
    prop::sample::subsequence(REASONS.to_vec(), 0..=REASONS.len())
}

proptest! {
    #[test]
    fn raising_the_probability_of_malignant_never_makes_the_word_milder(
        reasons in any_reasons(), a in 0.0f32..=1.0, b in 0.0f32..=1.0,
        top in 0.0f32..=1.0, strange: bool, overridden: bool,
    ) {
        let (low, high) = (a.min(b), a.max(b));
        let word = |malignant| {
            weight(judge(&quality(&reasons), &assessment(malignant, top, strange), overridden).verdict)
        };
        prop_assert!(word(high) >= word(low), "{low} {} {high} {}", word(low), word(high));
    }

    #[test]
    fn which_class_it_is_never_changes_the_word(
        reasons in any_reasons(), malignant in 0.0f32..=1.0, tops in prop::array::uniform2(0.0f32..=1.0),
        strange: bool, overridden: bool,
    ) {
        let [one, other] =
            tops.map(|top| judge(&quality(&reasons), &assessment(malignant, top, strange), overridden));
        prop_assert_eq!(one, other);
    }

    #[test]
    fn a_word_that_stands_has_a_good_picture_behind_it(
        reasons in any_reasons(), malignant in 0.0f32..=1.0, strange: bool, overridden: bool,
    ) {
        let judgement = judge(&quality(&reasons), &assessment(malignant, 0.9, strange), overridden);
        if judgement.verdict == Some(Verdict::NotSuspicious) {
            prop_assert!(reasons.is_empty() && !strange && judgement.reasons.is_empty());
        }
        if judgement.verdict.is_none() {
            prop_assert!(!overridden && !judgement.reasons.is_empty() && judgement.advice().is_some());
        }
        if judgement.verdict == Some(Verdict::Suspicious) {
            prop_assert!(malignant >= THRESHOLD);
        }
    }
}
