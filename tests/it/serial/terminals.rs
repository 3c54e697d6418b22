//! The terminal programs that people have, typed into as a person types.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Bench;
use super::wire::{Terminal, terminal};

/// How long anything may take before a test gives up; nothing here measures speed.
const PATIENCE: Duration = Duration::from_secs(30);

/// A program in a window: what it shows, and the keys that it is given.
struct Window {
    program: Child,
    window: File,
    shown: String,
}

impl Window {
    /// None, said loudly, where the program is not installed.
    fn open(bench: &Bench, cable: &super::Cable, program: &str, arguments: &[&str]) -> Option<Self> {
        let Terminal { path, master } = terminal();
        let side = || Stdio::from(File::options().read(true).write(true).open(&path).expect("opens"));
        let found = Command::new(program).arg("--help").output();
        if found.is_err() {
            eprintln!("skipped: {program} is not installed");
            return None;
        }
        let port = cable.laptop.display().to_string();
        let arguments = arguments.iter().map(|argument| argument.replace("PORT", &port));
        // In a session of its own, whose terminal the window is.
        let program = Command::new("setsid")
            .args(["--ctty", "--wait", program])
            .args(arguments)
            .env("TERM", "xterm")
            .env("HOME", bench.folder.path())
            .env("SCREENDIR", bench.folder.path().join("screen"))
            .stdin(side())
            .stdout(side())
            .stderr(side())
            .spawn()
            .expect("starts");
        Some(Self { program, window: master, shown: String::new() })
    }

    fn typed(&mut self, keys: &str) {
        for key in keys.split_inclusive(|_: char| true) {
            self.window.write_all(key.as_bytes()).expect("types");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn look(&mut self) {
        let mut block = [0; 4096];
        while let Ok(read @ 1..) = self.window.read(&mut block) {
            self.shown += &String::from_utf8_lossy(&block[..read]);
        }
        std::thread::sleep(Duration::from_millis(20));
    }

    /// Types a line until its answer is shown: the program may still be starting.
    fn ask(&mut self, keys: &str, answer: &str) {
        let start = Instant::now();
        let mut asked = None;
        self.shown.clear();
        while !self.shown.contains(answer) {
            if asked.is_none_or(|asked: Instant| asked.elapsed() > Duration::from_secs(3)) {
                self.typed(keys);
                asked = Some(Instant::now());
            }
            self.look();
            assert!(start.elapsed() < PATIENCE, "no answer to {keys:?}: {:?}", self.shown);
        }
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // Ends the program too: its terminal hangs up with this.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// Talks as a person does, with slips of the keys, and looks for the left edge of the answer's second line.
fn a_person_is_answered_in(program: &str, arguments: &[&str]) {
    let bench = Bench::new(&[100, 200]);
    let cable = bench.plug();
    std::fs::create_dir(bench.folder.path().join("screen")).expect("makes a folder");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(bench.folder.path().join("screen"), mode).expect("keeps it to itself");
    let Some(mut window) = Window::open(&bench, &cable, program, arguments) else { return };
    window.ask("help\r", "what the next pictures are of");
    window.ask("HELP\r", "dermascope. Type a word and Enter");
    window.ask("stauts\u{7f}\u{7f}\u{7f}tus\r", "2 records, the newest is 2");
    window.ask("lits\u{8}\u{8}st 1\r", "     2  2025-");
    window.ask("case AB-12 left forearm\r", "case AB-12, body site left forearm");
}

#[test]
fn a_person_is_answered_in_picocom() {
    a_person_is_answered_in("picocom", &["--quiet", "--nolock", "PORT"]);
}

#[test]
fn a_person_is_answered_in_minicom() {
    a_person_is_answered_in("minicom", &["--noinit", "--device", "PORT"]);
}

#[test]
fn a_person_is_answered_in_screen() {
    let speed = "115200";
    a_person_is_answered_in("screen", &["-c", "/dev/null", "PORT", speed]);
}
