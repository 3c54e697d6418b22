//! Whatever is wrong when it starts, the device says what and where on its screen, and does all that it can without.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::device::Device;
use crate::shared::{manifest, skipped};

/// A device whose configuration is as its author left it: `change` gets the text of one that is right.
fn start(model: &Path, prepare: impl FnOnce(&Path), change: impl FnOnce(String) -> String) -> Device {
    let folder = Device::configure(model, "", prepare);
    let file = folder.path().join("device.toml");
    fs::write(&file, change(fs::read_to_string(&file).unwrap())).unwrap();
    Device::spawn(folder, Stdio::inherit())
}

fn healthz(device: &Device) -> String {
    device.request("GET /healthz", "")
}

/// The words of the fault of that part that the screen shows, once it does.
fn fault(device: &Device, part: &str) -> String {
    let is_told = |status: &Value| {
        status["screen"] == "fault" && status["words"].as_str().is_some_and(|words| words.starts_with(part))
    };
    device.wait_for(part, is_told)["words"].as_str().unwrap().to_string()
}

#[test]
fn a_wrong_configuration_is_told_by_line_and_the_device_reads_all_the_same() {
    for (wrong, line, word) in [
        ("[battery]\nwarn_belo = 10\n", 2, "did you mean `warn_below`?"),
        ("[device]\nsleep_after_s = \"soon\"\n", 2, "invalid type"),
        ("[usb]\naddress = \"8.8.8.8\"\n", 2, "usb.address"),
        ("[panel\n", 1, ""),
        ("board = \"tricorder\"\n", 1, "tricorder"),
        ("[light.polarised]\nline = 99\n", 2, "light.polarised.line is 99"),
    ] {
        let device = start(&manifest(), |_| {}, |right| format!("{wrong}{right}"));
        let words = fault(&device, "Settings fault: ");
        assert!(words.contains(&format!("device.toml:{line}: ")) && words.contains(word), "{wrong}: {words}");
        assert!(healthz(&device).contains("not well: settings"), "{wrong}");
        device.press();
        let status = device.read();
        assert_eq!(status["result"]["record"], 1, "{wrong}: {status}");
        assert_eq!(status["warning"], format!("Settings: device.toml:{line}"), "{status}");
        assert!(device.terminate().0.success());
    }
}

#[test]
fn what_would_decide_a_reading_is_not_guessed_and_the_picture_is_live() {
    for wrong in ["[quality]\nmin_sharpness = nan\n", "[quality]\nmin_sharpnes = 1\n"] {
        let device = start(&manifest(), |_| {}, |right| format!("{wrong}{right}"));
        assert!(fault(&device, "Settings fault: ").contains("device.toml:2: "));
        device.press();
        fault(&device, "Model fault: nothing is read until");
        device.press();
        device.wait_for_screen(&["viewfinder"]);
        let answer = device.request("POST /api/v1/classify", "{}");
        assert!(!answer.starts_with("HTTP/1.1 2"), "a photograph neither: {answer}");
    }
}

#[test]
fn without_a_model_the_picture_is_live_and_a_press_reads_as_soon_as_it_is_mended() {
    type Break<'a> = (&'a str, &'a dyn Fn(&Path));
    let broken: [Break; 5] = [
        ("lesion.toml", &|models| fs::remove_file(models.join("lesion.toml")).unwrap()),
        ("lesion.toml", &|models| fs::write(models.join("lesion.toml"), "format = 1\n[input]\n").unwrap()),
        ("lesion.onnx", &|models| fs::remove_file(models.join("lesion.onnx")).unwrap()),
        ("sha256", &|models| fs::write(models.join("lesion.onnx"), b"half").unwrap()),
        ("screening", &|models| {
            let text = fs::read_to_string(models.join("lesion.toml")).unwrap();
            fs::write(models.join("lesion.toml"), text.replace("\"screening\"", "\"other\"")).unwrap();
        }),
    ];
    for (word, break_it) in broken {
        let models = tempfile::tempdir().unwrap();
        let install = || {
            for name in ["lesion.toml", "lesion.onnx"] {
                fs::copy(manifest().with_file_name(name), models.path().join(name)).unwrap();
            }
        };
        install();
        break_it(models.path());
        let device = start(&models.path().join("lesion.toml"), |_| {}, |right| right);
        let words = fault(&device, "Model fault: ");
        assert!(words.contains(word), "{words}");
        assert!(words.contains(models.path().to_str().unwrap()), "where: {words}");
        device.press();
        let status = device.wait_for("a live picture", |status| {
            status["screen"] == "viewfinder" && !status["words"].as_str().unwrap().contains("No live picture")
        });
        assert_eq!(status["warning"], "No model: nothing is read");
        assert!(healthz(&device).contains("not well: model"));
        device.press();
        assert!(fault(&device, "Model fault: ").contains(word), "pressed again, told again");
        install();
        device.press();
        assert_eq!(device.read()["result"]["record"], 1);
        device.wait_for("no warning", |status| status["warning"].is_null());
        assert!(healthz(&device).ends_with("ok\n"));
    }
}

#[test]
fn without_a_card_the_device_reads_and_says_that_nothing_is_saved() {
    for folder in ["/proc/records", "/dev/null/records", "/sys/records"] {
        let change = |right: String| {
            let at = right.find("[records]\nfolder = ").unwrap();
            let end = at + right[at..].find("/records\"").unwrap() + "/records\"".len();
            format!("{}[records]\nfolder = \"{folder}\"{}", &right[..at], &right[end..])
        };
        let device = start(&manifest(), |_| {}, change);
        let status = device.read();
        assert!(status["result"]["saved"]["failed"].is_string(), "{status}");
        assert!(status["words"].as_str().unwrap().contains("Not saved"), "{status}");
        assert!(healthz(&device).contains("not well: records"), "{folder}");
    }
}

#[test]
fn a_port_in_use_and_a_name_without_an_address_are_told_while_they_are_so() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = other.local_addr().unwrap().to_string();
    let listen = |also: &str| {
        let also = format!("listen = [\"127.0.0.1:0\", \"{also}\"]");
        move |right: String| right.replace("listen = \"127.0.0.1:0\"", &also)
    };
    let device = start(&manifest(), |_| {}, listen(&taken));
    let told = |status: &Value| status["warning"].as_str().is_some_and(|text| text.contains(&taken));
    device.wait_for("the port on the screen", told);
    assert!(healthz(&device).contains("not well: http"));
    assert_eq!(device.read()["screen"], "result");
    drop(other);
    device.wait_for("no warning", |status| status["warning"].is_null());
    let device = start(&manifest(), |_| {}, listen("nobody.invalid:8080"));
    let told = |status: &Value| {
        status["warning"].as_str().is_some_and(|text| text.contains("No address: nobody.invalid:8080"))
    };
    device.wait_for("the name on the screen", told);
    assert_eq!(device.read()["screen"], "result");
}

#[test]
fn buttons_and_rings_that_are_not_there_are_told() {
    let change = |right: String| {
        right.replace("[buttons]\nkind = \"virtual\"", "[buttons]\nkind = \"gpio\"\nchip = \"/dev/no-chip\"")
            + "[light]\nchip = \"/dev/no-light\"\npolarised.line = 12\n"
    };
    let device = start(&manifest(), |_| {}, change);
    device.wait_for("the buttons on the screen", |status| {
        status["warning"].as_str().is_some_and(|text| text.contains("/dev/no-chip") && text.ends_with("(+1)"))
    });
    let sick = healthz(&device);
    assert!(sick.contains("buttons") && sick.contains("light"), "{sick}");
}

/// Runs the device in a world of its own, where nobody else has its ports and its folder, asks it once, and ends it.
const ALONE: &str = "
    ip link set lo up && mount -t tmpfs tmpfs /var/lib || exit 77
    \"$0\" run --config \"$1\" >/dev/null 2>&1 &
    for _ in $(seq 300); do
        sleep 0.2
        curl -s --max-time 2 http://127.0.0.1:8080/api/v1/status | grep '\"fault\"' && break
    done
    kill $! && wait $!";

#[test]
fn without_a_configuration_that_can_be_read_the_device_starts_with_the_defaults_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let noise = folder.path().join("noise.toml");
    fs::write(&noise, [0xff, 0xfe, 0, 0x5b, 0x0a, 0x80].repeat(500)).unwrap();
    let huge = folder.path().join("huge.toml");
    fs::File::create(&huge).unwrap().set_len(1 << 32).unwrap();
    for (file, word) in [
        (folder.path().join("missing.toml"), "No such file"),
        (folder.path().to_path_buf(), "Is a directory"),
        (noise, "noise.toml:1"),
        (huge, "no configuration has more"),
    ] {
        let alone = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "--net", "sh", "-c", ALONE])
            .arg(env!("CARGO_BIN_EXE_dermascope"))
            .arg(&file)
            .output();
        let Ok(output) = alone else { return skipped("unshare", "a world of its own (util-linux)") };
        let said = String::from_utf8_lossy(&output.stdout);
        if output.status.code() == Some(77) || said.is_empty() && !output.stderr.is_empty() {
            return skipped("unshare", "a world of its own: this user may not make one");
        }
        assert!(output.status.success(), "{}: {:?}", file.display(), output);
        assert!(said.contains("Settings fault") && said.contains(word), "{}: {said}", file.display());
    }
}
