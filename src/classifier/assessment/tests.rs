use std::path::Path;

use proptest::prelude::*;

use super::*;

fn shipped(class_offsets: Vec<f32>) -> Manifest {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/lesion.toml");
    let mut manifest = Manifest::read(&path).unwrap();
    manifest.calibration.class_offsets = class_offsets;
    manifest
}

fn malignant_sum(values: &[f32], manifest: &Manifest) -> f32 {
    manifest.labels.iter().zip(values).filter(|(label, _)| label.malignant).map(|(_, value)| value).sum()
}

proptest! {
    #[test]
    fn class_offsets_leave_the_probability_of_malignant_and_the_sum_of_all(
        logits in prop::collection::vec(-30.0f32..30.0, 7),
        offsets in prop::collection::vec(-20.0f32..20.0, 7),
    ) {
        let (plain, moved) = (shipped(vec![0.0; 7]), shipped(offsets));
        let (before, after) = (probabilities(&logits, &plain), probabilities(&logits, &moved));
        prop_assert!(after.iter().all(|value| (0.0..=1.0 + 1e-5).contains(value)));
        prop_assert!((after.iter().sum::<f32>() - 1.0).abs() < 1e-4);
        prop_assert!((malignant_sum(&before, &plain) - malignant_sum(&after, &moved)).abs() < 1e-4);
    }

    #[test]
    fn a_prevalence_changes_what_is_shown_and_neither_the_side_nor_what_was_computed(
        logits in prop::collection::vec(-8.0f32..8.0, 7), prevalence in 0.001f32..=0.999,
    ) {
        let mut manifest = shipped(vec![0.0; 7]);
        manifest.calibration.prevalence = Some(0.2);
        let (embedding, attention) = (vec![0.0; 4], vec![0.0; 7]);
        let outputs = Outputs { logits, embedding, attention, attention_size: 1 };
        let point = &manifest.operating_points[0];
        let computed =
            Assessment::new(&outputs, &manifest, point, &ModelId::default(), Timings::default());
        let here = computed.clone().seen_where(prevalence);
        prop_assert_eq!(here.malignant.is_suspicious(), computed.malignant.is_suspicious());
        prop_assert_eq!(&here.doubts, &computed.doubts);
        prop_assert_eq!(&here.probabilities, &computed.probabilities);
        prop_assert_eq!(here.malignant.probability, computed.malignant.probability);
        let (shown, threshold) = here.malignant.shown();
        if computed.malignant.is_suspicious() {
            prop_assert!(shown >= threshold);
        } else {
            prop_assert!(shown <= threshold);
        }
        let classes = here.shown_top(7);
        let malignant: f32 = classes.iter().filter(|class| class.malignant).map(|class| class.probability).sum();
        prop_assert!((malignant - shown).abs() < 1e-3, "{malignant} {shown}");
        prop_assert!((classes.iter().map(|class| class.probability).sum::<f32>() - 1.0).abs() < 1e-3);
    }

    #[test]
    fn class_offsets_of_zero_are_the_softmax(logits in prop::collection::vec(-30.0f32..30.0, 7)) {
        let manifest = shipped(vec![0.0; 7]);
        let plain = softmax(&logits, manifest.calibration.temperature);
        for (ours, softmax) in probabilities(&logits, &manifest).iter().zip(plain) {
            prop_assert!((ours - softmax).abs() < 1e-5);
        }
    }
}

#[test]
fn a_class_with_a_higher_offset_takes_from_its_own_kind_only() {
    let mut offsets = vec![0.0; 7];
    offsets[3] = 1.0; // dermatofibroma, among the benign
    let (plain, moved) = (shipped(vec![0.0; 7]), shipped(offsets));
    let logits = [0.3, -0.2, 0.5, 0.1, 0.7, 2.0, -1.0];
    let (before, after) = (probabilities(&logits, &plain), probabilities(&logits, &moved));
    assert!(after[3] > before[3]);
    for class in [2, 5, 6] {
        assert!(after[class] < before[class]);
    }
    for class in [0, 1, 4] {
        assert!((after[class] - before[class]).abs() < 1e-6);
    }
}
