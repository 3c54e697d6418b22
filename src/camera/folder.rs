//! A folder of pictures as a live camera: each picture is shown for some seconds, frame after frame, so that
//! a person can press; then comes the next by name. For the simulator, for tests and for replay.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::{Camera, CameraConfig, CameraError, Shot};
use crate::picture::{self, Encoded, PictureError, Region};

/// Opens the folder of `camera.folder`.
pub fn open(config: &CameraConfig) -> Result<Box<dyn Camera>, CameraError> {
    let mut camera = Folder {
        folder: config.folder.clone(),
        frame_time: config.frame_time(),
        picture_time: Duration::from_secs_f32(config.seconds_per_picture),
        changed: None,
        names: Vec::new(),
        showing: None,
        warned: BTreeSet::new(),
        due: Instant::now(),
    };
    camera.turn_to_next().map_err(|cause| {
        let cure = "put JPEG or PNG pictures into it, or set camera.folder to where some are".into();
        CameraError::Open { device: camera.describe(), cause, cure }
    })?;
    Ok(Box::new(camera))
}

struct Folder {
    folder: PathBuf,
    frame_time: Duration,
    picture_time: Duration,
    /// When the folder was changed last, as of the last listing.
    changed: Option<SystemTime>,
    /// The pictures' paths, sorted.
    names: Vec<PathBuf>,
    showing: Option<Showing>,
    /// Files that were found unreadable, so that each is named only once.
    warned: BTreeSet<PathBuf>,
    /// When the next frame is due.
    due: Instant,
}

struct Showing {
    path: PathBuf,
    encoded: Encoded,
    since: Instant,
}

impl Camera for Folder {
    fn next_shot(&mut self) -> Result<Shot, CameraError> {
        std::thread::sleep(self.due.saturating_duration_since(Instant::now()));
        // Late frames are dropped, not caught up with.
        self.due = (self.due + self.frame_time).max(Instant::now());
        let over = self.showing.as_ref().is_none_or(|showing| showing.since.elapsed() >= self.picture_time);
        let changed = self.changed_at() != self.changed;
        if over || (changed && self.showing.as_ref().is_some_and(|showing| !showing.path.exists())) {
            self.turn_to_next().map_err(|cause| CameraError::Gone { device: self.describe(), cause })?;
        } else if changed {
            self.list().map_err(|cause| CameraError::Gone { device: self.describe(), cause })?;
        }
        match &self.showing {
            Some(showing) => Ok(Shot::Encoded(showing.encoded.clone())),
            None => {
                Err(CameraError::Gone { device: self.describe(), cause: "it has no picture to show".into() })
            }
        }
    }

    fn describe(&self) -> String {
        format!("folder {}", self.folder.display())
    }
}

impl Folder {
    /// Shows the first readable picture behind the one shown, going round. Says why where there is none.
    fn turn_to_next(&mut self) -> Result<(), String> {
        self.list()?;
        let before = self.showing.take().map(|showing| showing.path);
        let start = before.map_or(0, |path| self.names.partition_point(|name| *name <= path));
        let order = (0..self.names.len()).map(|step| (start + step) % self.names.len());
        for path in order.map(|index| self.names[index].clone()).collect::<Vec<_>>() {
            match read(&path) {
                Ok(encoded) => {
                    self.showing = Some(Showing { path, encoded, since: Instant::now() });
                    return Ok(());
                }
                Err(error) if self.warned.insert(path.clone()) => {
                    tracing::warn!("{}: this picture is left out: {error}", path.display());
                }
                Err(_) => {}
            }
        }
        Err(match self.names.len() {
            0 => "there are no JPEG or PNG pictures in it".into(),
            count => format!("none of its {count} pictures can be read"),
        })
    }

    /// Lists the folder's pictures, sorted by name.
    fn list(&mut self) -> Result<(), String> {
        self.changed = self.changed_at();
        let entries = std::fs::read_dir(&self.folder).map_err(|error| error.to_string())?;
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        self.names = paths.filter(|path| is_picture(path)).collect();
        self.names.sort();
        if self.names.is_empty() { Err("there are no JPEG or PNG pictures in it".into()) } else { Ok(()) }
    }

    fn changed_at(&self) -> Option<SystemTime> {
        std::fs::metadata(&self.folder).and_then(|folder| folder.modified()).ok()
    }
}

/// A picture that can be read.
fn read(path: &Path) -> Result<Encoded, PictureError> {
    let bytes = picture::read_file(path)?;
    let looked_at = picture::preview(&bytes, |width, height| Region::centre_square(width, height, 1.0), 1)?;
    Ok(Encoded { encoding: looked_at.encoding, bytes: bytes.into() })
}

/// By its name: JPEG or PNG, and not hidden.
fn is_picture(path: &Path) -> bool {
    let hidden = path.file_name().and_then(OsStr::to_str).is_some_and(|name| name.starts_with('.'));
    let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default().to_ascii_lowercase();
    !hidden && ["jpg", "jpeg", "png"].contains(&extension.as_str())
}
