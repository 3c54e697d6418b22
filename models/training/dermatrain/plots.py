"""The card's three plots. They show figures only, never a picture of the data."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from . import metrics
from .classes import CODES

INK, ACCENT, SOFT = "#1b2a3a", "#0072b2", "#d55e00"


def save(figure, path: Path) -> None:
    figure.tight_layout()
    # no date or version inside, so that the same figures give the same bytes
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)


def confusion(p: np.ndarray, y: np.ndarray, path: Path) -> None:
    counts = np.zeros((7, 7), int)
    np.add.at(counts, (y, p.argmax(1)), 1)
    shares = counts / counts.sum(1, keepdims=True)
    figure, axes = plt.subplots(figsize=(5.2, 4.8))
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for i in range(7):
        for j in range(7):
            tone = "white" if shares[i, j] > 0.5 else INK
            axes.text(j, i, f"{counts[i, j]}", ha="center", va="center", color=tone, fontsize=9)
    axes.set_xticks(range(7), CODES, rotation=45)
    axes.set_yticks(range(7), CODES)
    axes.set(xlabel="read as", ylabel="is", title="Confusion, test split (pictures)")
    save(figure, path)


def reliability(p: np.ndarray, y: np.ndarray, path: Path, bins: int = 15) -> None:
    top, hit = p.max(1), p.argmax(1) == y
    index = np.minimum((top * bins).astype(int), bins - 1)
    used = [b for b in range(bins) if (index == b).sum() >= 5]
    figure, axes = plt.subplots(figsize=(4.6, 4.4))
    axes.plot([0, 1], [0, 1], color="grey", lw=1, ls="--")
    axes.plot(
        [top[index == b].mean() for b in used], [hit[index == b].mean() for b in used],
        marker="o", color=ACCENT,
    )  # fmt: skip
    error = metrics.calibration_error(p, y)
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="stated probability of the top class")
    axes.set(ylabel="how often it is right", title=f"Reliability, ECE {error:.3f}")
    save(figure, path)


def roc(p: np.ndarray, y: np.ndarray, points: list[dict], path: Path) -> None:
    score, truth = metrics.malignant_probability(p), metrics.is_malignant(y)
    order = np.argsort(-score)
    caught = np.cumsum(truth[order]) / truth.sum()
    alarms = np.cumsum(~truth[order]) / (~truth).sum()
    figure, axes = plt.subplots(figsize=(4.6, 4.4))
    axes.plot(alarms, caught, color=ACCENT)
    for point, mark in zip(points, "os^v"):
        x = 1 - metrics.specificity(score, truth, point["threshold"])
        level = metrics.sensitivity(score, truth, point["threshold"])
        axes.plot(x, level, mark, color=SOFT, label=point["name"])
    axes.set(xlabel="false alarms (1 - specificity)", ylabel="malignant lesions caught")
    axes.set(title=f"P(malignant), AUROC {metrics.auroc(score, truth):.3f}")
    axes.legend(loc="lower right")
    save(figure, path)
