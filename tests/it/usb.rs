//! The USB cable: the gadget in a folder that stands for the kernel's, and the drive's file system read back.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dermascope::digest::sha256_hex;
use dermascope::picture::{Encoded, Encoding};
use dermascope::reading::Capture;
use dermascope::records::{Reader, RecordsConfig, Store};
use dermascope::usb::{
    Drive, Gadget, NAME, Slot, Step, UsbConfig, change_drive, is_connected, is_current, make_drive,
};
use fatfs::{FileSystem, FsOptions};
use tempfile::TempDir;

use crate::records::reading;

fn gadget(drive: Option<PathBuf>) -> Gadget {
    Gadget { serial: "0123456789abcdef".into(), drive: drive.map_or(Slot::None, Slot::Holds) }
}

#[test]
fn what_the_kernel_is_told_makes_a_network_a_serial_port_and_a_read_only_drive() {
    let configfs = TempDir::new().expect("a temporary folder");
    gadget(Some("/var/lib/dermascope/drive.img".into())).up(configfs.path(), "dummy_udc.0").expect("is made");
    let root = configfs.path().join(NAME);
    let read =
        |name: &str| fs::read_to_string(root.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(read("UDC"), "dummy_udc.0");
    assert_eq!(read("strings/0x409/serialnumber"), "0123456789abcdef");
    assert_eq!(read("functions/mass_storage.usb0/lun.0/ro"), "1");
    assert_eq!(read("functions/mass_storage.usb0/lun.0/file"), "/var/lib/dermascope/drive.img");
    assert_eq!(read("functions/ncm.usb0/os_desc/interface.ncm/compatible_id"), "WINNCM");
    assert_eq!((read("os_desc/use"), read("os_desc/qw_sign")), ("1".into(), "MSFT100".into()));
    for function in ["ncm.usb0", "acm.usb0", "mass_storage.usb0"] {
        let link = fs::read_link(root.join("configs/c.1").join(function)).expect("is a link");
        assert_eq!(link, root.join("functions").join(function));
    }
    assert_eq!(fs::read_link(root.join("os_desc/c.1")).expect("is a link"), root.join("configs/c.1"));
    change_drive(configfs.path(), Path::new("/new.img")).expect("changes");
    assert_eq!(read("functions/mass_storage.usb0/lun.0/file"), "/new.img");
}

#[test]
fn a_drive_that_is_not_on_the_cable_cannot_be_changed_and_nothing_is_made() {
    let configfs = TempDir::new().expect("a temporary folder");
    let refused = change_drive(configfs.path(), Path::new("/new.img")).expect_err("there is no gadget");
    assert!(refused.to_string().contains("no drive on the cable"), "{refused}");
    assert_eq!(
        fs::read_dir(configfs.path()).expect("reads").count(),
        0,
        "half a gadget stops the next `usb up`"
    );
}

#[test]
fn the_two_ends_of_the_network_have_addresses_of_their_own_that_stay() {
    let address = |gadget: &Gadget, name: &str| {
        let found = gadget.steps().into_iter().find_map(|step| match step {
            Step::Write(path, value) if path.ends_with(name) => Some(value),
            _ => None,
        });
        found.expect("is written")
    };
    let ends = |gadget: &Gadget| (address(gadget, "dev_addr"), address(gadget, "host_addr"));
    let (device, host) = ends(&gadget(None));
    assert_ne!(device, host);
    assert_eq!(
        (device.len(), &device[..2], &host[..2]),
        (17, "02", "06"),
        "locally administered, for one station"
    );
    assert_eq!(ends(&gadget(None)), (device.clone(), host), "the host knows it again");
    let other = Gadget { serial: "fedcba9876543210".into(), drive: Slot::None };
    assert_ne!(ends(&other).0, device);
}

#[test]
fn a_device_without_records_has_no_drive() {
    let steps = gadget(None).steps();
    assert!(!format!("{steps:?}").contains("mass_storage"));
}

#[test]
fn a_drive_whose_image_is_still_to_be_made_is_there_without_a_medium_until_it_is() {
    let configfs = TempDir::new().expect("a temporary folder");
    let gadget = Gadget { serial: "0123456789abcdef".into(), drive: Slot::Empty };
    gadget.up(configfs.path(), "dummy_udc.0").expect("is made");
    let lun = configfs.path().join(NAME).join("functions/mass_storage.usb0/lun.0");
    assert_eq!(fs::read_to_string(lun.join("removable")).expect("is there"), "1");
    // The kernel makes this file with the function; here nobody does.
    assert!(!lun.join("file").exists());
    fs::write(lun.join("file"), "").expect("writes");
    change_drive(configfs.path(), Path::new("/new.img")).expect("changes");
    assert_eq!(fs::read_to_string(lun.join("file")).expect("is there"), "/new.img");
}

#[test]
fn a_drive_is_made_again_only_when_its_records_or_its_size_have_changed() {
    let (folder, config) = store(&[1000, 2000]);
    let path = folder.path().join("drive.img");
    let current = |most| is_current(&path, &Reader::open(&config).expect("opens"), most).expect("reads");
    assert!(!current(16 << 20), "there is none");
    make_drive(&path, &Reader::open(&config).expect("opens"), 16 << 20).expect("is made");
    assert!(current(16 << 20) && !current(32 << 20));
    let mut store = Store::open(&config).expect("opens");
    store.save(&reading(9)).expect("saves");
    assert!(!current(16 << 20), "a record has come");
    make_drive(&path, &Reader::open(&config).expect("opens"), 16 << 20).expect("is made");
    assert!(current(16 << 20));
    store.delete(1, "test").expect("deletes");
    assert!(!current(16 << 20), "one has gone");
    fs::remove_file(&path).expect("removes");
    assert!(!current(16 << 20));
}

#[test]
fn a_host_on_the_cable_is_noticed_while_the_gadget_is_there() {
    let (controllers, configfs) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
    let connected = || is_connected(controllers.path(), configfs.path());
    let controller = controllers.path().join("dummy_udc.0");
    assert!(!connected() && !is_connected(&controllers.path().join("nowhere"), configfs.path()));
    fs::create_dir(&controller).expect("makes");
    fs::write(controller.join("state"), "configured\n").expect("writes");
    assert!(!connected(), "what a controller says of a gadget that is gone does not count");
    gadget(None).up(configfs.path(), "dummy_udc.0").expect("is made");
    assert!(connected());
    fs::write(controller.join("state"), "not attached\n").expect("writes");
    assert!(!connected());
}

#[test]
fn an_address_that_is_not_private_and_a_drive_out_of_range_are_refused() {
    let config =
        |address: &str, drive_mib| UsbConfig { address: address.parse().expect("an address"), drive_mib };
    assert_eq!(config("169.254.55.1", 256).check(), Ok(()));
    assert_eq!(
        (config("169.254.55.1", 0).network(), config("10.55.0.1", 0).network()),
        ("169.254.55.1/16".into(), "10.55.0.1/24".into())
    );
    assert!(config("8.8.8.8", 256).check().is_err_and(|error| error.contains("usb.address")));
    assert!(config("10.55.0.1", 5).check().is_err_and(|error| error.contains("usb.drive_mib")));
}

/// A store of pictures of these sizes.
fn store(pictures: &[usize]) -> (TempDir, RecordsConfig) {
    let folder = TempDir::new().expect("a temporary folder");
    let config = RecordsConfig { folder: folder.path().join("records"), ..RecordsConfig::default() };
    let mut store = Store::open(&config).expect("opens");
    for (seed, size) in pictures.iter().enumerate() {
        let mut reading = reading(seed as u8);
        let bytes: Arc<[u8]> = (0..*size).map(|index| (index * 7 + seed) as u8).collect();
        let encoded = Encoded { encoding: Encoding::Jpeg, bytes };
        reading.capture = Arc::new(Capture { encoded, ..(*reading.capture).clone() });
        store.save(&reading).expect("saves");
    }
    (folder, config)
}

fn read_file(volume: &FileSystem<fs::File>, name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut file = volume.root_dir().open_file(name).unwrap_or_else(|error| panic!("{name}: {error}"));
    file.read_to_end(&mut bytes).expect("reads");
    bytes
}

fn mount(path: &Path) -> FileSystem<fs::File> {
    let file = fs::File::options().read(true).write(true).open(path).expect("is there");
    FileSystem::new(file, FsOptions::new()).expect("is a FAT file system")
}

#[test]
fn the_drive_holds_the_export_and_every_file_has_the_hash_that_its_manifest_says() {
    let (folder, config) = store(&[100, 200_000, 1, 300_000]);
    let path = folder.path().join("drive.img");
    let reader = Reader::open(&config).expect("opens");
    let drive = make_drive(&path, &reader, 256 << 20).expect("is made");
    assert_eq!((drive.records, drive.left_out), (4, 0));
    assert_eq!(fs::metadata(&path).expect("is there").len(), drive.size);
    let volume = mount(&path);
    let manifest: serde_json::Value =
        serde_json::from_slice(&read_file(&volume, "manifest.json")).expect("JSON");
    let files = manifest["files"].as_array().expect("a list");
    assert_eq!(
        files
            .iter()
            .filter(|file| file["name"].as_str().is_some_and(|name| name.starts_with("images/")))
            .count(),
        4
    );
    for file in files {
        let name = file["name"].as_str().expect("text");
        assert_eq!(file["sha256"], sha256_hex(&read_file(&volume, name)), "{name}");
    }
    assert!(String::from_utf8(read_file(&volume, "index.html")).expect("text").contains("images/000004.jpg"));
}

#[test]
fn a_drive_that_is_too_small_for_all_holds_the_newest() {
    let (folder, config) = store(&[2_000_000, 6_000_000, 3_000_000, 4_000_000]);
    let path = folder.path().join("drive.img");
    let reader = Reader::open(&config).expect("opens");
    let drive = make_drive(&path, &reader, 16 << 20).expect("is made");
    assert!(matches!(drive, Drive { records: 2, left_out: 2, size } if size <= 16 << 20), "{drive:?}");
    let volume = mount(&path);
    let root = volume.root_dir();
    let there: Vec<_> =
        (1..=4).filter(|number| root.open_file(&format!("images/{number:06}.jpg")).is_ok()).collect();
    assert_eq!(there, [3, 4]);
}

#[test]
fn many_records_fit_on_the_drive_that_was_sized_for_them() {
    let (folder, config) = store(&[40_000; 250]);
    let path = folder.path().join("drive.img");
    let reader = Reader::open(&config).expect("opens");
    assert_eq!(make_drive(&path, &reader, 1 << 30).expect("is made").records, 250);
}
