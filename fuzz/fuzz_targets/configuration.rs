//! Any text is a configuration that reads the same when written again, or an error that names the file; never a panic.
#![no_main]

use std::path::Path;

use dermascope::config::Config;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Config::parse(text, Path::new("device.toml")) {
        Ok(config) => {
            let written = toml::to_string(&config).expect("a configuration can be written");
            assert_eq!(Config::parse(&written, Path::new("again.toml")).expect("and read"), config);
        }
        Err(error) => assert!(error.to_string().starts_with("device.toml"), "{error}"),
    }
});
