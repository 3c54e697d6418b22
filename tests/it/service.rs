//! The service under systemd: how exposed its unit is, and what the daemon tells systemd.

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use dermascope::synthetic;

use crate::shared::{manifest, skipped};

fn unit() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/units/dermascope.service")
}

/// systemd's own judgement of a unit, from 0 (locked in) to 10 (anything goes).
fn exposure(unit: &Path) -> Option<f64> {
    let analyze = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--no-pager"])
        .arg(unit)
        .env("COLUMNS", "200")
        .output();
    let Ok(output) = analyze else {
        skipped("systemd", "no systemd-analyze (apt install systemd)");
        return None;
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (_, level) = text.rsplit_once("Overall exposure level for dermascope.service: ").expect(&text);
    Some(level.split_whitespace().next().unwrap().parse().expect(&text))
}

#[test]
fn the_service_is_exposed_at_2_0_or_less() {
    let Some(exposure_as_shipped) = exposure(&unit()) else { return };
    assert!(exposure_as_shipped <= 2.0, "{exposure_as_shipped}");
    // The judgement is of this unit and no other: without its hardening it is another one.
    let folder = tempfile::tempdir().unwrap();
    let bare = folder.path().join("dermascope.service");
    std::fs::write(&bare, "[Service]\nExecStart=/usr/bin/dermascope run\n").unwrap();
    assert!(exposure(&bare).unwrap() > 8.0);
}

/// The system calls of a set, those of the sets in it too.
fn calls_of(set: &str) -> Vec<String> {
    let Some(_) = set.strip_prefix('@') else { return vec![set.to_string()] };
    let output = Command::new("systemd-analyze").args(["syscall-filter", set]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let names = text.lines().skip(1).map(str::trim).filter(|name| !name.is_empty() && !name.starts_with('#'));
    names.flat_map(calls_of).collect()
}

/// What a unit lets pass, as systemd.exec(5) has it: each line adds to those before it, or with `~` takes away.
fn allowed_calls(unit: &str) -> std::collections::HashSet<String> {
    let mut allowed = std::collections::HashSet::new();
    for filter in unit.lines().filter_map(|line| line.strip_prefix("SystemCallFilter=")) {
        let (takes, sets) = filter.strip_prefix('~').map_or((false, filter), |sets| (true, sets));
        for call in sets.split_whitespace().flat_map(calls_of) {
            if takes {
                allowed.remove(&call)
            } else {
                allowed.insert(call)
            };
        }
    }
    allowed
}

#[test]
fn the_units_let_pass_what_the_program_does_and_no_more() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        return skipped("systemd", "no systemd-analyze (apt install systemd)");
    }
    let allowed = |name: &str| allowed_calls(&std::fs::read_to_string(unit().with_file_name(name)).unwrap());
    let service = allowed("dermascope.service");
    for needed in ["setpriority", "getpriority", "clock_gettime", "sendmsg", "ioctl", "clone3", "execve"] {
        assert!(service.contains(needed), "{needed}");
    }
    for denied in
        ["clock_settime", "mount", "finit_module", "sched_setscheduler", "reboot", "bpf", "ptrace", "setuid"]
    {
        assert!(!service.contains(denied), "{denied}");
    }
    let usb = allowed("dermascope-usb.service");
    for needed in ["mount", "finit_module", "symlinkat", "mkdirat", "execve", "socket"] {
        assert!(usb.contains(needed), "{needed}");
    }
    for denied in ["reboot", "clock_settime", "bpf", "ptrace", "swapon", "kexec_load"] {
        assert!(!usb.contains(denied), "{denied}");
    }
}

#[test]
fn no_unit_waits_for_the_network_or_for_the_time() {
    let units = std::fs::read_dir(unit().parent().unwrap()).unwrap();
    for path in units.map(|unit| unit.unwrap().path()) {
        let text = std::fs::read_to_string(&path).unwrap();
        let settings = text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n");
        for word in ["network", "time-sync", "time-set"] {
            assert!(!settings.contains(word), "{}: {word}", path.display());
        }
    }
}

#[test]
fn systemd_is_told_when_the_device_is_ready_that_it_turns_and_that_it_stops() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("notify");
    let systemd = UnixDatagram::bind(&socket).unwrap();
    systemd.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    synthetic::lesion(1, 96).save(folder.path().join("a.png")).unwrap();
    let path = folder.path().display();
    let config = format!(
        "[model]\nmanifest = \"{}\"\n[camera]\nkind = \"folder\"\nfolder = \"{path}\"\n[panel]\nkind = \"virtual\"\n\
         [buttons]\nkind = \"virtual\"\n[records]\nfolder = \"{path}/records\"\n",
        manifest().display()
    );
    let file = folder.path().join("device.toml");
    std::fs::write(&file, config).unwrap();
    let mut daemon = Command::new(env!("CARGO_BIN_EXE_dermascope"))
        .args(["run", "--config"])
        .arg(&file)
        .env("NOTIFY_SOCKET", &socket)
        .env("WATCHDOG_USEC", "400000")
        .spawn()
        .unwrap();
    let told = || {
        let mut bytes = [0; 256];
        let length = systemd.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..length]).trim().to_string()
    };
    assert_eq!(told(), "READY=1");
    for _ in 0..3 {
        assert_eq!(told(), "WATCHDOG=1");
    }
    assert!(Command::new("kill").arg(daemon.id().to_string()).status().unwrap().success());
    while told() != "STOPPING=1" {}
    assert!(daemon.wait().unwrap().success());
}
