//! The configuration's JSON schema, made from its types, so that editors complete and check it.

use super::Config;

/// The schema as `config/dermascope.schema.json` holds it and `dermascope config schema` prints it (JSON Schema 2020-12).
/// It knows every key, its type, default and range; what hangs on several keys only [`Config::parse`] checks.
pub fn schema() -> String {
    let schema = schemars::schema_for!(Config);
    // A schema is JSON already: it has nothing that cannot be written.
    serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::Value;

    use super::*;

    const KEPT: &str = include_str!("../../config/dermascope.schema.json");

    #[test]
    fn the_schema_that_ships_is_the_one_of_the_types() {
        assert!(KEPT == schema(), "dermascope config schema > config/dermascope.schema.json");
    }

    /// Every number with a range: section, key and the key's schema.
    fn ranges() -> Vec<(String, String, Value)> {
        let schema: Value = serde_json::from_str(KEPT).unwrap();
        let mut found = Vec::new();
        for (section, reference) in schema["properties"].as_object().unwrap() {
            let Some(name) = reference["$ref"].as_str() else { continue };
            let keys = schema.pointer(&name[1..]).unwrap()["properties"].as_object().unwrap();
            let ranged = keys.iter().filter(|(_, key)| key.get("maximum").is_some());
            found.extend(ranged.map(|(key, value)| (section.clone(), key.clone(), value.clone())));
        }
        found
    }

    /// What a configuration with this one key is refused with, if it is refused for that key.
    fn refusal(section: &str, key: &str, value: &str) -> Option<String> {
        let text = format!("[{section}]\n{key} = {value}\n");
        let error = Config::parse(&text, Path::new("device.toml")).err()?.to_string();
        // By its name, or by its line where the type does not hold such a number.
        (error.contains(key) || error.starts_with("device.toml:2: invalid value")).then_some(error)
    }

    #[test]
    fn what_the_schema_says_is_out_of_range_is_refused() {
        let ranges = ranges();
        assert!(ranges.len() >= 30, "{}", ranges.len());
        for (section, key, schema) in ranges {
            let is_whole = schema["type"].to_string().contains("integer");
            let write = |value: f64| if is_whole { format!("{value:.0}") } else { format!("{value:?}") };
            let step = if is_whole { 1.0 } else { 0.01 };
            let most = schema["maximum"].as_f64().unwrap();
            assert!(refusal(&section, &key, &write(most + step)).is_some(), "{section}.{key} above {most}");
            let least = schema.get("exclusiveMinimum").or(schema.get("minimum"));
            let Some(least) = least.and_then(Value::as_f64) else { panic!("{section}.{key} has no minimum") };
            assert!(refusal(&section, &key, &write(least - step)).is_some(), "{section}.{key} below {least}");
        }
    }
}
