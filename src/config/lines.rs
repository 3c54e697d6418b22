//! Where in a configuration's text something stands: sections, keys and the lines that messages mean, from 1.

/// The line of a key that a message names, from 1. Where it names several, one that the panel does not need: the rest is
/// told on it.
pub(super) fn line_named(message: &str, text: &str) -> Option<usize> {
    let keys = (1..=text.lines().count()).filter(|line| is_setting(text, *line));
    let named: Vec<_> = keys.filter(|line| names(message, &key_at(text, *line))).collect();
    let best = |line: &&usize| !key_at(text, **line).starts_with("panel.");
    named.iter().find(best).or(named.first()).copied()
}

/// Whether a message names a key, as a whole.
fn names(message: &str, key: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    message.match_indices(key).any(|(at, _)| {
        let after = message[at + key.len()..].chars().next();
        !message[..at].ends_with(is_word) && after.is_none_or(|c| c == '.' || !is_word(c))
    })
}

fn is_setting(text: &str, line: usize) -> bool {
    let line = text.lines().nth(line - 1).unwrap_or_default().trim_start();
    !line.starts_with(['#', '[']) && line.contains('=')
}

/// The key that is set on a line, behind its section: `camera.kind`.
pub(super) fn key_at(text: &str, line: usize) -> String {
    let before: Vec<_> = text.lines().take(line).collect();
    let key = before.last().and_then(|line| line.split_once('=')).map_or("", |(key, _)| key.trim());
    let section = before.iter().rev().find_map(|line| line.trim().strip_prefix('[')?.split(']').next());
    section.map_or_else(|| key.to_string(), |section| format!("{section}.{key}"))
}

/// The section that a line is in; "" before the first.
pub(super) fn section_at(text: &str, line: usize) -> &str {
    let before: Vec<_> = text.lines().take(line).collect();
    let header = before.iter().rev().find_map(|line| line.trim_start().strip_prefix('['));
    header.unwrap_or("").split(['.', ']']).next().unwrap_or("").trim()
}
