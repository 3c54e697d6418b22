//! The doctor at a device of twins: a folder as the root of /dev and /sys, the folder camera, the virtual panel and
//! the virtual buttons.

use std::path::Path;
use std::time::Duration;

use super::*;
use crate::buttons::{Button, ButtonsKind};
use crate::camera::CameraKind;
use crate::config::{Config, Loaded};
use crate::panel::{Canvas, PanelKind};
use crate::screens::{self, Check, CheckState, Screen, Status};
use crate::synthetic;

/// A device whose root and records are in a folder.
struct Device {
    root: tempfile::TempDir,
    config: Config,
}

impl Device {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.records.folder = root.path().join("records");
        config.camera.kind = CameraKind::Folder;
        config.camera.folder = root.path().join("pictures");
        config.panel.kind = PanelKind::Virtual;
        config.buttons.kind = ButtonsKind::Virtual;
        config.http.listen = vec!["127.0.0.1:0".into()];
        std::fs::create_dir(&config.records.folder).unwrap();
        std::fs::create_dir(&config.camera.folder).unwrap();
        synthetic::lesion(1, 96).save(config.camera.folder.join("a.png")).unwrap();
        Self { root, config }
    }

    fn file(&self, path: &str, text: &str) {
        let path = self.root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn doctor(&self, patience: Option<Duration>) -> Doctor {
        let loaded = Loaded { config: self.config.clone(), problems: Vec::new() };
        Doctor::new(&loaded, self.root.path().into(), patience)
    }

    fn finding(&self, part: &str) -> Finding {
        look_at(&mut self.doctor(None), part)
    }
}

fn look_at(doctor: &mut Doctor, part: &str) -> Finding {
    let (part, probe) = PROBES.iter().find(|(name, _)| *name == part).unwrap();
    doctor.look_at(part, *probe)
}

fn cure(finding: &Finding) -> &str {
    finding.cure.as_deref().unwrap_or("")
}

#[test]
fn a_device_of_twins_is_well_and_its_panel_says_so() {
    let device = Device::new();
    device.file("sys/class/udc/fe980000.usb/state", "configured\n");
    device.file("run/systemd/timesync/synchronized", "");
    let mut doctor = device.doctor(None);
    let findings: Vec<_> = PROBES.iter().map(|(part, probe)| doctor.look_at(part, *probe)).collect();
    let unwell: Vec<_> = findings.iter().filter(|finding| finding.state != Health::Ok).collect();
    assert!(unwell.is_empty(), "{unwell:?}");
    assert!(findings.iter().all(|finding| !finding.found.is_empty()));
    let before = doctor.mirror().newest().version;
    assert!(before >= PROBES.len() as u64 / 2, "the panel hardly changed: {before}");
}

#[test]
fn the_panel_ends_with_the_first_thing_to_be_cured() {
    let device = Device::new();
    let mut doctor = device.doctor(None);
    doctor.look_at("panel", seen::panel);
    doctor.conclude(&[]);
    let well = doctor.mirror().newest();
    doctor.conclude(&[Finding { part: "camera", ..Finding::failed("gone", "plug it in") }]);
    assert!(*doctor.mirror().newest().canvas != *well.canvas);
}

#[test]
fn what_was_left_out_of_the_configuration_is_told_by_line_and_the_rest_is_looked_at() {
    let device = Device::new();
    let mut loaded = Config::salvage_text("[panel]\nkind = \"vga\"\n", Path::new("device.toml"));
    loaded.config = device.config.clone();
    let mut doctor = Doctor::new(&loaded, device.root.path().into(), None);
    let finding = look_at(&mut doctor, "settings");
    assert_eq!(finding.state, Health::Failed);
    assert!(finding.found.starts_with("device.toml:2: panel.kind"), "{finding:?}");
    assert!(cure(&finding).contains("config check"), "{finding:?}");
    assert_eq!(look_at(&mut doctor, "panel").state, Health::Ok);
}

#[test]
fn an_address_that_cannot_be_had_is_told_with_what_names_its_user() {
    let mut device = Device::new();
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = other.local_addr().unwrap().to_string();
    for listen in [taken, "nobody.invalid:8080".into()] {
        device.config.http.listen = vec![listen.clone()];
        let finding = device.finding("http");
        assert_eq!(finding.state, Health::Failed);
        assert!(finding.found.contains(&listen) && cure(&finding).contains("ss -ltnp"), "{finding:?}");
    }
}

#[test]
fn a_model_that_is_missing_is_told_with_the_package_that_brings_it() {
    let mut device = Device::new();
    device.config.model.manifest = Some("/no/such/lesion.toml".into());
    let finding = device.finding("model");
    assert_eq!(finding.state, Health::Failed);
    assert!(finding.found.contains("/no/such/lesion.toml"), "{finding:?}");
    assert!(cure(&finding).contains("apt install --reinstall dermascope"), "{finding:?}");
}

#[test]
fn a_folder_of_records_that_is_missing_is_told_with_the_command_that_makes_it() {
    let mut device = Device::new();
    device.config.records.folder = device.root.path().join("nowhere");
    let finding = device.finding("storage");
    assert_eq!(finding.state, Health::Failed);
    assert!(finding.node.as_deref().is_some_and(|node| node.ends_with("nowhere")));
    assert!(cure(&finding).contains("sudo install -d -o dermascope"), "{finding:?}");
}

#[test]
fn records_that_are_damaged_are_told() {
    let device = Device::new();
    std::fs::write(device.config.records.folder.join("records.sqlite"), "not a database").unwrap();
    let finding = device.finding("storage");
    assert_eq!(finding.state, Health::Failed);
    assert!(cure(&finding).contains("records verify"), "{finding:?}");
}

#[test]
fn a_clock_that_nobody_set_is_a_warning_with_ways_to_set_it() {
    let finding = Device::new().finding("clock");
    assert_eq!(finding.state, Health::Warning);
    assert!(cure(&finding).contains("sudo date --set"), "{finding:?}");
}

#[test]
fn a_warning_is_drawn_as_one() {
    let device = Device::new();
    let mut doctor = device.doctor(None);
    let finding = look_at(&mut doctor, "clock");
    let state = CheckState::Doubtful(finding.found);
    let screen = Screen::SelfTest { checks: vec![Check { name: "Clock".into(), state }] };
    let mut canvas = Canvas::new(device.config.panel.size());
    screens::draw(&screen, &Status::default(), &mut canvas);
    assert!(*doctor.mirror().newest().canvas == canvas);
}

#[test]
fn a_low_battery_is_a_warning() {
    let device = Device::new();
    assert_eq!(device.finding("battery").found, "none fitted");
    for (file, text) in [("type", "Battery"), ("capacity", "7"), ("status", "Discharging")] {
        device.file(&format!("sys/class/power_supply/bat/{file}"), text);
    }
    let finding = device.finding("battery");
    assert_eq!((finding.state, finding.found.as_str()), (Health::Warning, "7 %, in use"));
}

#[test]
fn a_port_that_is_no_gadget_is_told_with_the_line_of_its_boot_file() {
    let device = Device::new();
    let finding = device.finding("usb");
    assert_eq!(finding.state, Health::Warning);
    assert!(
        cure(&finding).contains("put `dtoverlay=dwc2,dr_mode=peripheral` into /boot/firmware/config.txt")
    );
    device.file("boot/config.txt", "[all]\ndtoverlay=dwc2,dr_mode=host\n");
    let finding = device.finding("usb");
    assert!(cure(&finding).contains("in /boot/config.txt make the line"), "{finding:?}");
}

#[test]
fn a_camera_that_is_missing_is_told_on_its_node() {
    let mut device = Device::new();
    device.config.camera.kind = CameraKind::Uvc;
    device.config.camera.device = "/dev/v4l/by-id/usb-none".into();
    let finding = device.finding("camera");
    assert_eq!((finding.state, finding.node.as_deref()), (Health::Failed, Some("/dev/v4l/by-id/usb-none")));
    assert!(cure(&finding).contains("plug the camera in"), "{finding:?}");
}

#[test]
fn a_ribbon_that_is_loose_is_told_apart_from_a_camera_that_is_turned_off() {
    let mut device = Device::new();
    device.config.camera.kind = CameraKind::Command;
    let script = "echo 'ERROR: *** no cameras available ***' >&2; exit 255";
    device.config.camera.command = ["sh", "-c", script].map(String::from).to_vec();
    let finding = device.finding("camera");
    assert!(finding.found.contains("no cameras available"), "{finding:?}");
    assert!(
        cure(&finding).contains("put `camera_auto_detect=1` into /boot/firmware/config.txt"),
        "{finding:?}"
    );
    device.file("boot/firmware/config.txt", "camera_auto_detect=1\n");
    assert!(cure(&device.finding("camera")).contains("press the ribbon in"));
}

#[test]
fn a_panel_without_its_node_is_told_with_the_line_that_makes_it() {
    let mut device = Device::new();
    device.config.panel.kind = PanelKind::Spi;
    device.config.panel.spi = "/dev/spidev7.7".into();
    let finding = device.finding("panel");
    assert_eq!((finding.state, finding.node.as_deref()), (Health::Failed, Some("/dev/spidev7.7")));
    assert!(cure(&finding).contains("dtparam=spi=on"), "{finding:?}");
}

#[test]
fn a_light_that_cannot_be_had_is_told_on_its_node() {
    let mut device = Device::new();
    assert_eq!(device.finding("light").found, "none fitted");
    device.config.light.polarised.pwm = Some("/no/such/pwm0".into());
    let finding = device.finding("light");
    assert_eq!((finding.state, finding.node.as_deref()), (Health::Failed, Some("/no/such/pwm0")));
}

#[test]
fn each_button_is_asked_for_in_turn() {
    let mut device = Device::new();
    device.config.buttons.next = Some(20);
    let mut doctor = device.doctor(Some(Duration::from_secs(30)));
    doctor.hands().click(Button::Main);
    doctor.hands().click(Button::Next);
    assert_eq!(look_at(&mut doctor, "buttons").found, "each was pressed");
}

#[test]
fn a_button_on_anothers_line_is_told() {
    let mut device = Device::new();
    device.config.buttons.next = Some(20);
    let mut doctor = device.doctor(Some(Duration::from_secs(30)));
    doctor.hands().click(Button::Next);
    let finding = look_at(&mut doctor, "buttons");
    assert_eq!(finding.found, "`main` was asked for, but `next` was pressed");
}

#[test]
fn a_button_that_is_never_pressed_is_told_with_its_line() {
    let finding = look_at(&mut Device::new().doctor(Some(Duration::ZERO)), "buttons");
    assert_eq!(finding.state, Health::Failed);
    assert!(finding.found.contains("line 21") && cure(&finding).contains("[buttons]"), "{finding:?}");
}

#[test]
fn no_board_is_needed_to_see_that_there_is_none() {
    let mut device = Device::new();
    device.config.buttons.kind = ButtonsKind::Gpio;
    device.config.buttons.chip = "/dev/no-such-chip".into();
    let finding = device.finding("buttons");
    assert_eq!((finding.state, finding.node.as_deref()), (Health::Failed, Some("/dev/no-such-chip")));
    assert!(Path::new("/dev").exists() && !cure(&finding).is_empty());
}
