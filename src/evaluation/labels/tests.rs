use proptest::prelude::*;

use super::*;

const CLASSES: [&str; 3] = ["akiec", "mel", "nv"];

fn read_of(bytes: &[u8], choice: Choice) -> Result<Labels, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("labels.csv");
    std::fs::write(&path, bytes).unwrap();
    read_labels(&path, choice, &CLASSES.map(String::from)).map_err(|error| error.to_string())
}

fn read(text: &str) -> Result<Labels, String> {
    read_of(text.as_bytes(), Choice::default())
}

fn read_split(text: &str, split: &str) -> Result<Labels, String> {
    read_of(text.as_bytes(), Choice { split: Some(split), ..Choice::default() })
}

/// Ids with their truths.
fn truths(labels: &Labels) -> Vec<(&str, usize)> {
    labels.rows.iter().map(|row| (row.image_id.as_str(), row.truth)).collect()
}

#[test]
fn columns_are_found_by_name_in_any_order_and_case() {
    let labels =
        read_split("split,DX,age,Image_ID,group_id\ntest,NV,40,one,g1\ntrain,mel,,two,g2\n", "test").unwrap();
    let row = Labelled { image_id: "one".into(), truth: 2, group: "g1".into(), stratum: None };
    assert_eq!(labels.rows, [row]);
}

#[test]
fn the_group_is_the_group_else_the_lesion_else_the_picture() {
    let group = |text: &str| read(text).unwrap().rows[0].group.clone();
    assert_eq!(group("image_id,dx,lesion_id,group_id\none,mel,l1,g1\n"), "g1");
    assert_eq!(group("image_id,dx,lesion_id,group_id\none,mel,l1,\n"), "l1");
    assert_eq!(group("lesion_id,image_id,dx\nl1,one,mel\n"), "l1");
    assert_eq!(group("image_id,dx\none,mel\n"), "one");
}

#[test]
fn one_column_a_class_is_read_as_the_isic_challenges_write_it() {
    let text = "image,MEL,NV,AKIEC,DF\nISIC_1,0.0,1.0,0.0,0.0\nISIC_2.JPG,1,0,0,0\n";
    let labels = read(text).unwrap();
    assert_eq!(truths(&labels), [("ISIC_1", 2), ("ISIC_2", 1)]);
    let european = read("image;mel;nv\na;0,0;1,0\n").unwrap();
    assert_eq!(truths(&european), [("a", 2)]);
}

#[test]
fn shares_instead_of_a_one_are_taken_by_the_largest_and_counted() {
    let labels = read("image,MEL,NV\n000001,0.2,0.8\n000002,1,0\n").unwrap();
    assert_eq!((truths(&labels), labels.shares), (vec![("000001", 2), ("000002", 1)], 1));
    let error = read("image,MEL,NV\n000001,0.5,0.5\n").unwrap_err();
    assert!(error.contains("labels.csv:2: is as much `mel` as `nv`"), "{error}");
    assert!(read("image,MEL,NV\n000001,yes,no\n").unwrap_err().contains("`yes` in the column of `mel`"));
}

#[test]
fn a_class_that_the_model_does_not_know_is_an_error_in_either_form() {
    let error = read("image_id,dx\none,mel\ntwo,melanoma\n").unwrap_err();
    assert!(error.contains("labels.csv:3: `melanoma` is not a class"), "{error}");
    let error = read("image,MEL,NV,SCC\none,1,0,0\ntwo,0,0,1\n").unwrap_err();
    assert!(error.contains("labels.csv:3: `scc` is not a class"), "{error}");
}

#[test]
fn rows_without_a_class_are_left_out_and_counted() {
    let labels = read("image_id,dx\none,mel\ntwo,\n").unwrap();
    assert_eq!((labels.rows.len(), labels.without_class), (1, 1));
    let labels = read("image,MEL,NV\none,1,0\ntwo,0,0\n").unwrap();
    assert_eq!((labels.rows.len(), labels.without_class), (1, 1));
}

#[test]
fn a_picture_with_two_truths_is_an_error_that_names_every_row() {
    let error = read("image_id,dx\na,nv\nb,nv\na.JPG,mel\nA,akiec\nb,nv\n").unwrap_err();
    assert!(error.contains("a is nv in line 2, mel in line 4, akiec in line 5"), "{error}");
    assert!(!error.contains("b is"), "{error}");
}

#[test]
fn two_truths_in_two_splits_are_an_error_for_both() {
    let text = "image_id,dx,split\na,nv,train\na,mel,test\nb,nv,test\nc,nv,val\n";
    assert!(read_split(text, "train").is_err() && read_split(text, "test").is_err());
    assert_eq!(read_split(text, "val").unwrap().rows.len(), 1, "not its picture");
}

#[test]
fn a_row_that_is_said_again_counts_once_and_is_counted() {
    let labels = read("image_id,dx\na,nv\nb,mel\na.jpeg,NV\n").unwrap();
    assert_eq!((truths(&labels), labels.repeated), (vec![("a", 2), ("b", 1)], 1));
}

#[test]
fn a_split_or_a_column_that_is_not_there_is_an_error() {
    assert!(read_split("image_id,dx\none,mel\n", "test").unwrap_err().contains("no column `split`"));
    let error = read_split("image_id,dx,split\none,mel,train\n", "test").unwrap_err();
    assert!(error.contains("of the split `test`"), "{error}");
    let by = |column| Choice { stratify: Some(column), ..Choice::default() };
    let text = "image_id,dx,skin_tone\none,mel,3\n";
    assert!(
        read_of(text.as_bytes(), by("skin")).unwrap_err().contains("its columns are image_id, dx, skin_tone")
    );
    let labels = read_of(text.as_bytes(), by("Skin_Tone")).unwrap();
    assert_eq!(labels.rows[0].stratum.as_deref(), Some("3"));
}

#[test]
fn a_missing_column_is_named_with_those_that_are_there() {
    let error = read("image_id,label\none,mel\n").unwrap_err();
    assert!(error.contains("dx, or one column a class") && error.contains("image_id, label"), "{error}");
    assert!(read("name,dx\none,mel\n").unwrap_err().contains("image_id or image"));
}

#[test]
fn only_the_extension_of_a_picture_is_taken_off() {
    for (name, stem) in [("a.jpg", "a"), ("a.b.PnG", "a.b"), ("a.b", "a.b"), (".jpg", ".jpg"), ("a", "a")] {
        assert_eq!(without_extension(name), stem);
    }
}

proptest! {
    #[test]
    fn the_form_of_a_table_does_not_change_what_it_says(
        rows in prop::collection::btree_map("[A-Z][a-z0-9_]{1,8}", 0..3usize, 1..12),
        delimiter in prop::sample::select(vec![',', ';', '\t']),
        extension in prop::sample::select(vec!["", ".jpg", ".JPEG", ".Png"]),
        one_hot: bool,
        mark: bool,
    ) {
        // Ids that differ in case only are one.
        let rows: BTreeMap<_, _> = rows.into_iter().map(|(id, truth)| (id.to_lowercase(), truth)).collect();
        let mut text = String::from(if mark { "\u{feff}" } else { "" });
        let d = delimiter;
        text += &if one_hot { format!("image{d}MEL{d}NV{d}AKIEC\r\n") } else { format!("image_id{d}dx\r\n") };
        for (id, truth) in &rows {
            let is = |class: &str| u8::from(CLASSES[*truth] == class);
            text += &if one_hot {
                format!("{id}{extension}{d}{}{d}{}{d}{}\r\n", is("mel"), is("nv"), is("akiec"))
            } else {
                format!("{id}{extension}{d}{}\r\n", CLASSES[*truth])
            };
        }
        let labels = read(&text).unwrap();
        let expected: Vec<_> = rows.iter().map(|(id, truth)| (id.as_str(), *truth)).collect();
        prop_assert_eq!(truths(&labels), expected);
    }

    #[test]
    fn no_bytes_at_all_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_of(&bytes, Choice::default());
        let _ = read_of(&[b"image_id;dx\n", &bytes[..]].concat(), Choice { split: None, stratify: Some("dx") });
    }
}
