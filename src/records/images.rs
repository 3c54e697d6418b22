//! The pictures on disk: one file per SHA-256 of its bytes, whole or not there at all.
//!
//! `images/` is one flat folder: a picture then costs one folder to sync instead of two or three, a person
//! finds it by name without a tool, and ext4, the device's file system, finds a name among 100,000 as fast as
//! among ten. `incoming/` holds what is under way: the bytes as `NAME.part`, and `NAME.mark`, an empty file
//! that says that NAME in `images/` may have no record. It is there before the picture and goes after the
//! commit, so that opening sweeps what a crash left by looking at a few marks, and never removes a picture
//! merely because a database does not know it: that database may be the wrong one.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::RecordError;
use super::error::io;
use super::files::remove;

#[derive(Clone)]
pub(super) struct Images {
    folder: PathBuf,
    incoming: PathBuf,
}

impl Images {
    /// The pictures of a records folder. Touches nothing.
    pub fn at(records: &Path) -> Self {
        Self { folder: records.join("images"), incoming: records.join("incoming") }
    }

    /// Makes the folders that are missing.
    pub fn make_folders(&self) -> Result<(), RecordError> {
        for folder in [&self.folder, &self.incoming] {
            fs::create_dir_all(folder).map_err(io("make the folder", folder))?;
        }
        Ok(())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Removes all that lies in the two folders.
    pub fn clear(&self) -> Result<(), RecordError> {
        for folder in [&self.folder, &self.incoming] {
            let failed = |cause| io("list", folder)(cause);
            for file in fs::read_dir(folder).map_err(failed)? {
                remove(&file.map_err(failed)?.path())?;
            }
            sync_folder(folder)?;
        }
        Ok(())
    }

    /// Whether there is any.
    pub fn any(&self) -> bool {
        fs::read_dir(&self.folder).is_ok_and(|mut files| files.next().is_some())
    }

    fn mark_path(&self, name: &str) -> PathBuf {
        self.incoming.join(format!("{name}.mark"))
    }

    fn part_path(&self, name: &str) -> PathBuf {
        self.incoming.join(format!("{name}.part"))
    }

    /// Says that NAME may soon have no record. On return that is durable.
    pub fn mark(&self, name: &str) -> Result<(), RecordError> {
        let path = self.mark_path(name);
        File::create(&path).map_err(io("make", &path))?;
        sync_folder(&self.incoming)
    }

    /// Whether it is under way just now.
    pub fn is_marked(&self, name: &str) -> bool {
        self.mark_path(name).exists()
    }

    /// Writes a picture that is marked. On return it is durable under its name.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), RecordError> {
        let part = self.part_path(name);
        let mut file = File::create(&part).map_err(io("make", &part))?;
        file.write_all(bytes).map_err(io("write", &part))?;
        file.sync_all().map_err(io("sync", &part))?;
        let path = self.path(name);
        fs::rename(&part, &path).map_err(io("rename a picture to", &path))?;
        sync_folder(&self.folder)
    }

    /// Takes the mark away: NAME has a record, or is gone. A mark that cannot be removed does no harm: the next
    /// opening looks at it again.
    pub fn settle(&self, name: &str) {
        let _ = fs::remove_file(self.mark_path(name));
    }

    /// Removes a picture, and what there is of one under way. What cannot be removed now stays marked.
    pub fn discard(&self, name: &str) {
        let part = fs::remove_file(self.part_path(name));
        let picture = fs::remove_file(self.path(name));
        let gone = |result: std::io::Result<()>| match result {
            Ok(()) => true,
            Err(cause) => cause.kind() == ErrorKind::NotFound,
        };
        if gone(part) && gone(picture) && sync_folder(&self.folder).is_ok() {
            self.settle(name);
        }
    }

    /// Settles every mark: what has a record stays, the rest goes.
    pub fn sweep(&self, has_record: impl Fn(&str) -> Result<bool, RecordError>) -> Result<(), RecordError> {
        for name in self.under_way()? {
            if has_record(&name)? {
                let _ = fs::remove_file(self.part_path(&name));
                self.settle(&name);
            } else {
                self.discard(&name);
            }
        }
        Ok(())
    }

    /// The names with a mark or a part.
    fn under_way(&self) -> Result<Vec<String>, RecordError> {
        let failed = |cause| io("list", &self.incoming)(cause);
        let mut names = Vec::new();
        for file in fs::read_dir(&self.incoming).map_err(failed)? {
            let file = file.map_err(failed)?.file_name();
            let name =
                file.to_str().and_then(|name| name.strip_suffix(".mark").or(name.strip_suffix(".part")));
            names.extend(name.map(String::from));
        }
        names.sort();
        names.dedup();
        Ok(names)
    }
}

/// Makes a folder's names durable.
pub(super) fn sync_folder(folder: &Path) -> Result<(), RecordError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io("sync the folder", folder))
}
