//! The wall clock, and whether it can be trusted: most Raspberry Pis have no battery-backed clock of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use nix::errno::Errno;
use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_gettime, clock_settime};

mod settable;

pub use settable::{SettableClock, check_time};

/// Made by systemd-timesyncd once the network has told the time.
const SYNCHRONISED: &str = "run/systemd/timesync/synchronized";
/// What a battery-backed clock says, in seconds since 1970.
const HARDWARE_CLOCK: &str = "sys/class/rtc/rtc0/since_epoch";
/// The start of 2026, before this firmware was written, in seconds since 1970: a hardware clock that says less has
/// lost its battery, or never had one, as on a Raspberry Pi 5 as it is sold.
const BEFORE_ANY_PICTURE: i64 = 1_767_225_600;

/// Whether the kernel's own clock discipline said that it was right, since this program started.
static KEPT_BY_KERNEL: AtomicBool = AtomicBool::new(false);

/// Asks the kernel whether some program keeps its clock right, whichever that is (chrony, ntpd, timesyncd): by
/// systemd-timedated, since the service itself may not call `adjtimex`, not even to read (`ProtectClock`). Takes up to
/// half a minute; what it found holds for [`Clock::set_by`]. False where nobody answers.
pub fn ask_kernel() -> bool {
    let kept = is_kept(Path::new("timedatectl"));
    KEPT_BY_KERNEL.fetch_or(kept, Ordering::Relaxed);
    kept
}

fn is_kept(timedatectl: &Path) -> bool {
    let asked = Command::new(timedatectl)
        .args(["show", "--property=NTPSynchronized", "--value"])
        // What systemd is told of this service, the service tells alone.
        .env_remove("NOTIFY_SOCKET")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    asked.is_ok_and(|asked| asked.status.success() && asked.stdout.trim_ascii() == b"yes")
}

/// How long systemd may take to set the clock, and how near it then is.
const SYSTEMD_PATIENCE: Duration = Duration::from_secs(8);
const SET_WITHIN_MS: u64 = 3_000;

/// Whether a link has set the clock since this program started. After a new start it is not known any more, so that a
/// clock is never trusted wrongly.
static SET_BY_LINK: AtomicBool = AtomicBool::new(false);

/// Where the clock's state is read.
#[derive(Clone, Debug)]
pub struct Clock {
    /// `/` but in tests.
    root: PathBuf,
}

/// Who set the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetBy {
    /// systemd-timesyncd, from a time server.
    Network,
    /// A battery-backed clock.
    HardwareClock,
    /// Whoever pulled records over the cable.
    Link,
    /// Nobody: what it says is not to be trusted.
    Nobody,
}

impl Default for Clock {
    fn default() -> Self {
        Self::at(Path::new("/"))
    }
}

impl Clock {
    /// A clock whose state is read below this folder: `/`, or one that stands for it in tests.
    pub fn at(root: &Path) -> Self {
        Self { root: root.into() }
    }

    /// The time now, and whether something that knows it has set the clock since the start.
    pub fn now(&self) -> (Timestamp, bool) {
        (Timestamp::now(), self.set_by() != SetBy::Nobody)
    }

    /// Who set it last, as far as the system shows it; asked anew each time.
    pub fn set_by(&self) -> SetBy {
        let hardware = std::fs::read_to_string(self.root.join(HARDWARE_CLOCK));
        let seconds = hardware.ok().and_then(|text| text.trim().parse::<i64>().ok());
        if self.root.join(SYNCHRONISED).exists() || KEPT_BY_KERNEL.load(Ordering::Relaxed) {
            SetBy::Network
        } else if seconds.is_some_and(|seconds| seconds > BEFORE_ANY_PICTURE) {
            SetBy::HardwareClock
        } else if SET_BY_LINK.load(Ordering::Relaxed) {
            SetBy::Link
        } else {
            SetBy::Nobody
        }
    }
}

impl SettableClock for Clock {
    fn now(&self) -> (Timestamp, bool) {
        Clock::now(self)
    }

    fn set(&self, now: Timestamp) -> Result<(), String> {
        check_time(now)?;
        if self.set_by() == SetBy::Network {
            return Err("the network keeps the clock; it stays as it is".into());
        }
        let time = TimeSpec::new(now.as_second(), now.subsec_nanosecond().into());
        match (clock_settime(ClockId::CLOCK_REALTIME, time), std::env::var_os("RUNTIME_DIRECTORY")) {
            (Ok(()), _) => {}
            (Err(Errno::EPERM), Some(folder)) => ask_systemd(Path::new(&folder), now, SYSTEMD_PATIENCE)?,
            (Err(cause), _) => {
                return Err(format!("cannot set the clock: {cause}; the device needs CAP_SYS_TIME for it"));
            }
        }
        SET_BY_LINK.store(true, Ordering::Relaxed);
        Ok(())
    }
}

/// The device itself may not set the clock: it leaves a file that systemd waits for (see
/// systemd/units/dermascope-clock.path), and looks whether the clock was set. The file holds when the computer must have
/// started, in seconds since 1970, so that it does not matter how long systemd takes. A wish that still waits is
/// renewed, but nobody waits for it again: there is no such unit, or it failed.
fn ask_systemd(folder: &Path, now: Timestamp, patience: Duration) -> Result<(), String> {
    let asked_at = Instant::now();
    let (wish, part) = (folder.join("clock"), folder.join("clock.part"));
    let patience = if wish.exists() { Duration::ZERO } else { patience };
    let written =
        fs::write(&part, (now.as_second() - uptime()?).to_string()).and_then(|()| fs::rename(&part, &wish));
    written.map_err(|cause| format!("{}: cannot ask for the clock to be set: {cause}", wish.display()))?;
    while asked_at.elapsed() < patience {
        let wanted = now.as_millisecond() + asked_at.elapsed().as_millis() as i64;
        if Timestamp::now().as_millisecond().abs_diff(wanted) < SET_WITHIN_MS {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Err("the clock was not set; `systemctl status dermascope-clock.path` says why".into())
}

/// How long the computer has been on, in whole seconds, as `/proc/uptime` has it: that is hidden from the service.
fn uptime() -> Result<i64, String> {
    let time = clock_gettime(ClockId::CLOCK_BOOTTIME);
    time.map(|time| time.tv_sec())
        .map_err(|cause| format!("cannot ask how long the computer has been on: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set_by(files: &[(&str, &str)]) -> SetBy {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Clock::at(root.path()).set_by()
    }

    #[test]
    fn a_clock_is_set_by_the_network_or_by_a_hardware_clock_that_knows_the_time() {
        assert_eq!(set_by(&[]), SetBy::Nobody);
        assert_eq!(set_by(&[(SYNCHRONISED, "")]), SetBy::Network);
        assert_eq!(set_by(&[(HARDWARE_CLOCK, "1790000000\n")]), SetBy::HardwareClock);
    }

    #[test]
    fn a_clock_that_any_program_keeps_is_known_by_what_the_kernel_says() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let asked = |script: &str| {
            let path = folder.path().join("timedatectl");
            fs::write(
                &path,
                format!("#!/bin/sh\n[ \"$2\" = --property=NTPSynchronized ] || exit 9\n{script}\n"),
            )
            .unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            is_kept(&path)
        };
        assert!(asked("echo yes"));
        for other in ["echo no", "echo yes; exit 1", "exit 0", "echo yes please"] {
            assert!(!asked(other), "{other}");
        }
        assert!(!is_kept(Path::new("/nowhere/timedatectl")));
    }

    #[test]
    fn a_hardware_clock_without_a_battery_is_not_believed() {
        assert_eq!(set_by(&[(HARDWARE_CLOCK, "157\n")]), SetBy::Nobody);
        assert_eq!(set_by(&[(HARDWARE_CLOCK, "soon")]), SetBy::Nobody);
    }

    #[test]
    fn the_wish_to_set_the_clock_says_when_the_computer_started() {
        let folder = tempfile::tempdir().unwrap();
        // The clock is right already, so that nobody needs to set it.
        let now = Timestamp::now();
        assert_eq!(ask_systemd(folder.path(), now, SYSTEMD_PATIENCE), Ok(()));
        let wish: i64 = fs::read_to_string(folder.path().join("clock")).unwrap().parse().unwrap();
        let stat = fs::read_to_string("/proc/stat").unwrap();
        let started =
            stat.lines().find_map(|line| line.strip_prefix("btime ")).unwrap().parse::<i64>().unwrap();
        assert!(wish.abs_diff(started) <= 2, "{wish}, but the kernel says {started}");
    }

    #[test]
    fn a_wish_that_nobody_grants_is_told_and_not_waited_for_again() {
        let folder = tempfile::tempdir().unwrap();
        let wrong = Timestamp::from_second(EARLIER).unwrap();
        let told = ask_systemd(folder.path(), wrong, Duration::from_millis(50)).unwrap_err();
        assert!(told.contains("dermascope-clock.path"), "{told}");
        assert_eq!(ask_systemd(folder.path(), wrong, Duration::from_hours(1)), Err(told));
    }

    const EARLIER: i64 = 1_770_000_000;
}
