"""The pictures of a split, data set by data set, as the device is fed them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .conditions import Altered
from .dataset import SOURCES, Picture, has, load
from .runtime import Stored


@dataclass(frozen=True)
class Part:
    """What one data set has of a split. `places` are those of `rows` in `pixels`."""

    source: str
    pixels: np.ndarray
    places: list[int]
    rows: list[Picture]

    @property
    def labels(self) -> np.ndarray:
        return np.array([r.label for r in self.rows])

    @property
    def malignant(self) -> np.ndarray:
        return np.array([r.malignant == 1 for r in self.rows])

    @property
    def groups(self) -> np.ndarray:
        return np.array([r.group_id for r in self.rows])

    def inputs(self, size: int, condition=None) -> Stored:
        pixels = Altered(condition, self.pixels) if condition else self.pixels
        return Stored(pixels, self.places, size)

    def stored(self) -> list[np.ndarray]:
        return [self.pixels[i] for i in self.places]

    def some(self, count: int, rng: np.random.Generator) -> "Part":
        """At most `count` of them, drawn without replacement."""
        drawn = np.sort(rng.permutation(len(self.places))[:count])
        places, rows = [self.places[i] for i in drawn], [self.rows[i] for i in drawn]
        return Part(self.source, self.pixels, places, rows)


def parts(work: Path, split: str, dermatoscopic: bool = True) -> list[Part]:
    """HAM10000's first; only the sets that show what the device reads, or only the others."""
    found = []
    for source in SOURCES:
        if source.dermatoscopic == dermatoscopic and has(work, source.name):
            pixels, rows = load(work, source.name)
            places = [i for i, r in enumerate(rows) if r.split == split]
            if places:
                found.append(Part(source.name, pixels, places, [rows[i] for i in places]))
    return found


def of_each(work: Path, split: str, shares: dict[str, float], count: int, seed: int) -> list[Part]:
    """Some `count` pictures in all, of each data set its share."""
    rng = np.random.default_rng(seed)
    return [p.some(round(shares.get(p.source, 0.0) * count), rng) for p in parts(work, split)]


class Together:
    """The inputs of several parts, one after another."""

    def __init__(self, several: list):
        self.several = several

    def __len__(self) -> int:
        return sum(map(len, self.several))

    def __iter__(self):
        for inputs in self.several:
            yield from inputs


def divided(values: np.ndarray, found: list[Part]) -> list[np.ndarray]:
    """The rows of `values`, which are those of all parts together, part by part."""
    return np.split(values, np.cumsum([len(p.rows) for p in found])[:-1])
