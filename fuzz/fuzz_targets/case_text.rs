//! What a case may be called is the same when it is said again, or is refused; never a panic.
#![no_main]

use dermascope::case::Case;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|words: (&str, &str)| {
    let said = [Case::new(Some(words.0), Some(words.1)), Case::said(words.0)];
    for case in said.into_iter().flatten() {
        assert!(!case.words().chars().any(char::is_control));
        let json = serde_json::to_string(&case).expect("a case can be written");
        assert_eq!(serde_json::from_str::<Case>(&json).expect("and read"), case);
    }
});
