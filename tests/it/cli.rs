//! The command line, as a person or a script meets it.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};

use assert_cmd::Command;
use dermascope::synthetic;
use serde_json::Value;
use tempfile::TempDir;

use crate::shared::{manifest, python};

fn dermascope() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dermascope"));
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

/// Runs, and gives the exit status, standard output and standard error.
fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = dermascope().args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn draw(folder: &Path, name: &str, seed: u64) -> String {
    let path = folder.join(name);
    synthetic::lesion(seed, 256).save(&path).unwrap();
    path.to_str().unwrap().into()
}

/// A copy of the model that a test may damage.
fn copied_model() -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["lesion.toml", "lesion.onnx"] {
        fs::copy(manifest().with_file_name(name), folder.path().join(name)).unwrap();
    }
    let path = folder.path().join("lesion.toml").to_str().unwrap().to_string();
    (folder, path)
}

#[test]
fn classify_prints_one_json_object_a_picture_with_the_promised_keys() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = [draw(folder.path(), "one.png", 1), draw(folder.path(), "two.png", 2)];
    let (status, out, _) = run(&["classify", "--json", &pictures[0], &pictures[1]]);
    assert_eq!(status, 0);
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    for (line, picture) in lines.iter().zip(&pictures) {
        assert_eq!(line["image"], picture.as_str());
        let probabilities = line["probabilities"].as_object().unwrap();
        let mut classes: Vec<_> = probabilities.keys().map(String::as_str).collect();
        classes.sort_unstable();
        assert_eq!(classes, ["akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"]);
        let value = |class: &str| probabilities[class].as_f64().unwrap();
        let total: f64 = classes.iter().map(|class| value(class)).sum();
        assert!((total - 1.0).abs() < 1e-5, "{total}");
        let malignant = line["malignant"]["probability"].as_f64().unwrap();
        assert!((malignant - value("akiec") - value("bcc") - value("mel")).abs() < 1e-5);
        assert_eq!(line["malignant"]["operating_point"], "screening");
        let suspicious = malignant >= line["malignant"]["threshold"].as_f64().unwrap();
        assert_eq!(line["malignant"]["decision"] == "suspicious", suspicious);
        let top = line["top"].as_array().unwrap();
        assert_eq!(top.len(), 3);
        for (class, next) in top.iter().zip(&top[1..]) {
            assert!(class["probability"].as_f64() >= next["probability"].as_f64());
            assert_eq!(class["probability"].as_f64().unwrap(), value(class["class"].as_str().unwrap()));
            assert!(class["name"].as_str().unwrap().len() > 3);
        }
        assert!(line["quality"].is_object() && line["uncertain"].is_boolean());
        let words = ["suspicious", "uncertain", "not_suspicious", "retake"];
        assert!(words.contains(&line["verdict"].as_str().unwrap()) && line["reasons"].is_array());
        assert_eq!(line["model"]["sha256"].as_str().unwrap().len(), 64);
        assert!(line["timings_ms"]["inference"].as_f64().unwrap() > 0.0);
    }
}

#[test]
fn classify_says_in_words_what_it_is_for() {
    let folder = tempfile::tempdir().unwrap();
    let (status, out, _) = run(&["classify", &draw(folder.path(), "one.png", 1)]);
    assert_eq!(status, 0);
    assert!(out.contains("P(malignant)") && out.contains("Melanoma"), "{out}");
    assert!(out.contains("Research use only. Not a diagnosis."), "{out}");
}

#[test]
fn a_picture_that_cannot_be_read_is_named_and_does_not_stop_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.jpg");
    fs::write(&broken, b"not a picture").unwrap();
    let good = draw(folder.path(), "good.png", 1);
    let (status, out, err) = run(&["classify", "--json", broken.to_str().unwrap(), "/nowhere.png", &good]);
    assert_eq!(status, 1);
    assert_eq!(out.lines().count(), 1);
    assert!(err.contains("broken.jpg") && err.contains("not a JPEG or PNG"), "{err}");
    assert!(err.contains("/nowhere.png"), "{err}");
}

#[test]
fn a_network_with_another_hash_is_refused_with_the_file_and_the_cure() {
    let (folder, model) = copied_model();
    let path = folder.path().join("lesion.onnx");
    let mut network = fs::read(&path).unwrap();
    let middle = network.len() / 2;
    network[middle] ^= 1;
    fs::write(&path, network).unwrap();
    let (status, _, err) = run(&["classify", "--model", &model, "any.png"]);
    assert_eq!(status, 1);
    assert!(err.contains("lesion.onnx") && err.contains("sha256") && err.contains("again"), "{err}");
}

#[test]
fn a_missing_network_or_manifest_is_named() {
    let (folder, model) = copied_model();
    fs::remove_file(folder.path().join("lesion.onnx")).unwrap();
    let (status, _, err) = run(&["classify", "--model", &model, "any.png"]);
    assert!(status == 1 && err.contains("lesion.onnx: cannot read the network"), "{err}");
    let (status, _, err) = run(&["classify", "--model", "/nowhere/lesion.toml", "any.png"]);
    assert!(status == 1 && err.contains("/nowhere/lesion.toml: cannot read the model's manifest"), "{err}");
}

#[test]
fn labels_that_disagree_with_the_networks_output_are_refused() {
    let (_folder, model) = copied_model();
    let mut table: toml::Table = fs::read_to_string(&model).unwrap().parse().unwrap();
    table["labels"].as_array_mut().unwrap().pop();
    table["calibration"]["class_offsets"].as_array_mut().unwrap().pop();
    fs::write(&model, table.to_string()).unwrap();
    let (status, _, err) = run(&["classify", "--model", &model, "any.png"]);
    assert_eq!(status, 1);
    assert!(err.contains("answers 7 classes, but the manifest names 6"), "{err}");
}

#[test]
fn class_offsets_that_are_missing_too_few_or_out_of_range_are_refused() {
    let (_folder, model) = copied_model();
    let shipped = fs::read_to_string(&model).unwrap();
    let refused = |offsets: Option<toml::Value>| {
        let mut table: toml::Table = shipped.parse().unwrap();
        let calibration = table["calibration"].as_table_mut().unwrap();
        calibration.remove("class_offsets");
        calibration.extend(offsets.map(|offsets| ("class_offsets".to_string(), offsets)));
        fs::write(&model, table.to_string()).unwrap();
        let (status, _, err) = run(&["classify", "--model", &model, "any.png"]);
        assert_eq!(status, 1);
        err
    };
    assert!(refused(None).contains("missing field `class_offsets`"));
    assert!(refused(Some(vec![0.0; 6].into())).contains("one number for each of the `labels`"));
    assert!(refused(Some(vec![f64::NAN; 7].into())).contains("`calibration.class_offsets[0]` is no number"));
    assert!(refused(Some(vec![21.0; 7].into())).contains("from -20 to 20"));
}

#[test]
fn an_unknown_engine_or_operating_point_is_refused_with_those_that_exist() {
    let (_, _, err) = run(&["classify", "--engine", "gpu", "any.png"]);
    assert!(err.contains("no engine called `gpu`") && err.contains("int8, tract"), "{err}");
    let (_, _, err) = run(&["classify", "--operating-point", "guess", "any.png"]);
    assert!(err.contains("no operating point called `guess`") && err.contains("screening"), "{err}");
}

#[test]
fn evaluate_names_and_counts_what_it_cannot_read_and_measures_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    draw(folder.path(), "a.png", 1);
    draw(folder.path(), "b.png", 2);
    fs::write(folder.path().join("c.jpg"), b"").unwrap();
    let labels = folder.path().join("labels.csv");
    fs::write(&labels, "image_id,dx,group_id\na,nv,1\nb,mel,2\nc,nv,3\nd,bcc,4\n").unwrap();
    let images = folder.path().to_str().unwrap();
    let arguments = ["evaluate", "--images", images, "--labels", labels.to_str().unwrap(), "--json"];
    let (status, out, err) = run(&[&arguments[..], &["--bootstrap", "20"]].concat());
    assert_eq!(status, 1);
    assert!(err.contains("c.jpg: the file is empty") && err.contains("/d: no picture"), "{err}");
    let result: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&result["n"], &result["unreadable"]), (&Value::from(2), &Value::from(2)));
    for figure in ["balanced_accuracy", "accuracy", "top3_accuracy", "auroc_malignant", "ece", "refused"] {
        assert!(result[figure].is_f64(), "{figure} is {}", result[figure]);
        assert_eq!(result["ci95"][figure].as_array().map(Vec::len), Some(2), "{figure}");
    }
    assert!(result["recall"]["mel"].is_f64() && result["recall"].get("bcc").is_none());
    let point = &result["operating_points"]["screening"];
    assert!(["threshold", "sensitivity", "specificity"].iter().all(|key| point[key].is_f64()), "{point}");
    assert!(result["ci95"]["recall"]["nv"].is_array());
}

#[test]
fn evaluate_counts_the_words_that_are_shown_and_tells_them_apart_by_a_column() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = String::from("image;MEL;NV;tone\n");
    for seed in 0..6 {
        draw(folder.path(), &format!("P_{seed}.PNG"), seed);
        let malignant = seed % 2;
        rows += &format!("p_{seed}.png;{malignant},0;{},0;{}\n", 1 - malignant, seed / 3);
    }
    let labels = folder.path().join("labels.csv");
    fs::write(&labels, rows.clone() + "P_0;0;1;0\n").unwrap();
    let [images, path] = [folder.path(), &labels].map(|path| path.to_str().unwrap());
    let arguments = ["evaluate", "--images", images, "--labels", path, "--stratify", "Tone"];
    let (status, out, err) = run(&[&arguments[..], &["--json", "--bootstrap", "20"]].concat());
    assert_eq!(status, 0, "{err}");
    assert!(err.contains("repeat another row and are counted once: 1"), "{err}");
    let result: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((result["n"].as_u64(), result["repeated_rows"].as_u64()), (Some(6), Some(1)));
    let words = ["suspicious", "uncertain", "not_suspicious", "retake"];
    for of in ["malignant", "benign", "all", "mel", "nv"] {
        let shown = &result["shown"][of];
        let total: f64 = words.iter().map(|word| shown[word].as_f64().unwrap()).sum();
        assert!((total - 1.0).abs() < 1e-9 && shown["retake_reasons"].is_object(), "{of}: {shown}");
        assert!(words.iter().all(|word| result["ci95"]["shown"][of][word].is_array()), "{of}");
    }
    let point = &result["operating_points"]["screening"];
    assert_eq!(point["shown_sensitivity"], result["shown"]["malignant"]["suspicious"]);
    assert_eq!(point["shown_specificity"], result["shown"]["benign"]["not_suspicious"]);
    assert_eq!(
        (&result["strata"]["0"]["n"], &result["strata"]["1"]["n"]),
        (&Value::from(3), &Value::from(3))
    );
    let (_, out, _) = run(&arguments);
    let [shown, strata, figures] =
        ["What the screen shows", "Tone 1: 3 pictures", "Figures:"].map(|t| out.find(t));
    assert!(shown.is_some() && shown < strata && strata < figures, "{out}");
    fs::write(&labels, rows + "P_1.jpg;0;1;0\n").unwrap();
    let (status, _, err) = run(&arguments);
    assert_eq!(status, 1);
    assert!(err.contains("p_1 is mel in line 3, nv in line 8"), "{err}");
}

#[test]
fn a_prevalence_changes_what_is_shown_and_no_decision() {
    let folder = tempfile::tempdir().unwrap();
    let pictures: Vec<_> = (0..4).map(|seed| draw(folder.path(), &format!("{seed}.png"), seed)).collect();
    let read = |more: &[&str]| -> Vec<Value> {
        let paths: Vec<&str> = pictures.iter().map(String::as_str).collect();
        let (status, out, err) = run(&[&["classify", "--json"], more, &paths[..]].concat());
        assert_eq!(status, 0, "{err}");
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    for (plain, here) in read(&[]).iter().zip(read(&["--prevalence", "2%"])) {
        for same in ["probabilities", "verdict", "reasons"] {
            assert_eq!(plain[same], here[same]);
        }
        let [before, now] = [plain, &here].map(|line| line["malignant"].clone());
        for same in ["probability", "threshold", "decision"] {
            assert_eq!(before[same], now[same]);
        }
        assert_eq!(before["here"], Value::Null);
        assert!(now["here"]["probability"].as_f64() < now["probability"].as_f64());
    }
    assert!(run(&["classify", "--prevalence", "2", "any.png"]).2.contains("0.02 or 2%"));
}

#[test]
fn evaluate_gives_the_same_figures_for_any_number_of_jobs() {
    let folder = tempfile::tempdir().unwrap();
    let rows: String = (0..6).fold("image_id,dx\n".into(), |rows, seed| {
        draw(folder.path(), &format!("{seed}.png"), seed);
        rows + &format!("{seed},{}\n", if seed % 2 == 0 { "nv" } else { "mel" })
    });
    let labels = folder.path().join("labels.csv");
    fs::write(&labels, rows).unwrap();
    let [images, labels] = [folder.path(), &labels].map(|path| path.to_str().unwrap());
    let evaluate =
        |jobs| run(&["evaluate", "--images", images, "--labels", labels, "--json", "--jobs", jobs]).1;
    assert_eq!(evaluate("1"), evaluate("3"));
}

#[test]
fn config_check_accepts_the_shipped_files_and_names_what_is_wrong_in_others() {
    for shipped in ["config/dermascope.toml", "config/simulator.toml"] {
        assert_eq!(run(&["config", "check", shipped]).0, 0, "{shipped}");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("device.toml");
    fs::write(&path, "[camera]\nkind = \"folder\"\nframe_rat = 5\n").unwrap();
    let (status, _, err) = run(&["config", "check", path.to_str().unwrap()]);
    assert_eq!(status, 1);
    assert!(err.contains("device.toml:3") && err.contains("did you mean `frame_rate`?"), "{err}");
}

#[test]
fn config_check_refuses_a_configuration_that_names_no_camera_it_knows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("device.toml");
    fs::write(&path, "[camera]\nkind = \"\"\n").unwrap();
    let (status, _, err) = run(&["config", "check", path.to_str().unwrap()]);
    assert_eq!(status, 1);
    assert!(err.contains("camera.kind") && err.contains("uvc") && err.contains("folder"), "{err}");
}

#[test]
fn every_command_has_help_with_examples() {
    for command in ["run", "demo", "classify", "evaluate", "config", "records", "bench"] {
        let (status, out, _) = run(&[command, "--help"]);
        assert!(status == 0 && out.contains("Examples:"), "{command}: {out}");
    }
}

#[test]
fn doctor_names_what_is_wrong_and_what_cures_it_and_fails() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display();
    let config = folder.path().join("device.toml");
    let text =
        format!("[model]\nmanifest = \"{}\"\n[records]\nfolder = \"{path}/nowhere\"\n", manifest().display());
    fs::write(&config, text).unwrap();
    let arguments =
        ["doctor", "--config", config.to_str().unwrap(), "--patience", "0", "--only", "model,storage"];
    let (status, out, _) = run(&arguments);
    assert_eq!(status, 1);
    let lines: Vec<_> = out.lines().collect();
    assert!(lines[0].starts_with("model    ok"), "{out}");
    assert!(lines[1].starts_with("storage  WRONG"), "{out}");
    assert!(lines[2].contains("cure:") && lines[2].contains("sudo install -d"), "{out}");

    let (status, out, _) = run(&[&arguments[..], &["--json"]].concat());
    assert_eq!(status, 1);
    let findings: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((findings[0]["part"].as_str(), findings[0]["state"].as_str()), (Some("model"), Some("ok")));
    assert_eq!(findings[1]["state"], "failed");
    assert_eq!(findings[1]["node"], format!("{path}/nowhere"));
    assert!(findings[1]["cure"].as_str().unwrap().contains("sudo install -d"));
}

#[test]
fn the_manual_has_a_page_for_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let (status, _, _) = run(&["man", folder.path().to_str().unwrap()]);
    assert_eq!(status, 0);
    for command in ["dermascope", "dermascope-run", "dermascope-classify", "dermascope-doctor"] {
        let page = fs::read_to_string(folder.path().join(format!("{command}.1"))).unwrap();
        assert!(page.contains(".SH NAME") && page.contains(".SH SYNOPSIS"), "{command}");
    }
}

/// Runs with standard output leading there, and gives the exit status and standard error.
fn run_into(out: impl Into<Stdio>, arguments: &[&str]) -> (i32, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dermascope"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).stdout(out);
    let output = command.stderr(Stdio::piped()).spawn().and_then(Child::wait_with_output).unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn who_has_read_enough_ends_a_command_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let picture = draw(folder.path(), "one.png", 1);
    for arguments in [
        &["classify", &picture][..],
        &["classify", "--json", &picture],
        &["bench", "--runs", "1"],
        &["config", "default"],
        &["token"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        assert_eq!(run_into(writer, arguments), (0, String::new()), "{arguments:?}");
    }
}

#[test]
fn output_that_cannot_be_written_is_an_error_that_says_so() {
    for arguments in [&["config", "default"][..], &["token"]] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let (status, error) = run_into(full, arguments);
        assert_eq!(status, 1, "{arguments:?}");
        assert!(error.contains("standard output") && error.contains("No space left"), "{error}");
    }
}

#[test]
fn editors_pass_every_shipped_configuration_by_the_schema_and_mark_mistakes() {
    let Some(python) = python() else { return };
    let mut command = std::process::Command::new(python);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("tests/schema.py");
    command.args(["config/dermascope.toml", "config/simulator.toml"]);
    for board in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("config/boards")).unwrap() {
        command.arg(board.unwrap().path());
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
