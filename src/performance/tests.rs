use proptest::prelude::*;

use super::*;

fn manifest() -> Manifest {
    Manifest::parse(include_str!("../../models/lesion.toml")).expect("the shipped one")
}

/// A record that the shipped network read at `screening`.
fn read(sequence: u64, verdict: Verdict, outcome: Truth) -> Read {
    Read {
        sequence,
        verdict,
        probability: 0.4,
        operating_point: "screening".into(),
        model_sha256: manifest().sha256,
        lesion: None,
        month: "2026-05".into(),
        site: Some("head/neck"),
        outcome,
    }
}

fn many(count: usize, verdict: Verdict, malignant: bool) -> Vec<Read> {
    vec![read(1, verdict, Truth::Verified { malignant }); count]
}

#[test]
fn a_device_that_finds_fewer_than_the_card_is_warned_of_and_one_that_finds_as_many_is_not() {
    let mut reads = many(30, Verdict::Suspicious, true);
    reads.extend(many(10, Verdict::NotSuspicious, true));
    let performance = Performance::of(&reads, Some(&manifest()));
    let [against] = &performance.against_card[..] else { panic!("one point") };
    let warning = against.warning.as_deref().expect("0.75 is below the card");
    assert!(warning.contains("30 of 40") && warning.contains("more than chance"), "{warning}");
    let performance = Performance::of(&many(40, Verdict::Suspicious, true), Some(&manifest()));
    assert_eq!(performance.against_card[0].warning, None);
}

#[test]
fn below_thirty_malignant_lesions_it_says_too_few_and_warns_of_nothing() {
    let mut reads = many(FEWEST_MALIGNANT - 1, Verdict::NotSuspicious, true);
    let performance = Performance::of(&reads, Some(&manifest()));
    assert!(!performance.all.enough && performance.against_card[0].warning.is_none());
    assert!(performance.to_string().contains("too few to say: 29 malignant"), "{performance}");
    reads.extend(many(1, Verdict::NotSuspicious, true));
    let performance = Performance::of(&reads, Some(&manifest()));
    assert!(performance.all.enough && performance.against_card[0].warning.is_some());
}

#[test]
fn what_another_model_or_another_point_read_is_not_held_against_the_card() {
    let mut reads = many(40, Verdict::NotSuspicious, true);
    reads.iter_mut().for_each(|read| read.model_sha256 = "0".repeat(64));
    assert!(Performance::of(&reads, Some(&manifest())).against_card.is_empty());
    let mut reads = many(40, Verdict::NotSuspicious, true);
    reads.iter_mut().for_each(|read| read.operating_point = "balanced".into());
    let performance = Performance::of(&reads, Some(&manifest()));
    assert_eq!(performance.against_card.len(), 1);
    assert_eq!(performance.against_card[0].operating_point, "balanced");
    assert!(Performance::of(&reads, None).against_card.is_empty());
}

#[test]
fn pictures_of_one_lesion_count_once_and_its_verified_one_before_the_others() {
    let lesion = |case: &str| Some((case.to_string(), Lesion::new(1).expect("in range")));
    let mut reads = vec![
        read(1, Verdict::NotSuspicious, Truth::Nothing),
        read(2, Verdict::Suspicious, Truth::Verified { malignant: true }),
        read(3, Verdict::Suspicious, Truth::Nothing),
        read(4, Verdict::Suspicious, Truth::Nothing),
    ];
    for (read, case) in reads.iter_mut().zip(["A", "A", "A", "B"]) {
        read.lesion = lesion(case);
    }
    let performance = Performance::of(&reads, None);
    assert_eq!((performance.all.malignant, performance.unverified, performance.repeated), (1, 1, 2));
}

#[test]
fn calibration_tells_what_was_said_beside_what_was_found() {
    let mut reads = many(3, Verdict::Uncertain, false);
    reads.extend(many(1, Verdict::Suspicious, true));
    for (read, probability) in reads.iter_mut().zip([0.3, 0.3, 0.04, 1.0]) {
        read.probability = probability;
    }
    let bins = Performance::of(&reads, None).calibration;
    let said: Vec<_> = bins.iter().map(|bin| (bin.from, bin.found.count, bin.found.of)).collect();
    assert_eq!(said, [(0.0, 0, 1), (0.25, 0, 2), (0.5, 1, 1)]);
    assert!((bins[1].said - 0.3).abs() < 1e-6);
}

proptest! {
    /// Whatever is read and noted, every record is counted at exactly one place.
    #[test]
    fn every_record_is_counted_once(
        drawn in prop::collection::vec((0u8..3, 0u8..4, 0u16..4, 0.0f32..=1.0), 0..60),
    ) {
        let reads: Vec<Read> = drawn.iter().zip(1..).map(|((word, outcome, lesion, probability), sequence)| {
            let verdict = [Verdict::Suspicious, Verdict::Uncertain, Verdict::NotSuspicious][usize::from(*word)];
            let outcome = [
                Truth::Verified { malignant: true },
                Truth::Verified { malignant: false },
                Truth::Unclear,
                Truth::Nothing,
            ][usize::from(*outcome)];
            let lesion = Lesion::new(*lesion).map(|lesion| ("A".to_string(), lesion));
            Read { probability: *probability, lesion, ..read(sequence, verdict, outcome) }
        }).collect();
        let Performance { all, unverified, unclear, repeated, calibration, by_site, .. } = Performance::of(&reads, Some(&manifest()));
        prop_assert_eq!(all.malignant + all.benign + unverified + unclear + repeated, reads.len());
        let words = |words: &Words| {
            let all = [words.suspicious, words.uncertain, words.not_suspicious];
            all.into_iter().flatten().map(|rate| rate.count).sum::<usize>()
        };
        prop_assert_eq!(words(&all.of_malignant), all.malignant);
        prop_assert_eq!(words(&all.of_benign), all.benign);
        prop_assert_eq!(calibration.iter().map(|bin| bin.found.of).sum::<usize>(), all.malignant + all.benign);
        prop_assert_eq!(by_site.values().map(|part| part.malignant).sum::<usize>(), all.malignant);
    }
}
