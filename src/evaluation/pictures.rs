//! The pictures of a labelled folder, found by their ids in any case.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::labels::{key, without_extension};

/// The pictures in a folder and in the folders below it.
pub struct Pictures {
    folder: PathBuf,
    /// By the path in the folder without its extension, in lower case.
    paths: HashMap<String, PathBuf>,
}

impl Pictures {
    /// Looks what is there.
    pub fn of(folder: &Path) -> std::io::Result<Self> {
        let mut found = Vec::new();
        let mut left = vec![folder.to_path_buf()];
        while let Some(place) = left.pop() {
            for entry in std::fs::read_dir(&place)? {
                let entry = entry?;
                // Not through links, which may lead around for ever.
                let list = if entry.file_type()?.is_dir() { &mut left } else { &mut found };
                list.push(entry.path());
            }
        }
        // Of two that differ in case or extension only, always the same one: the last.
        found.sort_unstable_by(|a, b| b.cmp(a));
        let mut paths = HashMap::new();
        for path in found {
            let Some(name) = path.strip_prefix(folder).ok().and_then(Path::to_str) else { continue };
            let stem = without_extension(name);
            if stem != name {
                let bare = stem.rsplit(['/', '\\']).next().unwrap_or(stem);
                paths.insert(key(stem), path.clone());
                // What lies in a folder of its own is found by its name alone as well, unless that is taken.
                paths.entry(key(bare)).or_insert_with(|| path.clone());
            }
        }
        Ok(Self { folder: folder.into(), paths })
    }

    /// The picture of that id.
    pub fn find(&self, image_id: &str) -> Result<&Path, String> {
        self.paths.get(&key(image_id)).map(PathBuf::as_path).ok_or_else(|| {
            format!(
                "{}: no picture with .jpg, .jpeg or .png, in any case",
                self.folder.join(image_id).display()
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> (tempfile::TempDir, Pictures) {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, b"").unwrap();
        }
        let pictures = Pictures::of(folder.path()).unwrap();
        (folder, pictures)
    }

    #[test]
    fn a_picture_is_found_by_its_id_in_any_case_with_any_extension() {
        let (_folder, pictures) = folder(&["P_1.Jpg", "p_2.JPEG", "P.3.pNg", "notes.txt"]);
        for id in ["P_1", "p_1", "P_2", "p.3"] {
            assert!(pictures.find(id).is_ok(), "{id}");
        }
        assert!(pictures.find("notes").unwrap_err().contains("no picture with .jpg"));
    }

    #[test]
    fn a_picture_in_a_folder_below_is_found_by_its_name_and_by_its_path() {
        let (_folder, pictures) = folder(&["part_1/A.jpg", "part_2/B.JPG", "A.jpg"]);
        assert!(pictures.find("A").unwrap().parent().unwrap().ends_with(_folder.path()));
        assert!(pictures.find("part_1/a").unwrap().ends_with("part_1/A.jpg"));
        assert!(pictures.find("b").unwrap().ends_with("part_2/B.JPG"));
    }
}
