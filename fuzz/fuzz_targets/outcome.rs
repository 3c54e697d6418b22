//! What became of a lesion is the same when it is said again, or is refused; never a panic.
#![no_main]

use dermascope::outcome::Outcome;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(outcome) = serde_json::from_str::<Outcome>(text) else { return };
    if let Ok(taken) = outcome.checked() {
        assert!(!taken.words().is_empty());
        let json = serde_json::to_string(&taken).expect("an outcome can be written");
        let again: Outcome = serde_json::from_str(&json).expect("and read");
        assert_eq!(again.checked().expect("and is taken again"), taken);
    }
});
