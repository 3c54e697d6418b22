"""Wrong data stops the pipeline with a message that names the row or file."""

import zipfile

import numpy as np
import pytest
from PIL import Image

from dermatrain.classes import CLASSES, CODES, MALIGNANT, UnknownLabel, index_of
from dermatrain.dataset import (
    MIXED,
    UNKNOWN,
    WIDE,
    BadData,
    Picture,
    check_splits,
    load,
    prepare,
    read_labels,
    write_hashes,
)

HAM = "image_id,lesion_id,group_id,dx,dx_type,age,sex,localization,split\n"
ROWS = "A,L1,G1,mel,histo,50,male,back,train\nB,L1,G1,mel,histo,50,male,back,train\nC,L2,G2,nv,histo,40,female,face,test\n"


def data_folder(tmp_path, ham=HAM + ROWS, isic="image_id,dx\nD,bkl\n"):
    for source, table, names in (("ham10000", ham, "ABC"), ("isic2017", isic, "D")):
        (tmp_path / source / "images").mkdir(parents=True)
        (tmp_path / source / "labels.csv").write_text(table)
        for i, name in enumerate(names):
            pixels = np.full((16, 16, 3), 40 * i + 20, np.uint8)
            Image.fromarray(pixels).save(tmp_path / source / "images" / f"{name}.jpg")
    return tmp_path


def prepared(tmp_path):
    data, hashes = data_folder(tmp_path / "data"), tmp_path / "hashes"
    write_hashes(read_labels(data), data, hashes)
    return data, hashes


def picture(name, group, split):
    return Picture("ham10000", name, 0, split, group)


def test_the_order_of_the_classes_is_the_contract():
    assert CODES == ("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc")
    assert [CODES[i] for i in MALIGNANT] == ["akiec", "bcc", "mel"]
    assert all(len(c.short) <= 18 for c in CLASSES)


def test_labels_are_mapped_by_code():
    assert [index_of(c, "row") for c in CODES] == list(range(7))


def test_an_unknown_label_is_refused_with_its_row():
    with pytest.raises(UnknownLabel, match="row 7.*'MEL'"):
        index_of("MEL", "row 7")


def test_a_group_in_two_splits_is_refused():
    with pytest.raises(BadData, match="group G1 is in two splits"):
        check_splits([picture("A", "G1", "train"), picture("B", "G1", "test")])


def test_a_picture_listed_twice_is_refused():
    with pytest.raises(BadData, match="A: listed twice"):
        check_splits([picture("A", "G1", "train"), picture("A", "G1", "train")])


def test_an_unknown_split_is_refused():
    with pytest.raises(BadData, match="'dev'"):
        check_splits([picture("A", "G1", "dev")])


def test_good_data_is_packed(tmp_path):
    data, hashes = prepared(tmp_path)
    prepare(data, tmp_path / "work", hashes)
    pixels, rows = load(tmp_path / "work", "ham10000")
    assert pixels.shape == (3, 16, 16, 3)
    assert [r.image_id for r in rows] == ["A", "B", "C"]
    assert [r.label for r in rows] == [4, 4, 5]
    assert load(tmp_path / "work", "isic2017")[1][0].split == "train"


def test_a_missing_picture_is_refused(tmp_path):
    data, hashes = prepared(tmp_path)
    (data / "ham10000" / "images" / "B.jpg").unlink()
    with pytest.raises(BadData, match="B.jpg.*missing"):
        prepare(data, tmp_path / "work", hashes)


def test_a_changed_picture_is_refused(tmp_path):
    data, hashes = prepared(tmp_path)
    (data / "ham10000" / "images" / "B.jpg").write_bytes(b"something else")
    with pytest.raises(BadData, match="B.jpg.*changed"):
        prepare(data, tmp_path / "work", hashes)


def test_a_picture_outside_the_hash_list_is_refused(tmp_path):
    data, hashes = prepared(tmp_path)
    hashes.write_text("".join(x for x in hashes.read_text().splitlines(True) if "/B" not in x))
    with pytest.raises(BadData, match="B.jpg.*not in the hash list"):
        prepare(data, tmp_path / "work", hashes)


def test_a_wrong_label_names_its_picture(tmp_path):
    data = data_folder(tmp_path, HAM + ROWS.replace("C,L2,G2,nv", "C,L2,G2,naevus"))
    with pytest.raises(UnknownLabel, match="C: label 'naevus'"):
        read_labels(data)


def test_unprepared_data_says_what_to_run(tmp_path):
    with pytest.raises(BadData, match="prepare"):
        load(tmp_path, "ham10000")


def test_pictures_of_a_set_with_an_archive_are_read_from_it_and_checked(tmp_path):
    data = data_folder(tmp_path / "data")
    source = data / "isic2019_84"
    source.mkdir()
    (source / "labels.csv").write_text("image_id,dx,malignant,group_id\nE,bcc,1,G7\nF,,1,G8\n")
    with zipfile.ZipFile(source / "images.zip", "w") as packed:
        for name in "EF":
            packed.write(data / "ham10000" / "images" / "A.jpg", f"{name}.jpg")
    hashes = tmp_path / "hashes"
    write_hashes(read_labels(data), data, hashes)
    prepare(data, tmp_path / "work", hashes)
    pixels, rows = load(tmp_path / "work", "isic2019_84")
    assert pixels.shape == (2, 16, 16, 3)
    assert [(r.label, r.malignant, r.group_id) for r in rows] == [(1, 1, "G7"), (UNKNOWN, 1, "G8")]


def test_sets_of_mixed_sizes_are_packed_as_squares_that_know_their_proportions(tmp_path):
    data = data_folder(tmp_path / "data")
    folder = data / "isic_archive" / "images"
    folder.mkdir(parents=True)
    table = "image_id,dx,remark\nG,mel,true aspect\nH,mel,180 px squashed\n"
    (folder.parent / "labels.csv").write_text(table)
    for name, size in (("G", (30, 20)), ("H", (18, 18))):
        Image.new("RGB", size, (200, 150, 120)).save(folder / f"{name}.jpg")
    hashes = tmp_path / "hashes"
    write_hashes(read_labels(data), data, hashes)
    prepare(data, tmp_path / "work", hashes)
    pixels, rows = load(tmp_path / "work", "isic_archive")
    assert pixels.shape == (2, MIXED, MIXED, 3)
    assert [r.aspect for r in rows] == [1.5, WIDE]


def test_close_ups_are_known_for_what_they_are(tmp_path):
    data = data_folder(tmp_path)
    (data / "closeups").mkdir()
    (data / "closeups" / "labels.csv").write_text("image_id,malignant,split\nK,1,val\n")
    [row] = [r for r in read_labels(data) if r.source == "closeups"]
    assert not row.dermatoscopic and row.label == UNKNOWN and row.split == "val"


@pytest.mark.parametrize("row", ["L,,", "L,,maybe"])
def test_a_picture_that_teaches_nothing_is_refused_with_its_name(tmp_path, row):
    data = data_folder(tmp_path)
    (data / "milk10k").mkdir()
    (data / "milk10k" / "labels.csv").write_text(f"image_id,dx,malignant\n{row}\n")
    with pytest.raises(BadData, match="milk10k.*: L: .*malignant"):
        read_labels(data)
