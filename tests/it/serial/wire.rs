//! A cable: two pseudo-terminals and a relay between them that can do to the bytes what bad cables do.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};

/// What a cable does to bytes that pass it, one way.
pub type Fault = Box<dyn FnMut(&mut Vec<u8>) + Send>;

/// A cable that does nothing to them.
pub fn clean() -> Fault {
    Box::new(|_| {})
}

fn pace(rate: u64) -> Fault {
    let (mut base, mut passed) = (Instant::now(), 0_u64);
    Box::new(move |bytes| {
        // What was not used while nothing came is gone.
        let due = base + Duration::from_secs_f64(passed as f64 / rate as f64);
        if Instant::now() > due + Duration::from_millis(20) {
            (base, passed) = (Instant::now(), 0);
        }
        passed += bytes.len() as u64;
        let due = base + Duration::from_secs_f64(passed as f64 / rate as f64);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    })
}

/// One end's terminal: its name, and the other side of it.
pub struct Terminal {
    pub path: PathBuf,
    pub master: File,
}

pub fn terminal() -> Terminal {
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_NONBLOCK;
    let master = posix_openpt(flags).expect("a pseudo-terminal");
    grantpt(&master).expect("may be used");
    unlockpt(&master).expect("unlocks");
    let path = PathBuf::from(ptsname_r(&master).expect("has a name"));
    let master = File::from(master.as_fd().try_clone_to_owned().expect("clones"));
    Terminal { path, master }
}

/// A cable that is plugged in until it is dropped.
pub struct Cable {
    pub laptop: PathBuf,
    /// Line ends that have passed, both ways.
    pub frames: Arc<AtomicU64>,
    cut: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Cable {
    /// Plugs in between the device's terminal and a new one of the laptop.
    pub fn plug(device: &File, to_device: Fault, to_laptop: Fault) -> Self {
        let Terminal { path: laptop, master } = terminal();
        let (cut, frames) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let relay = |from: &File, to: &File, fault: Fault| {
            let (from, to) = (from.try_clone().expect("clones"), to.try_clone().expect("clones"));
            let (cut, frames) = (cut.clone(), frames.clone());
            std::thread::spawn(move || relay(from, to, fault, &cut, &frames))
        };
        let threads = vec![relay(&master, device, to_device), relay(device, &master, to_laptop)];
        Self { laptop, frames, cut, threads }
    }

    /// One that carries so many bytes a second each way, and alters nothing.
    pub fn paced(device: &File, rate: u64) -> Self {
        Self::plug(device, pace(rate), pace(rate))
    }

    /// To be set by a fault that unplugs the cable.
    pub fn cut(&self) -> Arc<AtomicBool> {
        self.cut.clone()
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.cut.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn relay(mut from: File, mut to: File, mut fault: Fault, cut: &AtomicBool, frames: &AtomicU64) {
    let mut block = vec![0; 4096];
    while !cut.load(Ordering::Relaxed) {
        // EIO: nobody has the other side open just now.
        let Ok(read) = from.read(&mut block) else {
            std::thread::sleep(Duration::from_micros(100));
            continue;
        };
        let mut bytes = block[..read].to_vec();
        fault(&mut bytes);
        frames.fetch_add(bytes.iter().filter(|byte| **byte == b'\n').count() as u64, Ordering::Relaxed);
        let mut rest = &bytes[..];
        while !rest.is_empty() && !cut.load(Ordering::Relaxed) {
            match to.write(rest) {
                Ok(written) => rest = &rest[written..],
                Err(cause) if cause.kind() == ErrorKind::WouldBlock => {
                    std::thread::sleep(Duration::from_micros(100));
                }
                Err(_) => break,
            }
        }
    }
}
