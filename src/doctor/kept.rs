//! What lies on the card, and what the kernel knows without anybody's hands: configuration, model, storage, clock,
//! battery, addresses.

use std::fs::File;
use std::io::{ErrorKind, Write};

use super::{Doctor, Finding};
use crate::classifier::Classifier;
use crate::clock::{Clock, SetBy};
use crate::power;
use crate::records::Reader;

/// What was left out of the configuration.
pub(super) fn settings(doctor: &mut Doctor) -> Finding {
    match doctor.problems.as_slice() {
        [] => Finding::ok("each key is known, and no two disagree"),
        problems => Finding::failed(
            problems.join("; "),
            "correct it (`dermascope config check FILE` names what is wrong, `dermascope config default` explains every \
             key), then `sudo systemctl restart dermascope`",
        ),
    }
}

/// Whether the HTTP link's addresses can be had.
pub(super) fn http(doctor: &mut Doctor) -> Finding {
    let config = &doctor.config.http;
    if config.listen.is_empty() {
        return Finding::ok("serves nothing");
    }
    match config.check_free(doctor.config.usb.address.into()) {
        Ok(()) => Finding::ok(config.listen.join(", ")),
        Err(error) => Finding::failed(
            error.to_string(),
            "set http.listen to what is free, or stop what uses it (`sudo ss -ltnp` names it)",
        ),
    }
}

pub(super) fn model(doctor: &mut Doctor) -> Finding {
    match Classifier::load(&doctor.config.model) {
        Ok(model) => {
            let hash = &model.model().sha256;
            let short = &hash[..8.min(hash.len())];
            Finding::ok(format!("{} ({short}), {}", model.model().name, model.kernel()))
        }
        Err(error) => Finding::failed(
            error.to_string(),
            "install it again: `sudo apt install --reinstall dermascope`; or set model.manifest to where it lies",
        ),
    }
}

pub(super) fn storage(doctor: &mut Doctor) -> Finding {
    let folder = doctor.config.records.folder.clone();
    let node = folder.display();
    let probe = folder.join(".doctor");
    let written = File::create(&probe).and_then(|mut file| {
        file.write_all(b"dermascope")?;
        file.sync_all()
    });
    // Fails where it could not be made: that is told already.
    let _ = std::fs::remove_file(&probe);
    if let Err(error) = written {
        let cure = match error.kind() {
            ErrorKind::NotFound => format!("make it: `sudo install -d -o dermascope -g dermascope {node}`"),
            ErrorKind::PermissionDenied => {
                format!("run the doctor as the service does: `sudo -u dermascope dermascope doctor`, or give it the \
                     folder: `sudo chown -R dermascope: {node}`")
            }
            ErrorKind::ReadOnlyFilesystem => {
                "the card is worn or was pulled: `sudo dmesg | grep mmc` says so; copy the records and replace it".into()
            }
            ErrorKind::StorageFull => "make room: `dermascope records --help` says how to export and prune".into(),
            _ => "check the card: `sudo dmesg | tail` says what the kernel saw".into(),
        };
        return Finding::failed(error.to_string(), cure).on(node);
    }
    if !folder.join("records.sqlite").exists() {
        return Finding::ok("can be written; no records yet").on(node);
    }
    match Reader::open(&doctor.config.records).and_then(|reader| reader.count()) {
        Ok(count) => Finding::ok(format!("can be written; {count} records")).on(node),
        Err(error) => {
            Finding::failed(error.to_string(), "`dermascope records verify` says what is damaged").on(node)
        }
    }
}

pub(super) fn clock(doctor: &mut Doctor) -> Finding {
    match Clock::at(&doctor.root).set_by() {
        SetBy::Network => Finding::ok("set by the network"),
        SetBy::HardwareClock => Finding::ok("set by the hardware clock").on("/dev/rtc0"),
        SetBy::Link => Finding::ok("set over the cable"),
        SetBy::Nobody => Finding::warning(
            "not set: records keep their order and say that their time is not known",
            "connect to a network once, fit a battery to the clock, or `sudo date --set '2026-03-14 09:26'`",
        ),
    }
}

pub(super) fn battery(doctor: &mut Doctor) -> Finding {
    let supplies = doctor.path(&doctor.config.battery.supplies.to_string_lossy());
    let Some(charge) = power::charge(&supplies) else { return Finding::ok("none fitted") };
    let battery = power::Watch::new(&doctor.config.battery).judge(charge);
    let doing = if charge.charging { "charging" } else { "in use" };
    let found = format!("{} %, {doing}", charge.percent);
    if battery.low { Finding::warning(found, "charge it") } else { Finding::ok(found) }
}
