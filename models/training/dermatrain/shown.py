"""What the screen shows, by data set and by group of people: the figures that a person meets.

The words follow from the network alone. The device asks for another picture as well where a picture
is blurred, too dark or without a lesion in the ring, which `dermascope evaluate` counts.
"""

import numpy as np

from . import decisions, metrics
from .parts import Part

FEWEST = 10  # lesions of a group that is told of


def values(embedding: np.ndarray, facts: dict) -> tuple[np.ndarray, np.ndarray]:
    """How strange each picture is, and how little dermatoscopic."""
    apart = facts["not_dermatoscopic"]["value"]
    strange = np.delete(embedding, apart, axis=1)
    return (strange**2).sum(1), embedding[:, apart]


def refusals(embedding: np.ndarray, facts: dict) -> tuple[np.ndarray, np.ndarray]:
    """Which are refused as strange, and which as not dermatoscopic."""
    strangeness, undermatoscopic = values(embedding, facts)
    limits = (facts[k]["threshold"] for k in ("out_of_distribution", "not_dermatoscopic"))
    return tuple(v > limit for v, limit in zip((strangeness, undermatoscopic), limits))


def probabilities(logits: np.ndarray, facts: dict) -> np.ndarray:
    fitted = facts["calibration"]
    return metrics.probabilities(logits, fitted["temperature"], fitted["class_offsets"])


def words(logits: np.ndarray, embedding: np.ndarray, facts: dict) -> np.ndarray:
    """At the first operating point."""
    score = metrics.malignant_probability(probabilities(logits, facts))
    threshold = facts["operating_points"][0]["threshold"]
    refused = np.logical_or(*refusals(embedding, facts))
    return decisions.words(score, refused, threshold, facts["uncertain"]["margin"])


def shares(shown: np.ndarray) -> dict:
    of = max(1, len(shown))
    return {w: float((shown == i).sum() / of) for i, w in enumerate(decisions.WORDS)}


def figures(part: Part, out: dict, facts: dict, at=slice(None)) -> dict:
    """Of the pictures `at` these places: how well they are read, and what is shown of malignant and of
    benign ones."""
    labels, malignant = part.labels[at], part.malignant[at]
    logits, embedding = out["logits"][at], out["embedding"][at]
    p, shown = probabilities(logits, facts), words(logits, embedding, facts)
    score, known = metrics.malignant_probability(p), labels >= 0
    strange, apart = refusals(embedding, facts)
    threshold = facts["operating_points"][0]["threshold"]
    found = metrics.summary(p[known], labels[known]) if known.any() else {}
    found.pop("recall", None)
    return found | {
        "n": len(labels),
        "n_malignant": int(malignant.sum()),
        "auroc_malignant": metrics.auroc(score, malignant),
        "sensitivity": metrics.sensitivity(score, malignant, threshold),
        "specificity": metrics.specificity(score, malignant, threshold),
        "malignant": shares(shown[malignant]),
        "benign": shares(shown[~malignant]),
        "strange": float(strange.mean()),
        "not_dermatoscopic": float(apart.mean()),
        "retake": float((shown == 2).mean()),
    }


def age_band(age: str) -> str:
    if not age:
        return "unknown"
    low = int(float(age)) // 20 * 20
    return f"{low} to {low + 19}"


def groups(part: Part) -> dict[str, list[str]]:
    """By kind, the group of each picture."""
    return {
        "skin tone (0 darkest, 5 lightest)": [r.skin_tone for r in part.rows],
        "sex": [r.sex or "unknown" for r in part.rows],
        "age": [age_band(r.age) for r in part.rows],
        "body site": [r.localization or "unknown" for r in part.rows],
        "confirmed by": [r.dx_type for r in part.rows],
        "outside the seven": [
            "" if r.label >= 0 else "malignant" if r.malignant == 1 else "benign" for r in part.rows
        ],
    }


def by_group(part: Part, out: dict, facts: dict) -> list[dict]:
    rows = []
    for kind, names in groups(part).items():
        for name in sorted(set(names) - {""}):
            at = np.array([n == name for n in names])
            if at.sum() >= FEWEST:
                rows.append({"by": kind, "group": name} | figures(part, out, facts, at))
    return rows
