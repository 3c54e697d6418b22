//! The docs name files and functions that are there.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every page of prose for people, but what the training has of its own.
fn pages() -> Vec<PathBuf> {
    let named = ["README.md", "CONTRIBUTING.md", "SECURITY.md"].map(|name| root().join(name));
    let below = ["docs", "docs/decisions"].iter().flat_map(|folder| {
        let entries = fs::read_dir(root().join(folder)).unwrap();
        entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|end| end == "md"))
    });
    let pages: Vec<_> = named.into_iter().chain(below).collect();
    assert!(pages.len() > 10, "{pages:?}");
    pages
}

/// The texts between backquotes on one line.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// The heading's anchor, as GitHub makes it of plain words.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    kept.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).collect::<String>().replace(' ', "-")
}

#[test]
fn every_relative_link_in_the_docs_leads_to_a_file_and_a_heading() {
    let mut broken = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            if link.contains("://") {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            let leads = target.exists()
                && (heading.is_empty()
                    || fs::read_to_string(&target).is_ok_and(|text| {
                        text.lines().any(|line| line.starts_with('#') && anchor(line) == heading)
                    }));
            if !leads {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_path_that_the_docs_name_is_there() {
    const TOPS: [&str; 11] = [
        "src/", "crates/", "tests/", "models/", "config/", "cross/", "benches/", "systemd/", "docs/",
        "fuzz/", "image/",
    ];
    let mut missing = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for name in text.lines().flat_map(quoted) {
            let is_path = TOPS.iter().any(|top| name.starts_with(top)) && !name.contains(['*', ' ', '{']);
            if is_path && !root().join(name).exists() {
                missing.push(format!("{}: {name}", page.display()));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

/// A row of a walk is `| [file](link) | names | what |`.
#[test]
fn every_name_in_the_walks_is_defined_in_its_file() {
    let text = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let (mut seen, mut missing) = (0, Vec::new());
    for line in text.lines().filter(|line| line.starts_with("| [`src/")) {
        let cells: Vec<_> = line.split('|').collect();
        let file = quoted(cells[1]).next().unwrap();
        let source = fs::read_to_string(root().join(file)).unwrap_or_default();
        for name in quoted(cells[2]) {
            seen += 1;
            let is_defined = ["fn ", "struct ", "enum ", "    "].iter().any(|before| {
                source.match_indices(&format!("{before}{name}")).any(|(at, found)| {
                    !source[at + found.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_')
                })
            });
            if !is_defined {
                missing.push(format!("{file}: {name}"));
            }
        }
    }
    assert!(seen > 40, "the walks have {seen} names");
    assert!(missing.is_empty(), "{missing:#?}");
}
