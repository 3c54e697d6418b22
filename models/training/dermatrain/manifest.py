"""The manifest beside the network: the only place where its meaning is written."""

import hashlib
import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from .classes import CLASSES
from .geometry import MEAN, STD

DIRECTIONS = 32  # of the embedding that says how strange a picture is
LICENCE = "CC BY-NC 4.0"
DATA = (
    "HAM10000 (Tschandl, Rosendahl, Kittler, Scientific Data 2018, CC BY-NC 4.0)",
    "ISIC 2017 challenge, training pictures (ISIC Archive)",
    "MILK10k (MILK study team, ISIC 2025, CC BY-NC 4.0), and its close-up photographs, to be refused",
    "ISIC 2019 at 84 px: BCN_20000 (Hospital Clínic de Barcelona) and MSK (CC BY-NC 4.0)",
    "ISIC Archive, 335 pictures, mostly melanoma (CC BY-NC 4.0)",
    "ISIC 2020, 70 pictures (CC BY-NC 4.0)",
)


@dataclass(frozen=True)
class OperatingPoint:
    name: str
    threshold: float
    sensitivity: float
    specificity: float
    description: str


@dataclass(frozen=True)
class Decisions:
    """What calibration decides; the manifest adds what is fixed."""

    temperature: float
    class_offsets: tuple[float, ...]
    points: tuple[OperatingPoint, ...]
    min_top: float
    margin: float
    prevalence: float
    score: str
    refuse_above: float
    not_dermatoscopic: float


def text(value) -> str:
    """A TOML value; JSON's strings, numbers, booleans and lists are TOML's too."""
    return json.dumps(round(value, 6) if isinstance(value, float) else value, ensure_ascii=False)


def table(header: str, **pairs) -> str:
    return "\n".join([header, *(f"{k} = {text(v)}" for k, v in pairs.items())]) + "\n"


def render(
    name: str, short_name: str, file: str, digest: str, size: int, decisions: Decisions
) -> str:
    top = dict(
        format=1, name=name, short_name=short_name, file=file, sha256=digest, licence=LICENCE,
        data=list(DATA),
    )  # fmt: skip
    parts = [
        table("# Written by models/training; never edit by hand.", **top),
        table(
            "[input]", width=size, height=size, mean=[MEAN] * 3, std=[STD] * 3, crop="centre-square"
        ),
    ]
    for c in CLASSES:
        row = dict(code=c.code, name=c.name, short=c.short, malignant=c.malignant)
        parts.append(table("[[labels]]", **row))
    fitted = dict(
        temperature=decisions.temperature, class_offsets=list(decisions.class_offsets),
        prevalence=decisions.prevalence,
    )  # fmt: skip
    parts.append(table("[calibration]", **fitted))
    for p in decisions.points:
        parts.append(table("[[operating_points]]", **vars(p)))
    parts.append(table("[uncertain]", min_top=decisions.min_top, margin=decisions.margin))
    parts.append(
        table("[out_of_distribution]", score=decisions.score, threshold=decisions.refuse_above)
    )
    told = dict(value=DIRECTIONS, threshold=decisions.not_dermatoscopic)
    parts.append(table("[not_dermatoscopic]", **told))
    return "\n".join(parts)


def write(
    folder: Path, name: str, short_name: str, model: bytes, size: int, decisions: Decisions
) -> None:
    """The network and its manifest together, so that they cannot disagree."""
    (folder / "lesion.onnx").write_bytes(model)
    digest = hashlib.sha256(model).hexdigest()
    made = render(name, short_name, "lesion.onnx", digest, size, decisions)
    tomllib.loads(made)
    (folder / "lesion.toml").write_text(made)


WORDS = ("suspicious", "uncertain", "not_suspicious")
SHOWN = re.compile(r"\[operating_points\.shown\]\n(?:\w+ = .*\n)*\n")


def add_shown(folder: Path, measured: dict) -> None:
    """Below each operating point, how often `dermascope evaluate --json --bootstrap N` found each word
    shown there, of the malignant and of the benign, with the ends of the 95 % interval."""
    path = folder / "lesion.toml"
    made = SHOWN.sub("", path.read_text())
    for name, point in measured["operating_points"].items():
        table_of = re.compile(rf'(\[\[operating_points\]\]\nname = "{name}"\n(?:\w+ = .*\n)*\n)')
        bounds = measured["ci95"]["operating_points"][name]["shown"]
        lines = [words_of(word, point["shown"], bounds) for word in WORDS]
        told = "\n".join(["[operating_points.shown]", *lines]) + "\n\n"
        made = table_of.sub(lambda found: found[1] + told, made)
    tomllib.loads(made)
    path.write_text(made)


def words_of(word: str, shown: dict, bounds: dict) -> str:
    parts = (
        f"{kind} = {text([round(v, 4) for v in (shown[kind][word], *bounds[kind][word])])}"
        for kind in ("malignant", "benign")
    )
    return f"{word} = {{ {', '.join(parts)} }}"


def read(folder: Path) -> dict:
    return tomllib.loads((folder / "lesion.toml").read_text())
