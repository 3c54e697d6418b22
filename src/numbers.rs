//! Numbers that are none: TOML can write `nan` and `inf`, and no comparison that follows means anything.

use serde::Serialize;
use toml::Value;

/// The key of a number that is not finite, such as `light.points[2].x`, in whatever was read; none where all are.
pub fn not_finite(read: &impl Serialize) -> Option<String> {
    // Cannot fail for what was read from TOML.
    find(&Value::try_from(read).ok()?)
}

fn find(value: &Value) -> Option<String> {
    match value {
        Value::Float(number) if !number.is_finite() => Some(String::new()),
        Value::Array(values) => values.iter().enumerate().find_map(|(at, value)| {
            let key = find(value)?;
            Some(format!("[{at}]{}{key}", if key.is_empty() || key.starts_with('[') { "" } else { "." }))
        }),
        Value::Table(table) => table.iter().find_map(|(name, value)| {
            let key = find(value)?;
            Some(format!("{name}{}{key}", if key.is_empty() || key.starts_with('[') { "" } else { "." }))
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_none_is_named_wherever_it_is() {
        let of = |text: &str| not_finite(&text.parse::<toml::Table>().unwrap());
        for (text, key) in [
            ("a = nan", "a"),
            ("a = 1\n[b]\nc = -inf", "b.c"),
            ("a = [1.0, inf]", "a[1]"),
            ("[[a]]\nb = 1.5\n[[a]]\nb = [[0.0, nan]]", "a[1].b[0][1]"),
        ] {
            assert_eq!(of(text).as_deref(), Some(key), "{text}");
        }
        assert_eq!(of("a = 1.5\nb = \"nan\"\nc = [3, 4]"), None);
    }
}
