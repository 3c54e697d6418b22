"""Which pictures an epoch shows, and the threads that render them ahead of the network."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .augment import augment
from .classes import CLASSES
from .dataset import Picture, load
from .geometry import normalise
from .recipe import Phase, Recipe

OLD = ("ham10000", "isic2017")  # what a recipe without `shares` is trained on


@dataclass(frozen=True)
class Training:
    """The training pictures of all data sets, as places in their packed arrays."""

    arrays: dict[str, np.ndarray]
    rows: list[Picture]
    places: np.ndarray
    weights: np.ndarray  # sum to 1

    @property
    def labels(self) -> np.ndarray:
        return np.array([row.label for row in self.rows])

    @property
    def sources(self) -> list[str]:
        return [row.source for row in self.rows]


def load_training(
    work: Path, recipe: Recipe, keep: Callable[[Picture], bool] = lambda row: True
) -> Training:
    """The pictures of the train split that `keep` wants."""
    arrays, rows, places = {}, [], []
    for source in recipe.shares or OLD:
        arrays[source], found = load(work, source)
        for place, row in enumerate(found):
            if row.split == "train" and keep(row):
                rows.append(row)
                places.append(place)
    weigh = weights_by_source if recipe.shares else weights_as_one
    return Training(arrays, rows, np.array(places), weigh(rows, recipe))


def weights_as_one(rows: list[Picture], recipe: Recipe) -> np.ndarray:
    trust = np.array([recipe.isic2017_weight if r.source == "isic2017" else 1.0 for r in rows])
    return class_weights(np.array([r.label for r in rows]), trust, recipe.sampling_power)


def weights_by_source(rows: list[Picture], recipe: Recipe) -> np.ndarray:
    """Each data set has its share, whatever it holds; its pictures without a class are drawn as two
    classes more, benign and malignant."""
    sources = np.array([r.source for r in rows])
    labels = np.array([r.label if r.label >= 0 else len(CLASSES) + r.malignant for r in rows])
    pictures = Counter(r.group_id for r in rows)
    trust = np.array([pictures[r.group_id] ** -0.5 for r in rows])
    weights = np.zeros(len(rows))
    for source, share in recipe.shares.items():
        own = sources == source
        weights[own] = share * class_weights(labels[own], trust[own], recipe.sampling_power)
    return weights / weights.sum()


def class_weights(labels: np.ndarray, trust: np.ndarray, power: float) -> np.ndarray:
    mass = np.bincount(labels, trust)
    weights = trust * mass[labels] ** power
    return weights / weights.sum()


def systematic(weights: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` draws in proportion to the weights, each within one of its expectation."""
    order = rng.permutation(len(weights))
    edges = np.cumsum(weights[order]) * count / weights.sum()
    drawn = np.searchsorted(edges, np.arange(count) + rng.random(), side="right")
    return rng.permutation(order[np.minimum(drawn, len(weights) - 1)])


def batches(training: Training, recipe: Recipe, phase: Phase, epoch: int):
    """Yield (pictures [b, 3, s, s], places among `training.rows` [b]); one seed an epoch fixes all
    of it."""
    rng = np.random.default_rng([recipe.seed, epoch])
    steps = recipe.epoch_pictures // recipe.batch
    drawn = systematic(training.weights, steps * recipe.batch, rng).reshape(steps, recipe.batch)
    seeds = rng.integers(2**63, size=steps)

    def make(step: int):
        own = np.random.default_rng(seeds[step])
        pixels = [render_one(training, i, own, phase) for i in drawn[step]]
        return normalise(np.stack(pixels)), drawn[step]

    with ThreadPoolExecutor(recipe.workers) as pool:
        ahead = 4 * recipe.workers
        waiting = [pool.submit(make, s) for s in range(min(ahead, steps))]
        for step in range(steps):
            yield waiting.pop(0).result()
            if step + ahead < steps:
                waiting.append(pool.submit(make, step + ahead))


def render_one(training: Training, i: int, rng, phase: Phase) -> np.ndarray:
    row = training.rows[i]
    pixels = training.arrays[row.source][training.places[i]]
    return augment(pixels, rng, row.aspect, phase.size, phase.zoom)
