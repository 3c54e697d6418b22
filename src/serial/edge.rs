//! The terminal around the protocol: opens it, opens it again when it was unplugged, and gives up on a peer that does
//! not read rather than wait for it.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serial2::{SerialPort, Settings};

use super::config::SerialConfig;
use super::service::Service;
use super::session::{END, Session};
use crate::clock::SettableClock;
use crate::control::Remote;
use crate::records::RecordsConfig;

/// How long one wait for the terminal lasts: the link ends so soon after it is told to.
const TURN: Duration = Duration::from_millis(200);
/// How long a peer may take no byte of an answer before it is thrown away.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a terminal that is not there is looked for.
const LOOK: Duration = Duration::from_secs(1);

/// A running link. Dropping it ends it.
pub struct SerialLink {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for SerialLink {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic there has been reported already, and ending is all that is asked.
            let _ = thread.join();
        }
    }
}

/// Starts the link, where the configuration asks for one. The terminal need not be there yet.
pub fn start(
    config: &SerialConfig,
    records: &RecordsConfig,
    clock: Box<dyn SettableClock>,
    remote: Remote,
) -> io::Result<Option<SerialLink>> {
    let Some(path) = config.path() else { return Ok(None) };
    let stop = Arc::new(AtomicBool::new(false));
    let edge = Edge { path, baud: config.baud, stop: stop.clone(), torn: false };
    let session = Session::new(Service::new(records.clone(), clock, remote));
    let thread = std::thread::Builder::new().name("serial".into()).spawn(move || edge.serve(session))?;
    Ok(Some(SerialLink { stop, thread: Some(thread) }))
}

struct Edge {
    path: PathBuf,
    baud: u32,
    stop: Arc<AtomicBool>,
    /// An answer was thrown away half sent: its line has to be ended before the next.
    torn: bool,
}

impl Edge {
    fn serve(mut self, mut session: Session) {
        let mut said = String::new();
        while !self.stopping() {
            if self.path.exists() {
                let words = match self.talk(&mut session) {
                    Ok(()) => return,
                    Err(cause) => format!("serial: {}: {cause}; it is opened again", self.path.display()),
                };
                // A terminal that keeps failing fails the same way each time: once is enough.
                if words != said {
                    tracing::info!("{words}");
                    said = words;
                }
            }
            std::thread::sleep(LOOK);
        }
    }

    fn stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Talks until it is told to stop, or the terminal is gone.
    fn talk(&mut self, session: &mut Session) -> io::Result<()> {
        let port = open(&self.path, self.baud)?;
        session.reset();
        self.torn = false;
        let mut block = [0; 4096];
        while !self.stopping() {
            let read = match port.read(&mut block) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(read) => read,
                Err(cause) if is_wait(&cause) => continue,
                Err(cause) => return Err(cause),
            };
            let mut bytes = &block[..read];
            while let Some(answer) = session.take(&mut bytes) {
                self.send(&port, &answer)?;
            }
        }
        Ok(())
    }

    fn send(&mut self, port: &SerialPort, answer: &[u8]) -> io::Result<()> {
        if std::mem::take(&mut self.torn) {
            self.push(port, END.as_bytes())?;
        }
        let sent = self.push(port, answer)?;
        self.torn = sent < answer.len();
        if self.torn {
            // What the peer has not read by now it has no use for.
            port.discard_output_buffer()?;
        }
        Ok(())
    }

    /// Sends as much as the peer takes, and gives how much that was.
    fn push(&self, port: &SerialPort, bytes: &[u8]) -> io::Result<usize> {
        let (mut sent, mut moved) = (0, Instant::now());
        while sent < bytes.len() && moved.elapsed() < PATIENCE && !self.stopping() {
            match port.write(&bytes[sent..]) {
                Ok(0) => {}
                Ok(written) => {
                    sent += written;
                    moved = Instant::now();
                }
                Err(cause) if is_wait(&cause) => {}
                Err(cause) => return Err(cause),
            }
        }
        Ok(sent)
    }
}

/// Opens a terminal so that bytes pass through it as they are.
pub fn open(path: &Path, baud: u32) -> io::Result<SerialPort> {
    let mut port = SerialPort::open(path, |mut settings: Settings| {
        settings.set_raw();
        Ok(settings)
    })?;
    if let Err(cause) = set_speed(&mut port, baud) {
        // The USB cable's terminal has no speed to set, and says so by keeping its own.
        tracing::debug!("{}: keeps its own speed: {cause}", path.display());
    }
    port.set_read_timeout(TURN)?;
    port.set_write_timeout(TURN)?;
    Ok(port)
}

fn set_speed(port: &mut SerialPort, baud: u32) -> io::Result<()> {
    let mut settings = port.get_configuration()?;
    settings.set_baud_rate(baud)?;
    port.set_configuration(&settings)
}

/// Whether a terminal only had nothing to give or no room to take.
pub fn is_wait(cause: &io::Error) -> bool {
    matches!(cause.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
