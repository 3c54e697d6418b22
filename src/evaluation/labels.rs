//! Labels: a CSV with one row a picture.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// A picture and its true class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labelled {
    pub image_id: String,
    /// Index of the class among the labels.
    pub truth: usize,
    /// The picture's own id where the CSV names no group.
    pub group: String,
}

/// Why labels cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LabelError {
    #[error("{path}: cannot read the labels: {cause}")]
    Read { path: PathBuf, cause: csv::Error },
    #[error("{path}:{line}: `{class}` is not a class of the model, which knows {known}")]
    UnknownClass { path: PathBuf, line: u64, class: String, known: String },
    #[error("{path}: has no column `split`, so `--split {split}` cannot be chosen")]
    NoSplit { path: PathBuf, split: String },
    #[error("{path}: no picture{of}")]
    Empty { path: PathBuf, of: String },
}

#[derive(Deserialize)]
struct Row {
    image_id: String,
    dx: String,
    split: Option<String>,
    group_id: Option<String>,
}

/// Reads the rows of one split, or all. Columns: image_id, dx, and split and group_id if present.
pub fn read_labels(
    path: &Path,
    split: Option<&str>,
    classes: &[String],
) -> Result<Vec<Labelled>, LabelError> {
    let read = |cause| LabelError::Read { path: path.into(), cause };
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path).map_err(read)?;
    let headers = reader.headers().map_err(read)?.clone();
    if let Some(split) = split
        && !headers.iter().any(|column| column == "split")
    {
        return Err(LabelError::NoSplit { path: path.into(), split: split.into() });
    }
    let mut labelled = Vec::new();
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(read)? {
        let row: Row = record.deserialize(Some(&headers)).map_err(read)?;
        if split.is_some() && row.split.as_deref() != split {
            continue;
        }
        let line = record.position().map_or(0, csv::Position::line);
        let truth =
            classes.iter().position(|class| *class == row.dx).ok_or_else(|| LabelError::UnknownClass {
                path: path.into(),
                line,
                class: row.dx.clone(),
                known: classes.join(", "),
            })?;
        let group = row.group_id.filter(|group| !group.is_empty()).unwrap_or_else(|| row.image_id.clone());
        labelled.push(Labelled { image_id: row.image_id, truth, group });
    }
    if labelled.is_empty() {
        let of = split.map_or(String::new(), |split| format!(" of the split `{split}`"));
        return Err(LabelError::Empty { path: path.into(), of });
    }
    Ok(labelled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, split: Option<&str>) -> Result<Vec<Labelled>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("labels.csv");
        std::fs::write(&path, text).unwrap();
        let classes = ["mel".to_string(), "nv".to_string()];
        read_labels(&path, split, &classes).map_err(|error| error.to_string())
    }

    #[test]
    fn columns_are_found_by_name_in_any_order() {
        let rows =
            read("split,dx,age,image_id,group_id\ntest,nv,40,one,g1\ntrain,mel,,two,g2\n", Some("test"));
        assert_eq!(rows.unwrap(), [Labelled { image_id: "one".into(), truth: 1, group: "g1".into() }]);
    }

    #[test]
    fn without_groups_each_picture_is_its_own() {
        assert_eq!(read("image_id,dx\none,mel\n", None).unwrap()[0].group, "one");
    }

    #[test]
    fn an_unknown_class_is_named_with_its_line() {
        let error = read("image_id,dx\none,mel\ntwo,melanoma\n", None).unwrap_err();
        assert!(error.contains("labels.csv:3: `melanoma` is not a class"), "{error}");
    }

    #[test]
    fn a_split_that_is_not_there_is_an_error() {
        assert!(read("image_id,dx\none,mel\n", Some("test")).unwrap_err().contains("no column `split`"));
        assert!(
            read("image_id,dx,split\none,mel,train\n", Some("test"))
                .unwrap_err()
                .contains("of the split `test`")
        );
    }

    #[test]
    fn a_missing_column_is_named() {
        assert!(read("image_id,label\none,mel\n", None).unwrap_err().contains("dx"));
    }
}
