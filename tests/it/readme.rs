//! The README's commands are run as they stand there.

use std::fs;
use std::path::Path;
use std::process::Command;

use dermascope::{commands::demo, synthetic};

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// The lines that begin with `$ ` in the README's console blocks, without it.
fn commands() -> Vec<String> {
    let readme = readme();
    let blocks =
        readme.split("```console\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_string());
    let lines: Vec<_> =
        blocks.flat_map(|block| block.lines().map(String::from).collect::<Vec<_>>()).collect();
    lines.iter().filter_map(|line| line.strip_prefix("$ ").map(String::from)).collect()
}

/// A folder with what the README's examples name.
fn example_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    synthetic::lesion(1, 256).save(path.join("lesion.jpg")).unwrap();
    fs::create_dir(path.join("pictures")).unwrap();
    synthetic::lesion(2, 256).save(path.join("pictures/one.png")).unwrap();
    fs::write(path.join("labels.csv"), "image_id,dx\none,nv\n").unwrap();
    for shipped in ["config", "models"] {
        std::os::unix::fs::symlink(Path::new(env!("CARGO_MANIFEST_DIR")).join(shipped), path.join(shipped))
            .unwrap();
    }
    folder
}

#[test]
fn every_dermascope_command_in_the_readme_runs() {
    let folder = example_folder();
    let commands: Vec<_> =
        commands().into_iter().filter(|command| command.starts_with("dermascope ")).collect();
    assert!(commands.len() >= 5, "{commands:?}");
    for command in commands {
        let arguments = command.split_whitespace().skip(1);
        let mut program = Command::new(env!("CARGO_BIN_EXE_dermascope"));
        let output = program.args(arguments).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn every_make_command_in_the_readme_is_a_target() {
    let makefile = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Makefile")).unwrap();
    let commands: Vec<_> = commands().into_iter().filter(|command| command.starts_with("make ")).collect();
    assert_eq!(commands[..2], ["make demo", "make test"], "they open the README");
    for command in commands {
        let target = command.split_whitespace().nth(1).unwrap();
        assert!(makefile.lines().any(|line| line.starts_with(&format!("{target}:"))), "{command}");
    }
}

#[test]
fn every_link_to_a_file_in_the_readme_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = readme();
    let links = readme.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
    for link in links.filter(|link| !link.contains("://")) {
        assert!(root.join(link).exists(), "{link}");
    }
}

#[test]
fn the_figures_in_the_readme_are_those_that_the_evaluation_printed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = readme();
    let text = fs::read_to_string(root.join("models/evaluation.json")).unwrap();
    let evaluation: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut missing = Vec::new();
    for (words, place) in [
        ("malignant, shown SUSPICIOUS", "/shown/malignant/suspicious"),
        ("malignant, shown UNCERTAIN", "/shown/malignant/uncertain"),
        ("malignant, to be taken again", "/shown/malignant/retake"),
        ("malignant, shown NOT SUSPICIOUS", "/shown/malignant/not_suspicious"),
        ("benign, shown NOT SUSPICIOUS", "/shown/benign/not_suspicious"),
        ("melanoma, shown SUSPICIOUS", "/shown/mel/suspicious"),
        ("melanoma, shown NOT SUSPICIOUS", "/shown/mel/not_suspicious"),
        ("all, shown UNCERTAIN", "/shown/all/uncertain"),
        ("all, to be taken again", "/shown/all/retake"),
        ("balanced accuracy", "/balanced_accuracy"),
        ("AUROC of P(malignant)", "/auroc_malignant"),
        ("top-3 accuracy", "/top3_accuracy"),
        ("sensitivity of the `screening` threshold", "/operating_points/screening/sensitivity"),
        ("specificity of the `screening` threshold", "/operating_points/screening/specificity"),
        ("expected calibration error", "/ece"),
    ] {
        let number = |place: &str| evaluation.pointer(place).and_then(serde_json::Value::as_f64).unwrap();
        let bounds = format!("/ci95{place}");
        let (low, high) = (number(&format!("{bounds}/0")), number(&format!("{bounds}/1")));
        let row = format!("| {words} | {:.3} | {low:.3} to {high:.3} |", number(place));
        if !readme.contains(&row) {
            missing.push(row);
        }
    }
    assert!(missing.is_empty(), "the README lacks these rows:\n{}", missing.join("\n"));
}

#[test]
fn the_readme_says_what_the_card_does_of_melanomas_in_dim_and_warm_light() {
    let card = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/CARD.md");
    let card = fs::read_to_string(card).unwrap();
    let columns = |begins: &str| -> Vec<String> {
        let row = card.lines().find(|line| line.starts_with(begins)).unwrap();
        row.split('|').map(|cell| cell.trim().to_string()).collect()
    };
    let place = columns("| pictures | AUROC").iter().position(|cell| cell == "of melanoma").unwrap();
    let found = |row: &str| columns(row)[place].parse::<f64>().unwrap();
    let (dim, warm, plain) = (found("| 0.6 of the light"), found("| warm light"), found("| as they are"));
    let told = format!("({dim:.2} and {warm:.2} of them instead of {plain:.2})");
    assert!(readme().contains(&told), "{told}");
}

#[test]
fn the_readme_says_how_many_of_the_demo_s_drawn_lesions_are_refused() {
    const NUMBERS: [&str; 11] =
        ["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    let folder = tempfile::tempdir().unwrap();
    let drawn = synthetic::folder(folder.path(), demo::PICTURES).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_dermascope"));
    let output = program.args(["classify", "--json"]).args(&drawn).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    assert_eq!(lines.lines().count(), demo::PICTURES);
    let refused = lines
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|read| read["doubts"].as_array().unwrap().contains(&"out_of_distribution".into()))
        .count();
    let told = format!("{} of the {} it refuses", NUMBERS[refused], demo::PICTURES);
    assert!(readme().contains(&told), "{told}");
}
