//! A program that writes JPEG after JPEG to its standard output, such as `rpicam-vid --codec mjpeg -o -`: the
//! way to CSI cameras, which current Raspberry Pi OS reaches by libcamera alone.
//!
//! The program is killed and reaped when the camera is dropped. A script must `exec` the program it wraps,
//! so that this reaches it.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::newest::{NewestWins, newest_wins};
use super::{Camera, CameraConfig, CameraError, CameraKind, Shot, Splitter};
use crate::picture::{Encoded, Encoding, Foreign};

/// How many of the last lines of the program's standard error are kept for the message when it fails.
const LAST_LINES: usize = 3;
/// How many of the first bytes of its output are kept, to know what they are.
const FIRST: usize = 160;
/// What may lie in the program's own buffers and the pipe, in frames: the light of a capture may be the one before.
const FRAMES_ON_THE_WAY: u32 = 2;
/// The longest line of it that is kept, in bytes.
const LONGEST_LINE: u64 = 300;
/// How long a program that has closed its output may take to end.
const ENDING: Duration = Duration::from_millis(500);

/// Starts the program of `camera.command`.
pub fn open(config: &CameraConfig) -> Result<Box<dyn Camera>, CameraError> {
    let words = fill_in(config);
    // The configuration's check asks for a program; without one, starting "" fails with a clear error.
    let (program, arguments) =
        words.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    let failed = |cause: std::io::Error| CameraError::Open {
        device: program.into(),
        cause: cause.to_string(),
        cure: "install it (`apt install rpicam-apps` for rpicam-vid), or set camera.command".into(),
    };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let pipes = (child.stdout.take(), child.stderr.take());
    let (sender, output) = newest_wins(2);
    let (listening, silent) = bounded(0);
    let camera = Program {
        name: program.into(),
        description: words.join(" "),
        child,
        output,
        said: Arc::default(),
        first: Arc::default(),
        silent,
        patience: config.opening_patience(),
        stall_after: config.stall_after(),
        frame_time: config.frame_time(),
    };
    let (said, first) = (camera.said.clone(), camera.first.clone());
    if let (Some(stdout), Some(stderr)) = pipes {
        spawn("camera-pipe", move || cut(stdout, &sender, &first)).map_err(failed)?;
        spawn("camera-said", move || listen(stderr, &said, listening)).map_err(failed)?;
    }
    Ok(Box::new(camera))
}

/// The command with the configuration's numbers in place of their names.
fn fill_in(config: &CameraConfig) -> Vec<String> {
    let numbers =
        [("{width}", config.width), ("{height}", config.height), ("{frame_rate}", config.frame_rate)];
    let fill = |word: &String| {
        numbers.iter().fold(word.clone(), |word, (name, n)| word.replace(name, &n.to_string()))
    };
    config.command.iter().map(fill).collect()
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    std::thread::Builder::new().name(name.into()).spawn(work).map(drop)
}

/// What came out of the program.
enum Output {
    Frame(Vec<u8>),
    /// Beginnings of frames that came to nothing.
    Torn,
}

struct Program {
    name: String,
    description: String,
    child: Child,
    output: Receiver<Output>,
    /// The last lines of its standard error.
    said: Arc<Mutex<VecDeque<String>>>,
    /// What it wrote first: where that is no JPEG, it may be something that has a name.
    first: Arc<Mutex<Vec<u8>>>,
    /// Closed when all of that has been read.
    silent: Receiver<()>,
    /// How long the next frame may take.
    patience: Duration,
    stall_after: Duration,
    frame_time: Duration,
}

impl Camera for Program {
    fn next_shot(&mut self) -> Result<Shot, CameraError> {
        match self.output.recv_timeout(self.patience) {
            Ok(Output::Frame(bytes)) => {
                self.patience = self.stall_after;
                Ok(Shot::Encoded(Encoded { encoding: Encoding::Jpeg, bytes: bytes.into() }))
            }
            Ok(Output::Torn) => {
                Err(CameraError::BadFrame { device: self.name.clone(), cause: "it is torn".into() })
            }
            Err(RecvTimeoutError::Timeout) => Err(match self.foreign() {
                Some(foreign) => CameraError::Foreign { device: self.name.clone(), foreign },
                None => CameraError::Stalled {
                    device: self.with_last_words(self.name.clone()),
                    waited: self.patience,
                    cure: CameraKind::Command.cure_of_stalls(),
                },
            }),
            Err(RecvTimeoutError::Disconnected) => {
                let ending = self.ending();
                Err(CameraError::Gone { device: self.name.clone(), cause: self.with_last_words(ending) })
            }
        }
    }

    fn age(&self) -> Duration {
        self.frame_time * FRAMES_ON_THE_WAY
    }

    fn describe(&self) -> String {
        format!("command {}", self.description)
    }
}

impl Program {
    /// How the program ended.
    fn ending(&mut self) -> String {
        let start = Instant::now();
        while start.elapsed() < ENDING {
            match self.child.try_wait() {
                Ok(Some(status)) => {
                    // Its last words may still be on their way.
                    let _ = self.silent.recv_timeout(ENDING);
                    return format!("the program ended ({status})");
                }
                Ok(None) => std::thread::sleep(Duration::from_millis(10)),
                Err(error) => return format!("the program's end is not known: {error}"),
            }
        }
        "the program closed its output".into()
    }

    /// What the program writes, where it is known and no JPEG.
    fn foreign(&self) -> Option<Foreign> {
        Foreign::of(&self.first.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn with_last_words(&self, what: String) -> String {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.is_empty() {
            what
        } else {
            format!("{what}, saying: {}", Vec::from(said.clone()).join(" / "))
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail only for a program that has been reaped already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Cuts the program's output into frames until it ends.
fn cut(mut stdout: ChildStdout, output: &NewestWins<Output>, first: &Mutex<Vec<u8>>) {
    let mut splitter = Splitter::default();
    let mut piece = vec![0; 64 << 10];
    let mut written = 0;
    loop {
        let length = match stdout.read(&mut piece) {
            Ok(0) => return,
            Ok(length) => length,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        if written < FIRST {
            let mut first = first.lock().unwrap_or_else(PoisonError::into_inner);
            first.extend_from_slice(&piece[..length.min(FIRST - written)]);
        }
        written = written.saturating_add(length);
        let torn = splitter.refused();
        for frame in splitter.push(&piece[..length]) {
            output.send(Output::Frame(frame));
        }
        if splitter.refused() > torn {
            output.send(Output::Torn);
        }
    }
}

/// Keeps the last lines of the program's standard error.
fn listen(stderr: ChildStderr, said: &Mutex<VecDeque<String>>, _listening: Sender<()>) {
    let mut reader = BufReader::new(stderr);
    let mut line = Vec::new();
    while let Ok(1..) = reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line) {
        let text = String::from_utf8_lossy(&line).trim().to_string();
        line.clear();
        if text.is_empty() {
            continue;
        }
        tracing::debug!("camera: {text}");
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        said.push_back(text);
        if said.len() > LAST_LINES {
            said.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_command_asks_for_what_the_configuration_says() {
        let config = CameraConfig { width: 800, height: 600, frame_rate: 20, ..CameraConfig::default() };
        let command = fill_in(&config).join(" ");
        assert!(command.starts_with("rpicam-vid --codec mjpeg"), "{command}");
        assert!(command.contains("--width 800 --height 600 --framerate 20"), "{command}");
    }
}
