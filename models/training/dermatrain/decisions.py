"""From logits to decisions: prior, temperature, thresholds and the uncertain rule. Numpy alone."""

from dataclasses import dataclass

import numpy as np

from .classes import CLASSES
from .metrics import (
    balanced_accuracy,
    binned_error,
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


def fit_prior_share(seen, frequency: np.ndarray) -> float:
    """How much of log(class frequency) to take off the logits, among the malignant and among the
    benign classes, for the best sum of balanced accuracy and top-3 accuracy: the more is taken off,
    the more rare classes crowd naevi and melanomas out of the three likeliest.
    P(malignant) keeps it: taken off there as well, it ranks pictures worse by what is likelier
    among lesions without being likelier malignant.

    `seen`: logits and labels of each data set. They have few of the rare classes, so the curve is
    jagged: shares within a point of the best are as good, and the smallest of them costs least
    accuracy.
    """
    shares = np.round(np.arange(0.0, 1.51, 0.05), 2)
    scores = np.zeros(len(shares))
    for logits, y in seen:
        read = (probabilities(logits, 1.0, offsets(s, frequency)) for s in shares)
        scores += [balanced_accuracy(p, y) + top_k(p, y, 3) for p in read]
    scores /= len(seen)
    return float(shares[scores >= scores.max() - 0.01].min())


def fit_temperature(logits: np.ndarray, y: np.ndarray, class_offsets=NO_OFFSETS) -> float:
    """The temperature of least calibration error; likelihood breaks near ties."""
    return fit_calibration([(logits, y)], class_offsets, (0.0,))[0]


SHIFTS = tuple(np.round(np.arange(-2.0, 2.01, 0.1), 2).tolist())


def fit_calibration(seen, class_offsets=NO_OFFSETS, shifts=SHIFTS) -> tuple[float, float]:
    """The temperature, and what is added to the malignant logits, of the least calibration error (of
    the likeliest class, and of malignant or not) of the data set that they suit worst; likelihood
    breaks near ties.

    `seen`: logits and labels of each data set."""
    best, at = np.inf, (1.0, 0.0)
    for t in np.exp(np.linspace(np.log(0.1), np.log(10.0), 300 if len(shifts) == 1 else 70)):
        for shift in shifts:
            costs = [cost(shifted(z, shift), y, t, class_offsets) for z, y in seen]
            if (score := max(costs)) < best:
                best, at = score, (float(t), float(shift))
    return at


def shifted(logits: np.ndarray, shift: float) -> np.ndarray:
    return logits + shift * is_malignant(np.arange(len(CLASSES)))


def cost(logits: np.ndarray, y: np.ndarray, temperature: float, class_offsets) -> float:
    p = probabilities(logits, temperature, class_offsets)
    likelihood = -np.log(p[np.arange(len(y)), y] + 1e-12).mean()
    score = malignant_probability(p)
    top, hit = p.max(1), p.argmax(1) == y
    # averaged over bin counts, as one count's error jumps with each picture
    errors = [
        binned_error(*pair, bins)
        for pair in ((top, hit), (score, is_malignant(y)))
        for bins in (10, 15, 30)
    ]
    return float(np.mean(errors) + 0.02 * likelihood)


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


def balanced_threshold(seen) -> float:
    """Where the mean of all data sets' sensitivity and specificity sums highest (Youden), smoothed over
    its plateau. `seen`: P(malignant) and what is true, of each data set."""
    grid = np.linspace(0.02, 0.98, 193)
    gain = np.mean([[sum(point_figures(*s, t)) for t in grid] for s in seen], axis=0)
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
    return (p.max(1) < min_top) | near_below(malignant_probability(p), threshold, margin)


def near_below(score: np.ndarray, threshold: float, margin: float) -> np.ndarray:
    """Not suspicious, but too near it to be called so."""
    below = threshold - score
    return (below > 0) & (below <= margin)


def fit_margin(seen, threshold: float, missed: float, most: float) -> float:
    """The least margin that leaves no more than `missed` of each data set's malignant lesions called
    not suspicious, and calls no more than `most` of each data set's lesions uncertain.

    `seen`: P(malignant) and what is true, of each data set."""
    margins = np.round(threshold * np.arange(0.05, 0.96, 0.05), 4)
    allowed = [
        m for m in margins if all(near_below(s, threshold, m).mean() <= most for s, _ in seen)
    ]
    for margin in allowed:
        if all((s[truth] < threshold - margin).mean() <= missed for s, truth in seen):
            return float(margin)
    return float(allowed[-1] if allowed else margins[0])


WORDS = ("suspicious", "uncertain", "retake", "not_suspicious")


def words(score, refused, threshold: float, margin: float) -> np.ndarray:
    """The places among WORDS of what the screen shows: what is refused is to be taken again; from
    the threshold on it is suspicious, however near, and a little below it uncertain. What is doubtful
    about the class leaves the side alone."""
    low = np.where(near_below(score, threshold, margin), 1, 3)
    return np.where(refused, 2, np.where(score >= threshold, 0, low))


def fit_rule(p, y, threshold: float, margin: float, most: float = 0.2) -> Flagged:
    """Of the shares of the likeliest class that flag at most `most` of the readings, the one that
    catches most errors."""
    tops = np.round(np.arange(0.3, 0.91, 0.02), 2)
    rules = [judge_rule(p, y, threshold, top, margin) for top in tops]
    allowed = [r for r in rules if r.share <= most] or rules[:1]
    return max(allowed, key=lambda r: r.share * r.wrong_flagged)


def point_figures(score, malignant, threshold: float) -> tuple[float, float]:
    return sensitivity(score, malignant, threshold), specificity(score, malignant, threshold)
