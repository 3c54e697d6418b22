"""Reads the two data sets, refuses what is wrong with them, and packs the pictures."""

import csv
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from .classes import index_of
from .progress import progress

SPLITS = ("train", "val", "test")


class BadData(ValueError):
    """The data is not what it must be; the message says which row or file."""


@dataclass(frozen=True)
class Picture:
    """One labelled picture. `source` is the data set's folder name."""

    source: str
    image_id: str
    label: int
    split: str
    group_id: str
    dx_type: str = ""
    age: str = ""
    sex: str = ""
    localization: str = ""

    def path(self, data: Path) -> Path:
        return data / self.source / "images" / f"{self.image_id}.jpg"


# Width over height of the frames before they were squashed to squares.
ASPECT = {"ham10000": 4 / 3, "isic2017": 4 / 3}


def read_labels(data: Path) -> list[Picture]:
    """Every picture of both data sets; ISIC 2017 serves training only."""
    pictures = read_table(data, "ham10000") + read_table(data, "isic2017")
    check_splits(pictures)
    return pictures


def read_table(data: Path, source: str) -> list[Picture]:
    table = data / source / "labels.csv"
    if not table.is_file():
        raise BadData(f"{table}: no such file; give the data folder with --data")
    with table.open(newline="") as file:
        return [picture_of(row, source, table) for row in csv.DictReader(file)]


def picture_of(row: dict, source: str, table: Path) -> Picture:
    name = row["image_id"]
    return Picture(
        source=source,
        image_id=name,
        label=index_of(row["dx"], f"{table}: {name}"),
        split=row.get("split") or "train",
        group_id=row.get("group_id") or f"{source}/{name}",
        **{k: row.get(k) or "" for k in ("dx_type", "age", "sex", "localization")},
    )


def check_splits(pictures: list[Picture]) -> None:
    """A lesion seen in training must never be judged on: that would be a leak."""
    seen: dict[str, str] = {}
    names: set[tuple[str, str]] = set()
    for p in pictures:
        if p.split not in SPLITS:
            raise BadData(f"{p.image_id}: split {p.split!r} is not one of {', '.join(SPLITS)}")
        if (p.source, p.image_id) in names:
            raise BadData(f"{p.image_id}: listed twice in {p.source}")
        names.add((p.source, p.image_id))
        other = seen.setdefault(p.group_id, p.split)
        if other != p.split:
            raise BadData(f"group {p.group_id} is in two splits, {other} and {p.split}")


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_hashes(listing: Path) -> dict[str, str]:
    """`<sha256>  <source>/<image_id>` a line, as sha256sum writes."""
    if not listing.is_file():
        raise BadData(f"{listing}: no such file; it pins the pictures that were trained on")
    pairs = (line.split() for line in listing.read_text().splitlines() if line)
    return {name: digest for digest, name in pairs}


def check_picture(picture: Picture, data: Path, hashes: dict[str, str]) -> None:
    path = picture.path(data)
    if not path.is_file():
        raise BadData(f"{path}: the picture is listed in labels.csv but is missing")
    key = f"{picture.source}/{picture.image_id}"
    if key not in hashes:
        raise BadData(f"{path}: not in the hash list; was the data set extended?")
    if sha256(path) != hashes[key]:
        raise BadData(f"{path}: the picture has changed since the hash list was made")


def write_hashes(pictures: list[Picture], data: Path, listing: Path) -> None:
    lines = [
        f"{sha256(p.path(data))}  {p.source}/{p.image_id}\n" for p in progress(pictures, "hash")
    ]
    listing.write_text("".join(lines))


def prepare(data: Path, work: Path, listing: Path) -> None:
    """Check everything, then decode every picture once into one array a data set."""
    pictures, hashes = read_labels(data), read_hashes(listing)
    work.mkdir(parents=True, exist_ok=True)
    for source in ASPECT:
        own = [p for p in pictures if p.source == source]
        for p in progress(own, f"check {source}"):
            check_picture(p, data, hashes)
        pack(own, data, work / f"{source}.npy")
        (work / f"{source}.json").write_text(json.dumps([asdict(p) for p in own]))


def pack(pictures: list[Picture], data: Path, target: Path) -> None:
    size = Image.open(pictures[0].path(data)).size
    shape = (len(pictures), size[1], size[0], 3)
    part = target.with_suffix(".part")
    array = np.lib.format.open_memmap(part, "w+", np.uint8, shape)
    for i, p in enumerate(progress(pictures, f"decode {target.stem}")):
        with Image.open(p.path(data)) as image:
            if image.size != size:
                raise BadData(f"{p.path(data)}: {image.size} pixels, the others are {size}")
            array[i] = np.asarray(image.convert("RGB"))
    array.flush()
    part.rename(target)


def load(work: Path, source: str) -> tuple[np.ndarray, list[Picture]]:
    """The packed pictures (memory-mapped) and their rows."""
    if not (work / f"{source}.json").is_file():
        raise BadData(f"{work / source}.npy is not there: run `python -m dermatrain prepare` first")
    rows = json.loads((work / f"{source}.json").read_text())
    return np.load(work / f"{source}.npy", mmap_mode="r"), [Picture(**r) for r in rows]
