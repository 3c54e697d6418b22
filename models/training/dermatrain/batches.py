"""Which pictures an epoch shows, and the threads that render them ahead of the network."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .augment import augment
from .classes import CLASSES
from .dataset import ASPECT, Picture, load
from .geometry import normalise
from .recipe import Phase, Recipe


@dataclass(frozen=True)
class Training:
    """The training pictures of both data sets, as places in their packed arrays."""

    arrays: dict[str, np.ndarray]
    sources: list[str]
    places: np.ndarray
    labels: np.ndarray
    weights: np.ndarray  # sum to 1


def load_training(
    work: Path, recipe: Recipe, keep: Callable[[Picture], bool] = lambda row: True
) -> Training:
    """The pictures of the train split that `keep` wants."""
    arrays, sources, places, labels, trust = {}, [], [], [], []
    for source, weight in (("ham10000", 1.0), ("isic2017", recipe.isic2017_weight)):
        arrays[source], rows = load(work, source)
        for place, row in enumerate(rows):
            if row.split == "train" and weight > 0 and keep(row):
                sources.append(source)
                places.append(place)
                labels.append(row.label)
                trust.append(weight)
    labels, trust = np.array(labels), np.array(trust)
    weights = class_weights(labels, trust, recipe.sampling_power)
    return Training(arrays, sources, np.array(places), labels, weights)


def class_weights(labels: np.ndarray, trust: np.ndarray, power: float) -> np.ndarray:
    mass = np.bincount(labels, trust, len(CLASSES))
    weights = trust * mass[labels] ** power
    return weights / weights.sum()


def systematic(weights: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` draws in proportion to the weights, each within one of its expectation."""
    order = rng.permutation(len(weights))
    edges = np.cumsum(weights[order]) * count / weights.sum()
    drawn = np.searchsorted(edges, np.arange(count) + rng.random(), side="right")
    return rng.permutation(order[np.minimum(drawn, len(weights) - 1)])


def batches(training: Training, recipe: Recipe, phase: Phase, epoch: int):
    """Yield (pictures [b, 3, s, s], labels [b]); one seed an epoch fixes all of it."""
    rng = np.random.default_rng([recipe.seed, epoch])
    steps = recipe.epoch_pictures // recipe.batch
    drawn = systematic(training.weights, steps * recipe.batch, rng).reshape(steps, recipe.batch)
    seeds = rng.integers(2**63, size=steps)

    def make(step: int):
        own = np.random.default_rng(seeds[step])
        pixels = [render_one(training, i, own, phase) for i in drawn[step]]
        return normalise(np.stack(pixels)), training.labels[drawn[step]]

    with ThreadPoolExecutor(recipe.workers) as pool:
        ahead = 4 * recipe.workers
        waiting = [pool.submit(make, s) for s in range(min(ahead, steps))]
        for step in range(steps):
            yield waiting.pop(0).result()
            if step + ahead < steps:
                waiting.append(pool.submit(make, step + ahead))


def render_one(training: Training, i: int, rng, phase: Phase) -> np.ndarray:
    source = training.sources[i]
    pixels = training.arrays[source][training.places[i]]
    return augment(pixels, rng, ASPECT[source], phase.size, phase.zoom)
