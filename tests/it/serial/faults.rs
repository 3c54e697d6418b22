//! Bad cables: noise, cuts at any byte, peers that do not read, terminals that go away and come back.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use dermascope::pull::{PeerError, PullError, Report};
use dermascope::serial::{LARGEST_PART, message};
use rand::{Rng, RngExt};
use serde_json::json;

use super::wire::{Cable, Fault, clean, terminal};
use super::{Bench, random};

/// How long anything may take before a test gives up; nothing here measures speed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A cable that now and then alters, drops, doubles or inserts bytes: about one in `rarity`.
fn noise(seed: u64, rarity: u32) -> Fault {
    let mut random = random(seed);
    Box::new(move |bytes| {
        let mut noisy = Vec::with_capacity(bytes.len());
        for byte in bytes.iter().copied() {
            match random.random_range(0..rarity * 5) {
                0 => noisy.push(byte ^ (1 << random.random_range(0..8))),
                1 => {}
                2 => noisy.extend([byte, byte]),
                3 => noisy.extend([random.random(), byte]),
                4 => {
                    let mut burst = vec![0; random.random_range(1..300)];
                    random.fill_bytes(&mut burst);
                    noisy.extend(burst);
                }
                _ => noisy.push(byte),
            }
        }
        *bytes = noisy;
    })
}

#[test]
fn a_pull_through_noise_loses_and_alters_nothing() {
    let sizes: Vec<_> = (0..40).map(|index| 500 * (index + 1)).collect();
    let bench = Bench::new(&sizes);
    let cable = Cable::plug(&bench.terminal.master, noise(1, 3_000), noise(2, 3_000));
    let mut report = Report::default();
    bench.pull(&cable, &mut report).expect("pulls in spite of it");
    bench.check_all_is_here();
    assert_eq!((report.records, report.images), (40, 40));
    let frames = cable.frames.load(Ordering::Relaxed);
    println!("{frames} frames");
    assert!(frames > 2_000, "{frames} frames are too few to say anything");
}

/// A cable that is pulled out after some bytes.
fn cut_after(bytes_left: u64, cut: Arc<std::sync::OnceLock<Arc<AtomicBool>>>) -> Fault {
    let left = AtomicU64::new(bytes_left);
    Box::new(move |bytes| {
        let had = left.load(Ordering::Relaxed);
        bytes.truncate(had as usize);
        left.store(had - bytes.len() as u64, Ordering::Relaxed);
        if had == bytes.len() as u64
            && let Some(cut) = cut.get()
        {
            cut.store(true, Ordering::Relaxed);
        }
    })
}

#[test]
fn a_pull_cut_at_any_byte_goes_on_where_it_was() {
    let sizes: Vec<_> = (0..30).map(|index| 3_000 + 777 * index).collect();
    let bench = Bench::new(&sizes);
    let mut random = random(3);
    let (mut cuts, mut report) = (0, Report::default());
    let start = Instant::now();
    loop {
        let slot = Arc::new(std::sync::OnceLock::new());
        let after = random.random_range(1_000..20_000);
        let cable = Cable::plug(&bench.terminal.master, clean(), cut_after(after, slot.clone()));
        slot.set(cable.cut()).expect("is set once");
        // The cable ends when the pull does, one way or the other: a cut one says nothing any more.
        let pulled = bench.pull_impatiently(&cable, &mut report);
        bench.check_whole();
        match pulled {
            Ok(()) => break,
            Err(PullError::Peer(PeerError::Cut(_) | PeerError::Noise { .. })) => cuts += 1,
            Err(error) => panic!("after {cuts} cuts: {error}"),
        }
        assert!(start.elapsed() < 3 * PATIENCE, "{cuts} cuts, {report:?}");
    }
    bench.check_all_is_here();
    let whole: u64 = sizes.iter().map(|size| *size as u64).sum();
    println!("{cuts} cuts, {} of {whole} bytes", report.bytes);
    assert!(cuts > 20, "{cuts} cuts are too few to say anything");
    assert_eq!(report.bytes, whole, "not a byte that had come was asked for again");
}

#[test]
fn a_peer_that_stops_reading_holds_nothing_up_and_is_answered_when_it_reads_again() {
    let bench = Bench::new(&[200_000]);
    let mut laptop = bench.terminal.master.try_clone().expect("clones");
    let params = json!({"sequence": 1, "offset": 0, "length": LARGEST_PART});
    let call = [message::call(1, "image.read", &params), b"\n".to_vec()].concat();
    let start = Instant::now();
    // Calls until the link takes no more of them, reading nothing: it must not keep what it cannot send.
    let mut stuck = None;
    while stuck.is_none_or(|since: Instant| since.elapsed() < Duration::from_millis(500)) {
        match laptop.write(&call) {
            Ok(_) => stuck = None,
            Err(cause) if cause.kind() == ErrorKind::WouldBlock => {
                stuck.get_or_insert_with(Instant::now);
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(cause) => panic!("{cause}"),
        }
        assert!(start.elapsed() < PATIENCE, "it takes calls without end");
    }
    // Then it reads again: old answers, perhaps torn, and then the one to a new call.
    let mut heard = Vec::new();
    let mut block = [0; 4096];
    let mut asked = Instant::now() - PATIENCE;
    while !String::from_utf8_lossy(&heard).contains("\"product\":\"dermascope\"") {
        if asked.elapsed() > Duration::from_secs(2) {
            asked = Instant::now();
            let hello = [b"\n".to_vec(), message::call(2, "hello", &json!({})), b"\n".to_vec()].concat();
            // Where it has no room now it will have later.
            let _ = laptop.write(&hello);
            heard.clear();
        }
        match laptop.read(&mut block) {
            Ok(read) => heard.extend(&block[..read]),
            Err(_) => std::thread::sleep(Duration::from_millis(1)),
        }
        assert!(start.elapsed() < PATIENCE, "no answer any more");
    }
}

#[test]
fn a_link_ends_while_its_peer_does_not_read() {
    let mut bench = Bench::new(&[200_000]);
    let mut laptop = bench.terminal.master.try_clone().expect("clones");
    let params = json!({"sequence": 1, "offset": 0, "length": LARGEST_PART});
    laptop.write_all(&[message::call(1, "image.read", &params), b"\n".to_vec()].concat()).expect("calls");
    std::thread::sleep(Duration::from_millis(300));
    let start = Instant::now();
    drop(bench.link.take());
    assert!(start.elapsed() < PATIENCE, "it did not end");
}

#[test]
fn a_terminal_that_goes_away_is_opened_again_when_it_comes_back() {
    let mut bench = Bench::new(&[20_000, 20_000]);
    let path = bench.folder.path().join("ttyGS0");
    symlink(&bench.terminal.path, &path).expect("links");
    drop(bench.link.take());
    bench.link = Bench::link(&path, &bench.config, &bench.clock);
    for round in 0..3 {
        let cable = bench.plug();
        bench.pull(&cable, &mut Report::default()).unwrap_or_else(|error| panic!("round {round}: {error}"));
        drop(cable);
        // Unplugged: the terminal hangs up and its name goes; another takes its place.
        std::fs::remove_file(&path).expect("removes");
        bench.terminal = terminal();
        std::thread::sleep(Duration::from_millis(100 * round));
        symlink(&bench.terminal.path, &path).expect("links");
        bench.store().save(&super::reading_of(100 + round as u8, 2_000)).expect("saves");
    }
    let cable = bench.plug();
    bench.pull(&cable, &mut Report::default()).expect("pulls");
    bench.check_all_is_here();
}
