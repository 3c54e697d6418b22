"""Reads the data sets, refuses what is wrong with them, and packs the pictures."""

import csv
import hashlib
import io
import json
import zipfile
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from .classes import MALIGNANT, index_of
from .progress import progress

SPLITS = ("train", "val", "test")


class BadData(ValueError):
    """The data is not what it must be; the message says which row or file."""


UNKNOWN = -1  # a label that a data set does not say
WIDE = 4 / 3  # width over height of the frames that were squashed to squares
MIXED = 256  # pixels a side of the squares that pictures of mixed sizes are packed as


@dataclass(frozen=True)
class Source:
    """A data set's folder. `needed`: no training goes without it. `dermatoscopic`: whether it shows
    what the device reads; what does not is there to be refused."""

    name: str
    needed: bool = False
    dermatoscopic: bool = True


SOURCES = (
    Source("ham10000", needed=True),
    Source("isic2017", needed=True),
    Source("milk10k"),
    Source("isic2019_84"),
    Source("isic_archive"),
    Source("isic2020"),
    Source("closeups", dermatoscopic=False),
)
ASPECT = {"ham10000": WIDE, "isic2017": WIDE}


@dataclass(frozen=True)
class Picture:
    """One labelled picture. `source` is the data set's folder name; `label` and `malignant` may be
    UNKNOWN; `aspect` is the width over height of what it shows, whatever square it is stored in."""

    source: str
    image_id: str
    label: int
    split: str
    group_id: str
    dx_type: str = ""
    age: str = ""
    sex: str = ""
    localization: str = ""
    skin_tone: str = ""
    malignant: int = UNKNOWN
    dermatoscopic: bool = True
    aspect: float = WIDE

    def path(self, data: Path) -> Path:
        return data / self.source / "images" / f"{self.image_id}.jpg"

    def content(self, data: Path) -> bytes:
        """The JPEG file, from its folder or from the set's one archive."""
        packed = archive(data / self.source / "images.zip")
        if packed is None:
            return self.path(data).read_bytes()
        return packed.read(f"{self.image_id}.jpg")

    def is_there(self, data: Path) -> bool:
        packed = archive(data / self.source / "images.zip")
        if packed is None:
            return self.path(data).is_file()
        return f"{self.image_id}.jpg" in packed.NameToInfo


@cache
def archive(path: Path) -> zipfile.ZipFile | None:
    return zipfile.ZipFile(path) if path.is_file() else None


def read_labels(data: Path) -> list[Picture]:
    """Every picture of every data set that is there; only some have splits, the rest trains."""
    found = [s for s in SOURCES if s.needed or (data / s.name).is_dir()]
    pictures = [p for s in found for p in read_table(data, s)]
    check_splits(pictures)
    return pictures


def read_table(data: Path, source: Source) -> list[Picture]:
    table = data / source.name / "labels.csv"
    if not table.is_file():
        raise BadData(f"{table}: no such file; give the data folder with --data")
    with table.open(newline="") as file:
        return [picture_of(row, source, table) for row in csv.DictReader(file)]


def picture_of(row: dict, source: Source, table: Path) -> Picture:
    name = row["image_id"]
    where = f"{table}: {name}"
    label = index_of(row["dx"], where) if row.get("dx") else UNKNOWN
    if label == UNKNOWN and not row.get("malignant"):
        raise BadData(f"{where}: neither dx nor malignant is given")
    malignant = int(label in MALIGNANT) if label != UNKNOWN else malignancy(row, where)
    return Picture(
        source=source.name,
        image_id=name,
        label=label,
        split=row.get("split") or "train",
        group_id=row.get("group_id") or f"{source.name}/{row.get('lesion_id') or name}",
        malignant=malignant,
        dermatoscopic=source.dermatoscopic,
        aspect=UNKNOWN if "true aspect" in (row.get("remark") or "") else WIDE,
        **{k: row.get(k) or "" for k in ("dx_type", "age", "sex", "localization", "skin_tone")},
    )


def malignancy(row: dict, where: str) -> int:
    if row["malignant"] not in ("0", "1"):
        raise BadData(f"{where}: malignant {row['malignant']!r} is neither 0 nor 1")
    return int(row["malignant"])


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


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def read_hashes(listing: Path) -> dict[str, str]:
    """`<sha256>  <source>/<image_id>` a line, as sha256sum writes."""
    if not listing.is_file():
        raise BadData(f"{listing}: no such file; it pins the pictures that were trained on")
    pairs = (line.split() for line in listing.read_text().splitlines() if line)
    return {name: digest for digest, name in pairs}


def check_picture(picture: Picture, data: Path, hashes: dict[str, str]) -> None:
    path = picture.path(data)
    if not picture.is_there(data):
        raise BadData(f"{path}: the picture is listed in labels.csv but is missing")
    key = f"{picture.source}/{picture.image_id}"
    if key not in hashes:
        raise BadData(f"{path}: not in the hash list; was the data set extended?")
    if sha256(picture.content(data)) != hashes[key]:
        raise BadData(f"{path}: the picture has changed since the hash list was made")


def write_hashes(pictures: list[Picture], data: Path, listing: Path) -> None:
    lines = [
        f"{sha256(p.content(data))}  {p.source}/{p.image_id}\n"
        for p in progress(pictures, "hash")
    ]
    listing.write_text("".join(lines))


def prepare(data: Path, work: Path, listing: Path) -> None:
    """Check everything, then decode every picture once into one array a data set."""
    pictures, hashes = read_labels(data), read_hashes(listing)
    work.mkdir(parents=True, exist_ok=True)
    for source in SOURCES:
        own = [p for p in pictures if p.source == source.name]
        if not own:
            continue
        for p in progress(own, f"check {source.name}"):
            check_picture(p, data, hashes)
        rows = pack(own, data, work / f"{source.name}.npy")
        (work / f"{source.name}.json").write_text(json.dumps([asdict(p) for p in rows]))


def decoded(picture: Picture, data: Path) -> Image.Image:
    return Image.open(io.BytesIO(picture.content(data)))


def pack(pictures: list[Picture], data: Path, target: Path) -> list[Picture]:
    """One array of all, as they are where they are of one size, as squares otherwise. Returns the
    rows with the proportions that only the pictures tell."""
    sizes = [decoded(p, data).size for p in pictures]
    size = sizes[0] if len(set(sizes)) == 1 else (MIXED, MIXED)
    part = target.with_suffix(".part")
    array = np.lib.format.open_memmap(part, "w+", np.uint8, (len(sizes), size[1], size[0], 3))
    for i, p in enumerate(progress(pictures, f"decode {target.stem}")):
        image = decoded(p, data).convert("RGB")
        if image.size != size:
            image = image.resize(size, Image.Resampling.BILINEAR)
        array[i] = np.asarray(image)
    array.flush()
    part.rename(target)
    return [
        p if p.aspect != UNKNOWN else replace(p, aspect=width / height)
        for p, (width, height) in zip(pictures, sizes)
    ]


def has(work: Path, source: str) -> bool:
    return (work / f"{source}.json").is_file()


def load(work: Path, source: str) -> tuple[np.ndarray, list[Picture]]:
    """The packed pictures (memory-mapped) and their rows."""
    if not has(work, source):
        raise BadData(f"{work / source}.npy is not there: run `python -m dermatrain prepare` first")
    rows = json.loads((work / f"{source}.json").read_text())
    return np.load(work / f"{source}.npy", mmap_mode="r"), [Picture(**r) for r in rows]
