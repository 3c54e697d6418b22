//! Cameras that misbehave, and the stream that lives with them.

use crate::shared::skipped;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use dermascope::camera::{
    self, Camera, CameraConfig, CameraError, CameraKind, CameraState, Demand, Shot, Stream, StreamEvent,
};
use dermascope::picture::Frame;
use dermascope::{picture, synthetic};
use image::codecs::jpeg::JpegEncoder;
use image::{RgbImage, imageops};

/// Far longer than anything here takes; only a test that fails waits for so long.
const PATIENCE: Duration = Duration::from_secs(60);

fn wait_for<T>(stream: &Stream, what: &str, look: impl Fn(&Stream) -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look(stream) {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "{what}; the camera is {:?}", stream.state());
        // Either way it is looked at again.
        let _ = stream.events().recv_timeout(Duration::from_millis(20));
    }
}

fn wait_for_frame(stream: &Stream) -> Arc<Frame> {
    wait_for(stream, "no frame came", Stream::newest)
}

fn wait_for_loss(stream: &Stream) -> String {
    wait_for(stream, "the camera was not lost", |stream| match stream.state() {
        CameraState::Lost { cause } => Some(cause),
        _ => None,
    })
}

fn jpeg(seed: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    synthetic::lesion(seed, 64).write_with_encoder(JpegEncoder::new(&mut bytes)).unwrap();
    bytes
}

// The folder camera

fn folder_config(folder: &Path) -> CameraConfig {
    CameraConfig {
        kind: CameraKind::Folder,
        folder: folder.into(),
        frame_rate: 50,
        seconds_per_picture: 0.06,
        stall_after_ms: 10_000,
        ..CameraConfig::default()
    }
}

fn bytes_of(shot: Shot) -> Vec<u8> {
    match shot {
        Shot::Encoded(encoded) => encoded.bytes.to_vec(),
        Shot::Pixels(_) => panic!("a folder gives its files' bytes"),
    }
}

/// The pictures that the camera shows one behind the other, each once.
fn shown(camera: &mut dyn Camera, count: usize) -> Vec<Vec<u8>> {
    let mut pictures: Vec<Vec<u8>> = Vec::new();
    while pictures.len() < count {
        let bytes = bytes_of(camera.next_shot().unwrap());
        if pictures.last() != Some(&bytes) {
            pictures.push(bytes);
        }
    }
    pictures
}

#[test]
fn a_folder_shows_its_files_by_name_and_round_again() {
    let dir = tempfile::tempdir().unwrap();
    for (name, seed) in [("b.JPG", 2), ("a.jpg", 1), ("c.jpeg", 3)] {
        std::fs::write(dir.path().join(name), jpeg(seed)).unwrap();
    }
    let mut camera = camera::open(&folder_config(dir.path())).unwrap();
    assert_eq!(shown(&mut *camera, 4), [jpeg(1), jpeg(2), jpeg(3), jpeg(1)]);
}

#[test]
fn a_folder_shows_each_picture_for_many_frames() {
    let dir = tempfile::tempdir().unwrap();
    (1..3).for_each(|seed| std::fs::write(dir.path().join(format!("{seed}.jpg")), jpeg(seed)).unwrap());
    let config = CameraConfig { seconds_per_picture: 3600.0, ..folder_config(dir.path()) };
    let mut camera = camera::open(&config).unwrap();
    for _ in 0..10 {
        assert_eq!(bytes_of(camera.next_shot().unwrap()), jpeg(1));
    }
}

#[test]
fn files_that_cannot_be_read_are_left_out() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.jpg"), jpeg(1)).unwrap();
    std::fs::write(dir.path().join("b.jpg"), &jpeg(2)[..300]).unwrap();
    std::fs::write(dir.path().join("c.png"), b"").unwrap();
    std::fs::write(dir.path().join("notes.txt"), b"no picture").unwrap();
    std::fs::write(dir.path().join(".d.jpg"), jpeg(3)).unwrap();
    std::fs::create_dir(dir.path().join("e.jpg")).unwrap();
    std::fs::write(dir.path().join("f.jpg"), jpeg(4)).unwrap();
    let mut camera = camera::open(&folder_config(dir.path())).unwrap();
    assert_eq!(shown(&mut *camera, 3), [jpeg(1), jpeg(4), jpeg(1)]);
}

#[test]
fn pictures_that_come_later_are_shown() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.jpg"), jpeg(1)).unwrap();
    let mut camera = camera::open(&folder_config(dir.path())).unwrap();
    assert_eq!(shown(&mut *camera, 1), [jpeg(1)]);
    std::fs::write(dir.path().join("b.jpg"), jpeg(2)).unwrap();
    assert_eq!(shown(&mut *camera, 3), [jpeg(1), jpeg(2), jpeg(1)]);
}

#[test]
fn a_folder_without_pictures_is_refused_by_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let refusal = |config: &CameraConfig| camera::open(config).err().unwrap().to_string();
    let message = refusal(&folder_config(dir.path()));
    assert!(message.contains(&dir.path().display().to_string()), "{message}");
    assert!(message.contains("no JPEG or PNG pictures") && message.contains("camera.folder"), "{message}");
    std::fs::write(dir.path().join("a.jpg"), b"not a picture").unwrap();
    assert!(refusal(&folder_config(dir.path())).contains("none of its 1 pictures can be read"));
    let message = refusal(&folder_config(&dir.path().join("none")));
    assert!(message.contains("No such file"), "{message}");
}

#[test]
fn a_folder_that_empties_is_told_and_comes_back_with_its_pictures() {
    let dir = tempfile::tempdir().unwrap();
    let (file, away) = (dir.path().join("a.jpg"), dir.path().join("a.away"));
    std::fs::write(&file, jpeg(1)).unwrap();
    let stream = Stream::start(&folder_config(dir.path()));
    let frame = wait_for_frame(&stream);
    assert_eq!(frame.encoded.as_ref().unwrap().bytes[..], jpeg(1));
    std::fs::rename(&file, &away).unwrap();
    let cause = wait_for_loss(&stream);
    assert!(cause.contains("no JPEG or PNG pictures"), "{cause}");
    assert!(
        stream.newest().is_none() && stream.sharpest(Duration::ZERO).is_none(),
        "nothing stale is shown as live"
    );
    std::fs::rename(&away, &file).unwrap();
    let again = wait_for_frame(&stream);
    assert!(again.sequence > frame.sequence && again.captured_at > frame.captured_at);
    assert_eq!(stream.state(), CameraState::Live);
}

// The stream, with cameras made for it

/// What a scripted camera does next.
#[derive(Clone)]
enum Act {
    Show(RgbImage),
    ShowBytes(Vec<u8>),
    Refuse,
    Vanish,
    /// Blocks in the driver.
    Hang,
    /// Its code fails.
    Panic,
}

/// Plays its acts, the last of them over and over.
struct Scripted {
    acts: Vec<Act>,
    next: usize,
}

impl Camera for Scripted {
    fn next_shot(&mut self) -> Result<Shot, CameraError> {
        std::thread::sleep(Duration::from_millis(2));
        let act = self.acts[self.next.min(self.acts.len() - 1)].clone();
        self.next += 1;
        let device = || "scripted".to_string();
        match act {
            Act::Show(pixels) => Ok(Shot::Pixels(pixels)),
            Act::ShowBytes(bytes) => Ok(Shot::Encoded(dermascope::picture::Encoded {
                encoding: dermascope::picture::Encoding::Jpeg,
                bytes: bytes.into(),
            })),
            Act::Refuse => Err(CameraError::BadFrame { device: device(), cause: "torn".into() }),
            Act::Vanish => Err(CameraError::Gone { device: device(), cause: "unplugged".into() }),
            Act::Panic => panic!("index out of bounds"),
            Act::Hang => loop {
                std::thread::park();
            },
        }
    }

    fn describe(&self) -> String {
        "scripted".into()
    }
}

fn quick() -> CameraConfig {
    CameraConfig { stall_after_ms: 300, ..CameraConfig::default() }
}

/// A stream that is opened with the first script, then with the second, and so on; the last over and over.
fn play(config: &CameraConfig, scripts: Vec<Vec<Act>>) -> (Stream, Arc<AtomicUsize>) {
    let opened = Arc::new(AtomicUsize::new(0));
    let count = opened.clone();
    let stream = Stream::start_with(config, move |_| {
        let turn = count.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(Scripted { acts: scripts[turn.min(scripts.len() - 1)].clone(), next: 0 }))
    });
    (stream, opened)
}

fn lesion() -> RgbImage {
    synthetic::lesion(1, 64)
}

#[test]
fn frames_are_numbered_and_timed_in_order() {
    let (stream, _) = play(&quick(), vec![vec![Act::Show(lesion())]]);
    let mut last = wait_for_frame(&stream);
    for _ in 0..5 {
        let newer = |stream: &Stream| stream.newest().filter(|frame| frame.sequence > last.sequence);
        let frame = wait_for(&stream, "no newer frame came", newer);
        assert!(frame.captured_at > last.captured_at && frame.captured_at <= stream.now());
        last = frame;
    }
}

#[test]
fn a_camera_that_hangs_is_given_up_and_opened_anew() {
    let (stream, opened) =
        play(&quick(), vec![vec![Act::Show(lesion()), Act::Hang], vec![Act::Show(lesion())]]);
    wait_for_frame(&stream);
    let cause = wait_for_loss(&stream);
    assert!(cause.contains("gave no frame"), "{cause}");
    wait_for_frame(&stream);
    assert!(opened.load(Ordering::SeqCst) >= 2);
}

#[test]
fn a_camera_whose_code_panics_is_told_and_opened_anew() {
    let (stream, opened) = play(
        &quick(),
        vec![vec![Act::Show(lesion()), Act::Panic], vec![Act::Panic], vec![Act::Show(lesion())]],
    );
    let cause = wait_for_loss(&stream);
    assert!(cause.contains("the camera's code failed: index out of bounds"), "{cause}");
    wait_for_frame(&stream);
    assert_eq!(opened.load(Ordering::SeqCst), 3);
}

#[test]
fn a_camera_whose_opening_panics_is_told_and_opened_anew() {
    let tries = Arc::new(AtomicUsize::new(0));
    let stream = Stream::start_with(&quick(), move |_| {
        assert!(tries.fetch_add(1, Ordering::SeqCst) > 0, "not the first time");
        Ok(Box::new(Scripted { acts: vec![Act::Show(lesion())], next: 0 }))
    });
    assert!(wait_for_loss(&stream).contains("not the first time"));
    wait_for_frame(&stream);
}

#[test]
fn frames_that_are_refused_are_counted() {
    let torn = Act::ShowBytes(jpeg(1)[..400].to_vec());
    let (stream, _) = play(&quick(), vec![vec![torn.clone(), Act::Refuse, torn, Act::Show(lesion())]]);
    wait_for_frame(&stream);
    // A slow keeper may miss one.
    assert!((1..=3).contains(&stream.refused()), "{}", stream.refused());
}

#[test]
fn a_camera_that_is_not_wanted_is_closed_until_it_is() {
    let (stream, opened) = play(&quick(), vec![vec![Act::Show(lesion())]]);
    let before = wait_for_frame(&stream);
    stream.want(Demand::Rest);
    wait_for(&stream, "the camera was not closed", |stream| {
        (stream.state() == CameraState::Opening && stream.newest().is_none()).then_some(())
    });
    std::thread::sleep(Duration::from_millis(400));
    assert!(stream.newest().is_none() && opened.load(Ordering::SeqCst) == 1, "it stays closed");
    stream.want(Demand::Live);
    let frame = wait_for_frame(&stream);
    assert!(frame.sequence > before.sequence && frame.captured_at > before.captured_at);
    assert_eq!(opened.load(Ordering::SeqCst), 2);
}

#[test]
fn a_camera_that_is_lost_is_let_rest_and_wakes_again() {
    let (stream, opened) =
        play(&quick(), vec![vec![Act::Vanish], vec![Act::Vanish], vec![Act::Show(lesion())]]);
    wait_for_loss(&stream);
    stream.want(Demand::Rest);
    wait_for(&stream, "it does not rest", |stream| (stream.state() == CameraState::Opening).then_some(()));
    let tries = opened.load(Ordering::SeqCst);
    std::thread::sleep(Duration::from_millis(700));
    assert_eq!(opened.load(Ordering::SeqCst), tries, "nobody asks for it");
    stream.want(Demand::Live);
    wait_for_frame(&stream);
}

#[test]
fn frames_that_nobody_looks_at_are_not_decoded_but_the_next_is_live_at_once() {
    // What is no picture would be refused, and a camera that gives only such would be lost.
    let torn = Act::ShowBytes(jpeg(1)[..400].to_vec());
    let mut acts = vec![Act::Show(lesion())];
    acts.extend(vec![torn; 100_000]);
    let (stream, opened) = play(&quick(), vec![acts]);
    wait_for_frame(&stream);
    stream.want(Demand::Ready);
    std::thread::sleep(Duration::from_millis(700));
    assert_eq!(stream.state(), CameraState::Live);
    assert_eq!(opened.load(Ordering::SeqCst), 1);
    stream.want(Demand::Live);
    let cause = wait_for_loss(&stream);
    assert!(cause.contains("every frame is refused"), "{cause}");
}

#[test]
fn a_camera_that_dies_while_nobody_looks_is_told() {
    let acts = vec![vec![Act::Show(lesion()), Act::Show(lesion()), Act::Hang], vec![Act::Show(lesion())]];
    let (stream, _) = play(&quick(), acts);
    wait_for_frame(&stream);
    stream.want(Demand::Ready);
    assert!(wait_for_loss(&stream).contains("gave no frame"));
}

#[test]
fn a_camera_that_vanishes_is_told_with_its_cause_and_comes_back() {
    let (stream, _) = play(&quick(), vec![vec![Act::Show(lesion()), Act::Vanish], vec![Act::Show(lesion())]]);
    let cause = wait_for_loss(&stream);
    assert_eq!(cause, "scripted: the camera is gone: unplugged");
    wait_for_frame(&stream);
}

#[test]
fn drivers_that_never_answer_do_not_pile_up_threads() {
    let (stream, opened) = play(&quick(), vec![vec![Act::Show(lesion()), Act::Hang]]);
    wait_for(&stream, "the stream did not stop opening the camera", |stream| match stream.state() {
        CameraState::Lost { cause } => cause.contains("driver does not answer").then_some(()),
        _ => None,
    });
    assert!(opened.load(Ordering::SeqCst) <= 4);
}

#[test]
fn bad_frames_among_good_ones_are_left_out() {
    let torn = Act::ShowBytes(jpeg(1)[..400].to_vec());
    let script = vec![torn.clone(), Act::Refuse, torn, Act::Refuse, Act::Show(lesion())];
    let (stream, opened) = play(&quick(), vec![script]);
    let frame = wait_for_frame(&stream);
    assert!(frame.pixels == lesion());
    assert_eq!(opened.load(Ordering::SeqCst), 1);
}

#[test]
fn a_camera_that_gives_only_bad_frames_is_lost_with_their_cause() {
    let (stream, _) = play(&quick(), vec![vec![Act::ShowBytes(jpeg(1)[..400].to_vec())]]);
    let cause = wait_for_loss(&stream);
    assert!(cause.contains("every frame is refused") && cause.contains("cut off"), "{cause}");
}

#[test]
fn the_sharpest_of_the_last_frames_is_taken() {
    let sharp = lesion();
    let blurred = imageops::blur(&sharp, 2.0);
    let acts = (0..2000).map(|turn| Act::Show(if turn % 3 == 1 { sharp.clone() } else { blurred.clone() }));
    let config = CameraConfig { sharpest_of: 30, stall_after_ms: 10_000, ..CameraConfig::default() };
    let (stream, _) = play(&config, vec![acts.collect()]);
    wait_for(&stream, "the newest was never other than the sharpest", |stream| {
        let (newest, sharpest) = (stream.newest()?, stream.sharpest(Duration::ZERO)?);
        (newest.pixels == blurred && sharpest.pixels == sharp).then_some(())
    });
}

#[test]
fn a_press_on_a_slow_camera_takes_the_frame_that_is_shown() {
    let config = CameraConfig { stall_after_ms: 60_000, ..quick() };
    let (stream, _) = play(&config, vec![vec![Act::Show(lesion()), Act::Hang]]);
    let shown = wait_for_frame(&stream);
    std::thread::sleep(Duration::from_millis(900));
    assert_eq!(stream.sharpest(Duration::ZERO).map(|frame| frame.sequence), Some(shown.sequence));
}

#[test]
fn a_listener_that_sleeps_does_not_hold_the_camera_up() {
    let (stream, _) = play(&quick(), vec![vec![Act::Show(lesion())]]);
    let start = Instant::now();
    while stream.newest().is_none_or(|frame| frame.sequence < 100) {
        assert!(start.elapsed() < PATIENCE, "the camera waits for its listener");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(stream.events().try_iter().any(|event| event == StreamEvent::Frame));
}

#[test]
fn a_camera_that_cannot_be_opened_is_told_and_tried_again() {
    let tries = Arc::new(AtomicUsize::new(0));
    let count = tries.clone();
    let stream = Stream::start_with(&quick(), move |_| {
        if count.fetch_add(1, Ordering::SeqCst) < 2 {
            let (cause, cure) = ("busy".into(), "end the other program".into());
            return Err(CameraError::Open { device: "scripted".into(), cause, cure });
        }
        Ok(Box::new(Scripted { acts: vec![Act::Show(lesion())], next: 0 }))
    });
    let cause = wait_for_loss(&stream);
    assert_eq!(cause, "scripted: cannot open the camera: busy; end the other program");
    wait_for_frame(&stream);
    assert_eq!(tries.load(Ordering::SeqCst), 3);
}

/// The picture as many webcams send it: without Huffman tables, since they are always the same (ITU-T T.81, annex K).
fn without_tables(jpeg: &[u8]) -> Vec<u8> {
    let (mut left, mut rest) = (jpeg[..2].to_vec(), &jpeg[2..]);
    while rest[1] != 0xda {
        let length = 2 + usize::from(u16::from_be_bytes([rest[2], rest[3]]));
        if rest[1] != 0xc4 {
            left.extend_from_slice(&rest[..length]);
        }
        rest = &rest[length..];
    }
    assert!(left.len() + rest.len() < jpeg.len() - 300, "the tables are gone");
    [&left, rest].concat()
}

#[test]
fn frames_without_tables_are_seen_as_with_them() {
    let (stream, _) = play(&quick(), vec![vec![Act::ShowBytes(without_tables(&jpeg(1)))]]);
    assert!(wait_for_frame(&stream).pixels == picture::decode(&jpeg(1)).unwrap().0);
}

// The command camera, with a script in place of rpicam-vid

/// A shell script in place of rpicam-vid. `$1` is a JPEG, `$2` another.
fn fake_rpicam(dir: &Path, script: &str) -> CameraConfig {
    let files: Vec<PathBuf> = [1u64, 2]
        .map(|seed| {
            let path = dir.join(format!("{seed}.jpg"));
            std::fs::write(&path, jpeg(seed)).unwrap();
            path
        })
        .to_vec();
    let words = ["/bin/sh", "-c", script, "rpicam-vid"].map(String::from).to_vec();
    let files = files.iter().map(|path| path.display().to_string());
    CameraConfig {
        kind: CameraKind::Command,
        command: words.into_iter().chain(files).collect(),
        stall_after_ms: 1000,
        ..CameraConfig::default()
    }
}

fn refused(camera: &mut dyn Camera) -> CameraError {
    camera.next_shot().map(|_| "a frame").unwrap_err()
}

#[test]
fn a_program_that_writes_frames_is_a_camera() {
    let dir = tempfile::tempdir().unwrap();
    // Late, slow, and in pieces that have nothing to do with the frames.
    let script = r#"sleep 0.3; while :; do cat "$1" "$2" "$1" | dd bs=700 2>/dev/null; sleep 0.05; done"#;
    let config = CameraConfig { stall_after_ms: 30_000, ..fake_rpicam(dir.path(), script) };
    let mut camera = camera::open(&config).unwrap();
    // A reader that is slow may miss the first ones: only the newest are kept for it.
    let shown = shown(&mut *camera, 3);
    assert!(shown == [jpeg(1), jpeg(2), jpeg(1)] || shown == [jpeg(2), jpeg(1), jpeg(2)]);
    drop(camera);
    let stream = Stream::start(&config);
    let frame = wait_for_frame(&stream);
    let encoded = frame.encoded.as_ref().unwrap();
    assert!(picture::decode(&encoded.bytes).unwrap().0 == frame.pixels, "the whole square is the view");
}

#[test]
fn a_torn_frame_is_refused_and_the_next_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    let script = r#"head -c 900 "$1"; cat "$2"; exec sleep 100"#;
    let mut camera = camera::open(&fake_rpicam(dir.path(), script)).unwrap();
    let shots: Vec<_> = (0..2).map(|_| camera.next_shot()).collect();
    assert!(shots.iter().any(|shot| matches!(shot, Err(CameraError::BadFrame { .. }))));
    assert!(shots.into_iter().flatten().any(|shot| bytes_of(shot) == jpeg(2)));
}

#[test]
fn garbage_is_not_a_frame_and_ends_as_a_stall() {
    let dir = tempfile::tempdir().unwrap();
    let script = r#"while :; do echo "this is no picture"; sleep 0.01; done"#;
    let mut camera = camera::open(&fake_rpicam(dir.path(), script)).unwrap();
    assert!(matches!(refused(&mut *camera), CameraError::Stalled { .. }));
}

#[test]
fn a_program_that_writes_no_jpeg_is_told_what_it_writes_and_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    for (bytes, name) in [
        (r"\000\000\000\001\147\102\000\036", "H.264 video"),
        (r"\000\000\000\030ftypmp42\000\000\000\000mp42", "MP4"),
    ] {
        let script = format!(r#"printf '{bytes}'; exec cat /dev/zero"#);
        let mut camera = camera::open(&fake_rpicam(dir.path(), &script)).unwrap();
        let message = refused(&mut *camera).to_string();
        assert!(message.contains(name) && !message.contains("cable"), "{message}");
    }
}

#[test]
fn start_markers_that_come_twice_and_what_lies_between_frames_are_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let script = r#"printf 'noise\377\330'; cat "$1"; printf '\377\330\377\330'; cat "$2"; exec sleep 1000"#;
    let mut camera = camera::open(&fake_rpicam(dir.path(), script)).unwrap();
    assert_eq!(shown(&mut *camera, 1), [jpeg(1)]);
}

#[test]
fn a_program_that_ends_is_told_with_its_last_words() {
    let dir = tempfile::tempdir().unwrap();
    let script = r#"cat "$1"; echo "ERROR: *** no cameras available ***" >&2; exit 3"#;
    let mut camera = camera::open(&fake_rpicam(dir.path(), script)).unwrap();
    camera.next_shot().unwrap();
    let message = refused(&mut *camera).to_string();
    assert!(message.contains("exit status: 3") && message.contains("no cameras available"), "{message}");
}

#[test]
fn a_program_that_hangs_is_a_stall_and_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let pid_file = dir.path().join("pid");
    let script = format!(r#"echo $$ > {}; cat "$1"; exec sleep 1000"#, pid_file.display());
    let mut camera = camera::open(&fake_rpicam(dir.path(), &script)).unwrap();
    camera.next_shot().unwrap();
    assert!(matches!(refused(&mut *camera), CameraError::Stalled { .. }));
    let process = Path::new("/proc").join(std::fs::read_to_string(pid_file).unwrap().trim());
    assert!(process.exists());
    drop(camera);
    assert!(!process.exists(), "the program is killed and reaped");
}

#[test]
fn a_program_that_hangs_is_started_again_by_the_stream() {
    let dir = tempfile::tempdir().unwrap();
    let count = dir.path().join("count");
    let script = format!(r#"echo start >> {}; cat "$1"; exec sleep 1000"#, count.display());
    let stream = Stream::start(&CameraConfig { stall_after_ms: 300, ..fake_rpicam(dir.path(), &script) });
    wait_for(&stream, "the program was not started again", |_| {
        std::fs::read_to_string(&count).ok().filter(|starts| starts.lines().count() >= 2)
    });
}

#[test]
fn a_program_that_ends_is_started_again_with_growing_pauses() {
    let dir = tempfile::tempdir().unwrap();
    let starts = dir.path().join("starts");
    let script = format!(r#"date +%s%N >> {}; exit 1"#, starts.display());
    let stream = Stream::start(&fake_rpicam(dir.path(), &script));
    let times = wait_for(&stream, "the program was not started four times", |_| {
        let text = std::fs::read_to_string(&starts).ok()?;
        let times: Vec<u64> = text.lines().filter_map(|line| line.parse().ok()).collect();
        (times.len() >= 4).then_some(times)
    });
    // Each pause is at least as long as it is meant to be; how much longer is the computer's business.
    assert!(times[2] - times[1] >= 450_000_000 && times[3] - times[2] >= 900_000_000, "{times:?}");
}

#[test]
fn a_program_that_stops_within_a_frame_gives_no_half_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let script = r#"cat "$1"; head -c 900 "$2"; exec sleep 1000"#;
    let mut camera = camera::open(&fake_rpicam(dir.path(), script)).unwrap();
    assert!(bytes_of(camera.next_shot().unwrap()) == jpeg(1));
    assert!(matches!(refused(&mut *camera), CameraError::Stalled { .. }));
}

#[test]
fn a_program_that_says_too_much_is_still_a_camera() {
    let dir = tempfile::tempdir().unwrap();
    let script = r#"yes "WARN: frame dropped" | head -c 3000000 >&2; cat "$1"; exec sleep 1000"#;
    let mut camera = camera::open(&fake_rpicam(dir.path(), script)).unwrap();
    assert!(bytes_of(camera.next_shot().unwrap()) == jpeg(1));
}

#[test]
fn a_program_that_is_not_installed_is_named_with_the_cure() {
    let config = CameraConfig {
        kind: CameraKind::Command,
        command: vec!["/nowhere/rpicam-vid".into()],
        ..CameraConfig::default()
    };
    let message = camera::open(&config).err().unwrap().to_string();
    assert!(message.starts_with("/nowhere/rpicam-vid: cannot open the camera"), "{message}");
    assert!(message.contains("apt install rpicam-apps"), "{message}");
}

#[test]
fn a_computer_without_a_camera_says_so() {
    if std::fs::read_dir("/sys/class/video4linux").is_ok_and(|mut class| class.next().is_some()) {
        return skipped("video", "this computer has a video device");
    }
    let message = camera::open(&CameraConfig::default()).err().unwrap().to_string();
    assert!(message.contains("there is no camera") && message.contains("command"), "{message}");
}
