"""From logits to decisions: prior, temperature, thresholds and the uncertain rule. Numpy alone."""

from dataclasses import dataclass

import numpy as np

from .classes import CLASSES
from .metrics import (
    balanced_accuracy,
    calibration_error,
    is_malignant,
    malignant_probability,
    probabilities,
    sensitivity,
    specificity,
    top_k,
)

NO_OFFSETS = (0.0,) * len(CLASSES)


def offsets(share: float, frequency: np.ndarray) -> np.ndarray:
    """What takes `share` of log(class frequency) off the logits."""
    return -share * np.log(frequency)


def fit_prior_share(logits: np.ndarray, y: np.ndarray, frequency: np.ndarray) -> float:
    """How much of log(class frequency) to take off the logits, among the malignant and among the
    benign classes, for the best sum of balanced accuracy and top-3 accuracy: the more is taken off,
    the more rare classes crowd naevi and melanomas out of the three likeliest.
    P(malignant) keeps it: taken off there as well, it ranks pictures worse by what is likelier
    among lesions without being likelier malignant.

    Val has few of the rare classes, so the curve is jagged: shares within a point of
    the best are as good, and the smallest of them costs least accuracy.
    """
    temperature = fit_temperature(logits, y)
    shares = np.round(np.arange(0.0, 1.51, 0.05), 2)
    read = (probabilities(logits, temperature, offsets(s, frequency)) for s in shares)
    scores = np.array([balanced_accuracy(p, y) + top_k(p, y, 3) for p in read])
    return float(shares[scores >= scores.max() - 0.01].min())


def fit_temperature(logits: np.ndarray, y: np.ndarray, class_offsets=NO_OFFSETS) -> float:
    """The temperature of least calibration error; likelihood breaks near ties."""
    best, at = np.inf, 1.0
    for t in np.exp(np.linspace(np.log(0.1), np.log(10.0), 300)):
        p = probabilities(logits, t, class_offsets)
        likelihood = -np.log(p[np.arange(len(y)), y] + 1e-12).mean()
        # averaged over bin counts, as one count's error jumps with each picture
        error = np.mean([calibration_error(p, y, bins) for bins in (10, 15, 20, 30)])
        if (score := error + 0.02 * likelihood) < best:
            best, at = score, float(t)
    return at


def allowed_misses(count: int, wanted: float, held: float) -> int:
    """Of `count` malignant lesions, how many a threshold may miss to have a sensitivity of `wanted`
    here, and of at least `held` elsewhere with a confidence of 0.95, pictures taken for independent
    (Clopper and Pearson 1934)."""
    most = int(np.floor((1 - wanted) * count + 1e-9))
    misses = np.arange(1, most + 1)
    ratios = (count - misses + 1) / misses * (1 - held) / held  # of neighbours, by the binomial
    chances = held**count * np.cumprod(np.append(1.0, ratios))
    return max(0, int((np.cumsum(chances) <= 0.05).sum()) - 1)


def screening_threshold(
    score: np.ndarray, malignant: np.ndarray, wanted: float, held: float
) -> float:
    """The highest threshold that misses no more of the malignant than `allowed_misses`."""
    ranked = np.sort(score[malignant])
    allowed = allowed_misses(len(ranked), wanted, held)
    lower = ranked[allowed - 1] if allowed else 0.0
    return float((lower + ranked[allowed]) / 2)


def balanced_threshold(score: np.ndarray, malignant: np.ndarray) -> float:
    """Where sensitivity and specificity sum highest (Youden), smoothed over its plateau."""
    grid = np.linspace(0.02, 0.98, 193)
    gain = np.array(
        [sensitivity(score, malignant, t) + specificity(score, malignant, t) for t in grid]
    )
    return float(np.median(grid[gain >= gain.max() - 0.005]))


@dataclass(frozen=True)
class Flagged:
    """What an uncertain rule does: who is flagged, and how wrong either side is."""

    min_top: float
    margin: float
    share: float
    wrong_flagged: float
    wrong_others: float


def judge_rule(p, y, threshold: float, min_top: float, margin: float) -> Flagged:
    flagged = uncertain(p, threshold, min_top, margin)
    wrong = p.argmax(1) != y
    rates = [float(wrong[m].mean()) if m.any() else 0.0 for m in (flagged, ~flagged)]
    return Flagged(min_top, margin, float(flagged.mean()), *rates)


def uncertain(p, threshold: float, min_top: float, margin: float) -> np.ndarray:
    return (p.max(1) < min_top) | (np.abs(malignant_probability(p) - threshold) < margin)


def fit_rule(p, y, threshold: float, most: float = 0.2) -> Flagged:
    """Of the rules that flag at most `most` of the readings, the one that catches most errors."""
    rules = [
        judge_rule(p, y, threshold, top, margin)
        for top in np.round(np.arange(0.3, 0.91, 0.02), 2)
        for margin in (0.01, 0.02, 0.03, 0.05, 0.08)
    ]
    allowed = [r for r in rules if r.share <= most]
    return max(allowed, key=lambda r: r.share * r.wrong_flagged)


def point_figures(p: np.ndarray, y: np.ndarray, threshold: float) -> tuple[float, float]:
    score, malignant = malignant_probability(p), is_malignant(y)
    return sensitivity(score, malignant, threshold), specificity(score, malignant, threshold)
