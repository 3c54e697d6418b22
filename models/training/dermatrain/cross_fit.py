"""What a recipe is worth, judged on the training pictures of HAM10000, each by a network that never
saw its lesion.

Train has seven times as many lesions as val, so chance moves these figures much less; and val has
chosen nothing here. The networks learn from a part of train, so their figures are lower than those
of one that learns from all of it.
"""

import hashlib
import json
from pathlib import Path

import numpy as np

from . import metrics
from .batches import load_training
from .classes import CLASSES
from .dataset import Picture, load
from .decisions import fit_temperature
from .evaluate import interval
from .network import fused
from .recipe import SIDE, Recipe
from .train import predict, train_on


def fold_of(group: str, folds: int) -> int:
    """Fixed by the name of the lesion alone, so that its pictures stay together."""
    return int.from_bytes(hashlib.sha256(group.encode()).digest()[:8], "big") % folds


def cross_fit(recipe: Recipe, work: Path, out: Path, folds: int) -> dict:
    """Train a network without each fold, and judge it on that; goes on where it was stopped.
    Returns and writes the figures of all folds together."""
    if folds < 2:
        raise ValueError(f"--folds {folds}: two at least, or nothing is left to train on")
    places, logits = map(
        np.concatenate, zip(*(hold_out(recipe, work, out, f, folds) for f in range(folds)))
    )
    _, rows = load(work, "ham10000")
    labels = np.array([rows[i].label for i in places])
    groups = np.array([rows[i].group_id for i in places])
    p = metrics.softmax(logits, fit_temperature(logits, labels))
    report = {"n": len(places), **metrics.summary(p, labels)}
    report["ci95"] = interval(lambda i: metrics.summary(p[i], labels[i]), groups)
    (out / "cross-fit.json").write_text(json.dumps(report, indent=1))
    return report


def hold_out(
    recipe: Recipe, work: Path, out: Path, fold: int, folds: int
) -> tuple[np.ndarray, np.ndarray]:
    """The places of a fold's pictures, and what a network says of them that was trained without it."""

    def inside(row: Picture) -> bool:
        return fold_of(row.group_id, folds) == fold

    learnt = load_training(work, recipe, lambda row: not inside(row))
    model = fused(train_on(learnt, recipe, work, out / f"fold-{fold + 1}"))
    pixels, rows = load(work, "ham10000")
    held = [i for i, row in enumerate(rows) if row.split == "train" and inside(row)]
    return np.array(held), predict(model, pixels[held], SIDE)[:, : len(CLASSES)]
