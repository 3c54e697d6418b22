"""Completes the int8 network's float head and writes it with its manifest.

Everything is fitted on train and val pictures through the int8 network itself, so
that the device decides on the very numbers that the decisions were fitted to.
"""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx

from . import decisions, manifest, metrics, outliers, runtime
from .augment import augment
from .classes import CLASSES, MELANOMA
from .dataset import ASPECT, load
from .geometry import normalise
from .negatives import halves, negatives
from .onnx_graph import get_tensor, set_tensor

SCREENING = 0.95  # malignant sensitivity asked of the screening point on val
HELD = 0.93  # and elsewhere: val has some two hundred malignant lesions, which leaves luck
HELD_MELANOMA = 0.90  # of melanoma alone, elsewhere
ACCEPT = 0.97  # share of val accepted, so that 0.95 of other lesions is likely
LEVELS = (0.95, 0.97, 0.98, 0.99, 0.995)


def places(rows, split: str) -> list[int]:
    return [i for i, r in enumerate(rows) if r.split == split]


def class_frequency(rows) -> np.ndarray:
    counts = np.bincount([r.label for r in rows if r.split == "train"], minlength=len(CLASSES))
    return counts / counts.sum()


def calibrate(work: Path, folder: Path, name: str, lesions: int = 1200, threads: int = 1) -> dict:
    model = onnx.load(work / "int8.onnx")  # with its outputs on val, both left by `quantise`
    _, rows = load(work, "ham10000")
    y = np.array([r.label for r in rows if r.split == "val"])
    out = np.load(work / "val.npz")
    frequency = class_frequency(rows)
    share = decisions.fit_prior_share(out["logits"], y, frequency)
    decided, report = decide(out["logits"], y, decisions.offsets(share, frequency))
    report["prior_share"] = share
    size = runtime.input_side(model)
    known = runtime.run_pooled(model, familiar(work, lesions, size), "train features", threads)
    refusal = refuse(model, known, out, decided["temperature"], threads)
    report["out_of_distribution"] = refusal["report"]
    set_tensor(model, "embed.weight", refusal["weight"])
    set_tensor(model, "embed.bias", refusal["bias"])
    fixed = manifest.Decisions(**decided, score="mahalanobis", refuse_above=refusal["threshold"])
    manifest.write(folder, name, model.SerializeToString(), size, fixed)
    (work / "calibration.json").write_text(json.dumps(report, indent=1))
    return report


def familiar(work: Path, count: int, size: int) -> list[np.ndarray]:
    """Training pictures that must be accepted: half as stored, a quarter from ISIC 2017, and a
    quarter as other cameras and lamps would show them, or the device's own would be refused."""
    rng = np.random.default_rng(3)
    pixels, rows = load(work, "ham10000")
    train = rng.permutation(places(rows, "train"))
    others, other_rows = load(work, "isic2017")
    quarter = count // 4
    made = list(runtime.Stored(pixels, np.sort(train[: count - 2 * quarter]), size))
    made += runtime.Stored(others, np.sort(rng.permutation(len(other_rows))[:quarter]), size)
    for i in train[-quarter:]:
        made.append(normalise(augment(pixels[i], rng, ASPECT["ham10000"], size, (0.7, 1.1))))
    return made


def decide(logits: np.ndarray, y: np.ndarray, offsets: np.ndarray) -> tuple[dict, dict]:
    # rounded as the manifest has them: they are what is in force
    offsets = np.round(offsets, 6)
    temperature = round(decisions.fit_temperature(logits, y, offsets), 6)
    p = metrics.probabilities(logits, temperature, offsets)
    score = metrics.malignant_probability(p)
    points = (
        point(p, y, "screening", screening(score, y),
              "Misses few malignant lesions; more false alarms."),
        point(p, y, "balanced", decisions.balanced_threshold(score, metrics.is_malignant(y)),
              "The best sum of sensitivity and specificity."),
    )  # fmt: skip
    rule = decisions.fit_rule(p, y, points[0].threshold)
    decided = dict(
        temperature=temperature, class_offsets=tuple(map(float, offsets)), points=points,
        min_top=rule.min_top, margin=rule.margin,
    )  # fmt: skip
    report = {
        "temperature": temperature,
        "val": metrics.summary(p, y),
        "points": [asdict(x) for x in points],
        "uncertain": asdict(rule),
    }
    return decided, report


def screening(score: np.ndarray, y: np.ndarray) -> float:
    """The highest threshold that holds for malignant lesions and for melanomas among them."""
    malignant = metrics.is_malignant(y), HELD
    melanoma = y == MELANOMA, HELD_MELANOMA
    return min(
        decisions.screening_threshold(score, sought, SCREENING, held)
        for sought, held in (malignant, melanoma)
    )


def point(p, y, name: str, threshold: float, description: str) -> manifest.OperatingPoint:
    # rounded before it is measured: the manifest's figure is the one in force
    threshold = round(threshold, 4)
    found = decisions.point_figures(p, y, threshold)
    return manifest.OperatingPoint(name, threshold, *found, description)


def refuse(model, known: dict, val: dict, temperature: float, threads: int) -> dict:
    """Fit on half of the negatives, judge every score on the other half."""
    size = get_tensor(model, "embed.bias").shape[0]
    items = negatives(runtime.input_side(model))
    seen = runtime.run_pooled(model, [normalise(n.pixels) for n in items], "negatives", threads)
    fitted = {id(n) for n in halves(items)[0]}
    fit = np.array([id(n) in fitted for n in items])
    kinds = np.array([n.kind for n in items])
    told = outliers.fit_embedding(known["pooled"], seen["pooled"][fit], size)
    plain = outliers.fit_principal(known["pooled"], size)
    report = {}
    for name, (inside, outside) in {
        "contrast": [outliers.distance(o["pooled"], *told) for o in (val, seen)],
        "principal": [outliers.distance(o["pooled"], *plain) for o in (val, seen)],
        "energy": [outliers.energy(o["logits"], temperature) for o in (val, seen)],
    }.items():
        report[name] = refused_shares(outside, float(np.quantile(inside, ACCEPT)), kinds, ~fit)
        report[name]["auroc"] = held_out_auroc(inside, outside[~fit])
        report[name]["by_accepted"] = {
            str(a): float((outside[~fit] > np.quantile(inside, a)).mean()) for a in LEVELS
        }
    final = outliers.fit_embedding(known["pooled"], seen["pooled"], size)
    threshold = float(np.quantile(outliers.distance(val["pooled"], *final), ACCEPT))
    return dict(report=report, weight=final[0], bias=final[1], threshold=threshold)


def held_out_auroc(inside: np.ndarray, outside: np.ndarray) -> float:
    truth = np.r_[np.zeros(len(inside), bool), np.ones(len(outside), bool)]
    return metrics.auroc(np.r_[inside, outside], truth)


def refused_shares(score, threshold: float, kinds, judged) -> dict:
    shares = {
        str(k): float((score[judged & (kinds == k)] > threshold).mean())
        for k in sorted(set(kinds[judged]))
    }
    return {"refused": shares, "refused_all": float((score[judged] > threshold).mean())}
