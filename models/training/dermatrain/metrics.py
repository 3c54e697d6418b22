"""Figures of merit, in numpy alone. `p` is [n, 7] probabilities, `y` the true indices."""

import numpy as np

from .classes import CLASSES, CODES, MALIGNANT


def softmax(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    z = logits / temperature
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def probabilities(logits: np.ndarray, temperature: float, class_offsets) -> np.ndarray:
    """The manifest's calibration: the softmax, its malignant and its benign share each divided anew
    among their own classes by the logits and the offsets. P(malignant) does not move."""
    p = softmax(logits, temperature)
    divided = np.zeros_like(p)
    malignant = is_malignant(np.arange(len(CLASSES)))
    for group in (malignant, ~malignant):
        share = p[:, group].sum(1, keepdims=True)
        offset = np.asarray(class_offsets)[group]
        divided[:, group] = share * softmax(logits[:, group] + offset, temperature)
    return divided


def malignant_probability(p: np.ndarray) -> np.ndarray:
    return p[:, list(MALIGNANT)].sum(1)


def is_malignant(y: np.ndarray) -> np.ndarray:
    return np.isin(y, MALIGNANT)


def recalls(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    """By class; NaN where the class is absent."""
    hit = p.argmax(1) == y
    return np.array([hit[y == c].mean() if (y == c).any() else np.nan for c in range(len(CLASSES))])


def balanced_accuracy(p: np.ndarray, y: np.ndarray) -> float:
    return float(np.nanmean(recalls(p, y)))


def top_k(p: np.ndarray, y: np.ndarray, k: int) -> float:
    return float((np.argsort(-p, 1)[:, :k] == y[:, None]).any(1).mean())


def auroc(score: np.ndarray, positive: np.ndarray) -> float:
    """The chance that a positive outranks a negative; ties count half."""
    if positive.all() or not positive.any():
        return float("nan")
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks = (last - (counts - 1) / 2)[inverse]
    n = int(positive.sum())
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * (len(score) - n)))


def calibration_error(p: np.ndarray, y: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error of the top class, in equal-width bins."""
    return binned_error(p.max(1), p.argmax(1) == y, bins)


def binned_error(probability: np.ndarray, happened: np.ndarray, bins: int) -> float:
    """How far what is foretold is from what happens, over equal-width bins of what is foretold."""
    index = np.minimum((probability * bins).astype(int), bins - 1)
    gaps = np.bincount(index, probability - happened, bins)
    return float(np.abs(gaps).sum() / len(happened))


def sensitivity(score: np.ndarray, positive: np.ndarray, threshold: float) -> float:
    return float((score[positive] >= threshold).mean()) if positive.any() else float("nan")


def specificity(score: np.ndarray, positive: np.ndarray, threshold: float) -> float:
    return float((score[~positive] < threshold).mean()) if (~positive).any() else float("nan")


def flat(nested: dict, prefix: str = "") -> dict:
    """Names within names joined by dots."""
    out = {}
    for k, v in nested.items():
        out |= flat(v, f"{prefix}{k}.") if isinstance(v, dict) else {f"{prefix}{k}": v}
    return out


def summary(p: np.ndarray, y: np.ndarray) -> dict:
    return {
        "balanced_accuracy": balanced_accuracy(p, y),
        "accuracy": top_k(p, y, 1),
        "top3_accuracy": top_k(p, y, 3),
        "auroc_malignant": auroc(malignant_probability(p), is_malignant(y)),
        "ece": calibration_error(p, y),
        "recall": dict(zip(CODES, recalls(p, y).tolist())),
    }
