//! Labels as the world writes them: a table with one row a picture, its class in words or in a column of its own.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::table::Table;

/// Names of the columns that a picture is called by: HAM10000's, the ISIC challenges', the ISIC archive's.
const PICTURE: &[&str] = &["image_id", "image", "isic_id", "image_name"];
/// Of what groups pictures, the first one first.
const GROUP: &[&str] = &["group_id", "lesion_id"];

/// A picture and its true class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labelled {
    /// Without the extension of a picture.
    pub image_id: String,
    /// Index of the class among the labels.
    pub truth: usize,
    /// `group_id`, else `lesion_id`, else the picture's own id.
    pub group: String,
    /// What stands in the column that the figures are told apart by.
    pub stratum: Option<String>,
}

/// What a table of labels says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// The rows that were chosen and name a class, in the table's order.
    pub rows: Vec<Labelled>,
    /// Rows that said again what another had said; each is counted once.
    pub repeated: usize,
    /// Rows that name no class, and are left out.
    pub without_class: usize,
    /// Rows of one column a class that hold shares instead of one 1; the largest is taken.
    pub shares: usize,
}

/// Which rows, and what is told apart.
#[derive(Clone, Copy, Debug, Default)]
pub struct Choice<'a> {
    /// Only rows with this word in the column `split`.
    pub split: Option<&'a str>,
    /// The column whose values the figures are told apart by.
    pub stratify: Option<&'a str>,
}

/// Why labels cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LabelError {
    /// The table cannot be read as one.
    #[error("{path}: cannot read the labels: {cause}")]
    Read {
        /// The table.
        path: PathBuf,
        /// What the reader of tables said.
        cause: csv::Error,
    },
    /// A column that is needed is not there.
    #[error("{path}: has no column for {what}: it needs {needs}; its columns are {found}")]
    NoColumn {
        /// The table.
        path: PathBuf,
        /// What the column would say, in words.
        what: &'static str,
        /// The names that it may have.
        needs: String,
        /// The columns that are there, with commas.
        found: String,
    },
    /// A row names a class that the model has not.
    #[error("{path}:{line}: `{class}` is not a class of the model, which knows {known}")]
    UnknownClass {
        /// The table.
        path: PathBuf,
        /// The row's line, from 1.
        line: u64,
        /// The class as it is written.
        class: String,
        /// The model's classes, with commas.
        known: String,
    },
    /// A row says too little, or what cannot be.
    #[error("{path}:{line}: {what}")]
    Row {
        /// The table.
        path: PathBuf,
        /// The row's line, from 1.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
    /// Rows say different things of one picture.
    #[error("{path}: a picture can have one truth only: {conflicts}; correct or remove these rows")]
    Conflict {
        /// The table.
        path: PathBuf,
        /// The pictures, with what is said of each.
        conflicts: String,
    },
    /// A split was asked for, and the table tells none apart.
    #[error("{path}: has no column `split`, so `--split {split}` cannot be chosen")]
    NoSplit {
        /// The table.
        path: PathBuf,
        /// The split that was asked for.
        split: String,
    },
    /// Figures were to be told apart by a column that is not there.
    #[error("{path}: has no column `{column}` to tell apart by; its columns are {found}")]
    NoStratum {
        /// The table.
        path: PathBuf,
        /// The column that was asked for.
        column: String,
        /// The columns that are there, with commas.
        found: String,
    },
    /// No row is left.
    #[error("{path}: no picture{of}")]
    Empty {
        /// The table.
        path: PathBuf,
        /// Of which split, as the end of the sentence; empty where none was asked for.
        of: String,
    },
}

/// What a row says, before it is known whether the model knows its class.
struct Row {
    line: u64,
    image_id: String,
    /// In lower case.
    class: String,
    chosen: bool,
    labelled: Labelled,
}

/// Where a row's truth stands.
enum Truth {
    /// In a column in words.
    Word(usize),
    /// In one column a class, by its code in lower case: the one that holds a 1.
    OneHot(Vec<(String, usize)>),
}

/// Reads the chosen rows of a file. `classes` are the model's codes; any case is taken.
pub fn read_labels(path: &Path, choice: Choice, classes: &[String]) -> Result<Labels, LabelError> {
    let bytes =
        std::fs::read(path).map_err(|cause| LabelError::Read { path: path.into(), cause: cause.into() })?;
    parse_labels(&bytes, path, choice, classes)
}

/// Like [`read_labels`], of a file's bytes; `path` is for the messages.
pub fn parse_labels(
    bytes: &[u8],
    path: &Path,
    choice: Choice,
    classes: &[String],
) -> Result<Labels, LabelError> {
    let table = Table::of(bytes).map_err(|cause| LabelError::Read { path: path.into(), cause })?;
    let mut labels = Labels::default();
    let rows = Columns::find(&table, path, choice, classes)?.rows(&table, path, &mut labels)?;
    refuse_conflicts(&rows, path)?;
    let mut seen = HashMap::new();
    for row in rows.into_iter().filter(|row| row.chosen) {
        let truth = classes.iter().position(|class| class.eq_ignore_ascii_case(&row.class));
        let truth = truth.ok_or_else(|| LabelError::UnknownClass {
            path: path.into(),
            line: row.line,
            class: row.class.clone(),
            known: classes.join(", "),
        })?;
        if seen.insert(key(&row.image_id), ()).is_some() {
            labels.repeated += 1;
        } else {
            labels.rows.push(Labelled { truth, ..row.labelled });
        }
    }
    if labels.rows.is_empty() {
        let of = choice.split.map_or(String::new(), |split| format!(" of the split `{split}`"));
        return Err(LabelError::Empty { path: path.into(), of });
    }
    Ok(labels)
}

/// A picture's id as it is compared: some systems write it in another case.
pub(super) fn key(image_id: &str) -> String {
    image_id.to_lowercase()
}

/// An id without the extension that some tables write.
pub(super) fn without_extension(name: &str) -> &str {
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let is_picture = ["jpg", "jpeg", "png"].iter().any(|known| known.eq_ignore_ascii_case(extension));
    if is_picture && !stem.is_empty() { stem } else { name }
}

/// Which column says what.
struct Columns<'a> {
    picture: usize,
    truth: Truth,
    groups: Vec<usize>,
    split: Option<(usize, &'a str)>,
    stratum: Option<usize>,
}

impl<'a> Columns<'a> {
    fn find(table: &Table, path: &Path, choice: Choice<'a>, classes: &[String]) -> Result<Self, LabelError> {
        let found = || table.headers.join(", ");
        let missing =
            |what, needs: String| LabelError::NoColumn { path: path.into(), what, needs, found: found() };
        let picture = PICTURE.iter().find_map(|name| table.column(name));
        let picture = picture.ok_or_else(|| missing("the picture", PICTURE.join(" or ")))?;
        let of_class = |class: &String| Some((class.to_lowercase(), table.column(class)?));
        let truth = match table.column("dx") {
            Some(column) => Truth::Word(column),
            None => {
                let mut columns: Vec<_> = classes.iter().filter_map(of_class).collect();
                // Classes of the ISIC challenges that the model may not know.
                let others = ["scc", "unk"].map(String::from);
                columns.extend(others.iter().filter(|other| !classes.contains(other)).filter_map(of_class));
                if columns.len() < 2 {
                    let needs = format!("dx, or one column a class ({})", classes.join(", "));
                    return Err(missing("the class", needs));
                }
                Truth::OneHot(columns)
            }
        };
        let split = match choice.split {
            None => None,
            Some(split) => Some((
                table
                    .column("split")
                    .ok_or_else(|| LabelError::NoSplit { path: path.into(), split: split.into() })?,
                split,
            )),
        };
        let stratum = match choice.stratify {
            None => None,
            Some(column) => Some(table.column(column).ok_or_else(|| LabelError::NoStratum {
                path: path.into(),
                column: column.into(),
                found: found(),
            })?),
        };
        let groups = GROUP.iter().filter_map(|name| table.column(name)).collect();
        Ok(Self { picture, truth, groups, split, stratum })
    }

    fn rows(&self, table: &Table, path: &Path, labels: &mut Labels) -> Result<Vec<Row>, LabelError> {
        let mut rows = Vec::new();
        for (line, cells) in &table.rows {
            let cell = |column: usize| cells.get(column).map_or("", String::as_str);
            let fault = |what| LabelError::Row { path: path.into(), line: *line, what };
            let chosen = self.split.is_none_or(|(column, split)| cell(column) == split);
            let image_id = without_extension(cell(self.picture)).to_string();
            let class = match &self.truth {
                Truth::Word(column) => Some(cell(*column).to_lowercase()).filter(|word| !word.is_empty()),
                Truth::OneHot(columns) => {
                    let (class, is_share) = one_hot(columns, cell).map_err(fault)?;
                    labels.shares += usize::from(is_share && chosen);
                    class
                }
            };
            let Some(class) = class else {
                labels.without_class += usize::from(chosen);
                continue;
            };
            if image_id.is_empty() {
                return Err(fault("names no picture".into()));
            }
            let group = self.groups.iter().map(|column| cell(*column)).find(|group| !group.is_empty());
            let labelled = Labelled {
                image_id: image_id.clone(),
                truth: 0,
                group: group.unwrap_or(&image_id).into(),
                stratum: self.stratum.map(|column| cell(column).into()),
            };
            rows.push(Row { line: *line, image_id, class, chosen, labelled });
        }
        Ok(rows)
    }
}

/// The class of a row with one column a class, and whether the row holds shares instead of a 1. None where all are 0.
fn one_hot<'a>(
    columns: &[(String, usize)],
    cell: impl Fn(usize) -> &'a str,
) -> Result<(Option<String>, bool), String> {
    let mut values = Vec::new();
    for (class, column) in columns {
        let text = cell(*column);
        // A decimal comma, as in much of Europe.
        let value: f64 =
            if text.is_empty() { 0.0 } else { text.replace(',', ".").parse().unwrap_or(f64::NAN) };
        if !(0.0..=1.0).contains(&value) {
            return Err(format!("`{text}` in the column of `{class}` is not from 0 to 1"));
        }
        values.push((class, value));
    }
    let largest = values.iter().map(|(_, value)| *value).fold(0.0, f64::max);
    let mut highest = values.iter().filter(|(_, value)| *value == largest).map(|(class, _)| class.as_str());
    match (largest > 0.0, highest.next(), highest.next()) {
        (false, ..) | (_, None, _) => Ok((None, false)),
        (true, Some(class), None) => {
            let rest = values.iter().any(|(_, value)| *value > 0.0 && *value < 1.0);
            Ok((Some(class.to_string()), rest))
        }
        (true, Some(one), Some(other)) => Err(format!("is as much `{one}` as `{other}`")),
    }
}

/// Refuses pictures that different rows say different things of, also where only one of those rows was chosen.
fn refuse_conflicts(rows: &[Row], path: &Path) -> Result<(), LabelError> {
    const NAMED: usize = 5;
    let mut pictures: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        pictures.entry(key(&row.image_id)).or_default().push(row);
    }
    let differ = |rows: &Vec<&Row>| {
        rows.iter().any(|row| row.chosen) && rows.iter().any(|row| row.class != rows[0].class)
    };
    let conflicts: Vec<_> = pictures.into_values().filter(differ).collect();
    if conflicts.is_empty() {
        return Ok(());
    }
    let name = |rows: &Vec<&Row>| {
        let said: Vec<_> = rows.iter().map(|row| format!("{} in line {}", row.class, row.line)).collect();
        format!("{} is {}", rows[0].image_id, said.join(", "))
    };
    let mut named: Vec<_> = conflicts.iter().take(NAMED).map(name).collect();
    if conflicts.len() > NAMED {
        named.push(format!("and {} more pictures", conflicts.len() - NAMED));
    }
    Err(LabelError::Conflict { path: path.into(), conflicts: named.join("; ") })
}

#[cfg(test)]
mod tests;
