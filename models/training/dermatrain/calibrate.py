"""Completes the int8 network's float head and writes it with its manifest.

Everything is fitted on train and val pictures through the int8 network itself, so
that the device decides on the very numbers that the decisions were fitted to; on the val
pictures of every data set that has some, and for the set that it suits worst.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnx

from . import decisions, manifest, metrics, outliers, runtime
from .augment import augment
from .classes import CLASSES, MELANOMA
from .dataset import load
from .geometry import normalise
from .negatives import halves, negatives
from .onnx_graph import get_tensor, set_tensor
from .parts import Part, divided, of_each, parts

SCREENING = 0.95  # malignant sensitivity asked of the screening point on each val
HELD = 0.93  # and elsewhere: HAM10000's val has some two hundred malignant lesions, which leaves luck
HELD_MELANOMA = 0.90  # of HAM10000's melanomas alone, elsewhere; other vals have too few of them
MISSED = 0.02  # share of each val's malignant lesions that may be called not suspicious
UNCERTAIN = 0.1  # share of each val that may be called uncertain for that
ACCEPT = 0.985  # share of each val that either refusal accepts
LEVELS = (0.95, 0.97, 0.98, 0.99, 0.995)
FAMILIAR = {
    "ham10000": 0.35, "milk10k": 0.25, "isic2017": 0.15, "isic2019_84": 0.15, "isic_archive": 0.1
}  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """What the network says of one data set's val, and what is true."""

    part: Part
    logits: np.ndarray
    pooled: np.ndarray

    @property
    def classed(self) -> tuple[np.ndarray, np.ndarray]:
        """Logits and labels of those that have a class."""
        known = self.part.labels >= 0
        return self.logits[known], self.part.labels[known]

    def probabilities(self, temperature: float, offsets) -> np.ndarray:
        return metrics.probabilities(self.logits, temperature, offsets)


def class_frequency(rows) -> np.ndarray:
    counts = np.bincount([r.label for r in rows if r.split == "train"], minlength=len(CLASSES))
    return counts / counts.sum()


def calibrate(work: Path, folder: Path, name: str, short_name: str, threads: int = 1) -> dict:
    model = onnx.load(work / "int8.onnx")  # with its outputs on val, both left by `quantise`
    seen = outputs_on_val(work)
    frequency = class_frequency(load(work, "ham10000")[1])
    share, temperature, shift = fit(seen, frequency)
    bias = decisions.shifted(get_tensor(model, "head.bias")[None], shift)[0]
    set_tensor(model, "head.bias", bias)
    seen = [Seen(s.part, decisions.shifted(s.logits, shift), s.pooled) for s in seen]
    decided, report = decide(seen, temperature, decisions.offsets(share, frequency))
    report |= {"prior_share": share, "shift": shift}
    refusal = refuse(model, work, seen, threads)
    report["refusal"] = refusal.pop("report")
    set_tensor(model, "embed.weight", refusal.pop("weight"))
    set_tensor(model, "embed.bias", refusal.pop("bias"))
    fixed = manifest.Decisions(**decided, score="mahalanobis", **refusal)
    size = runtime.input_side(model)
    manifest.write(folder, name, short_name, model.SerializeToString(), size, fixed)
    (work / "calibration.json").write_text(json.dumps(report, indent=1))
    return report


def outputs_on_val(work: Path) -> list[Seen]:
    found, out = parts(work, "val"), np.load(work / "val.npz")
    return [Seen(*row) for row in zip(found, *(divided(out[k], found) for k in ("logits", "pooled")))]


def fit(seen: list[Seen], frequency: np.ndarray) -> tuple[float, float, float]:
    """The share of the prior to take off, the temperature, and the shift of the malignant logits; the
    first is told at the temperature that suits without it."""
    classed = [s.classed for s in seen]
    warm, _ = decisions.fit_calibration(classed)
    share = decisions.fit_prior_share([(z / warm, y) for z, y in classed], frequency)
    # rounded as the manifest has them: they are what is in force
    offsets = np.round(decisions.offsets(share, frequency), 6)
    temperature, shift = decisions.fit_calibration(classed, offsets)
    return share, round(temperature, 6), shift


def decide(seen: list[Seen], temperature: float, offsets: np.ndarray) -> tuple[dict, dict]:
    offsets = np.round(offsets, 6)
    p = [s.probabilities(temperature, offsets) for s in seen]
    scores = [(metrics.malignant_probability(q), s.part.malignant) for q, s in zip(p, seen)]
    points = (
        point(scores, "screening", screening(scores, seen[0].part.labels),
              "Misses few malignant lesions; more false alarms."),
        point(scores, "balanced", decisions.balanced_threshold(scores),
              "The best sum of sensitivity and specificity."),
    )  # fmt: skip
    threshold = points[0].threshold
    margin = decisions.fit_margin(scores, threshold, MISSED, UNCERTAIN)
    rule = decisions.fit_rule(p[0], seen[0].part.labels, threshold, margin)
    decided = dict(
        temperature=temperature, class_offsets=tuple(map(float, offsets)), points=points,
        min_top=rule.min_top, margin=margin,
        prevalence=round(float(seen[0].part.malignant.mean()), 3),
    )  # fmt: skip
    report = {
        "temperature": temperature,
        "points": [asdict(x) for x in points],
        "uncertain": asdict(rule),
        "val": {s.part.source: on_val(s, q, points) for s, q in zip(seen, p)},
    }
    return decided, report


def on_val(seen: Seen, p: np.ndarray, points) -> dict:
    known, malignant = seen.part.labels >= 0, seen.part.malignant
    score = metrics.malignant_probability(p)
    at = {x.name: decisions.point_figures(score, malignant, x.threshold) for x in points}
    found = metrics.summary(p[known], seen.part.labels[known])
    return found | {"auroc_malignant": metrics.auroc(score, malignant), "points": at}


def screening(scores, labels: np.ndarray) -> float:
    """The highest threshold that holds for each val's malignant lesions, and for the melanomas among
    those of the first."""
    sought = [(score, malignant, HELD) for score, malignant in scores]
    sought.append((scores[0][0], labels == MELANOMA, HELD_MELANOMA))
    return min(decisions.screening_threshold(s, m, SCREENING, held) for s, m, held in sought)


def point(scores, name: str, threshold: float, description: str) -> manifest.OperatingPoint:
    """With the sensitivity and the specificity of the val that has the lowest."""
    # rounded before it is measured: the manifest's figure is the one in force
    threshold = round(threshold, 4)
    found = np.array([decisions.point_figures(*s, threshold) for s in scores]).min(0)
    return manifest.OperatingPoint(name, threshold, *map(float, found), description)


def familiar(work: Path, count: int, size: int) -> list[np.ndarray]:
    """Training pictures that must be accepted: of every data set, half as stored, half as other
    cameras and lamps would show them, or the device's own would be refused."""
    rng, made = np.random.default_rng(3), []
    for part in of_each(work, "train", FAMILIAR, count, 3):
        half = len(part.rows) // 2
        made += list(runtime.Stored(part.pixels, part.places[:half], size))
        for place, row in zip(part.places[half:], part.rows[half:]):
            made.append(normalise(augment(part.pixels[place], rng, row.aspect, size, (0.7, 1.1))))
    return made


def refuse(model, work: Path, seen: list[Seen], threads: int, lesions: int = 1200) -> dict:
    """What is unlike any lesion: fitted on half of the negatives, every score judged on the other
    half. What is not dermatoscopic: the value that was trained. Both thresholds are those of the val
    set that needs the highest."""
    size, side = len(get_tensor(model, "embed.bias")) - 1, runtime.input_side(model)
    known = runtime.run_pooled(model, familiar(work, lesions, side), "train features", threads)
    items = negatives(side)
    others = runtime.run_pooled(model, [normalise(n.pixels) for n in items], "negatives", threads)
    fitted = {id(n) for n in halves(items)[0]}
    fit_on = np.array([id(n) in fitted for n in items])
    kinds = np.array([n.kind for n in items])
    apart = get_tensor(model, "embed.weight")[size:], get_tensor(model, "embed.bias")[size:]
    judged = {
        "contrast": outliers.fit_embedding(known["pooled"], others["pooled"][fit_on], size),
        "principal": outliers.fit_principal(known["pooled"], size),
    }
    report = {}
    for kind, lines in judged.items():
        inside = [outliers.distance(s.pooled, *lines) for s in seen]
        outside = outliers.distance(others["pooled"], *lines)
        report[kind] = refused_shares(outside, worst(inside, ACCEPT), kinds, ~fit_on)
        report[kind]["auroc"] = held_out_auroc(np.concatenate(inside), outside[~fit_on])
        report[kind]["by_accepted"] = {
            str(a): float((outside[~fit_on] > worst(inside, a)).mean()) for a in LEVELS
        }
    final = outliers.fit_embedding(known["pooled"], others["pooled"], size)
    inside = [outliers.distance(s.pooled, *final) for s in seen]
    values = [outliers.values(s.pooled, *apart) for s in seen]
    chosen = {"refuse_above": worst(inside, ACCEPT), "not_dermatoscopic": worst(values, ACCEPT)}
    report["accepted"] = {
        s.part.source: {
            "familiar": float((d <= chosen["refuse_above"]).mean()),
            "dermatoscopic": float((v <= chosen["not_dermatoscopic"]).mean()),
        }
        for s, d, v in zip(seen, inside, values)
    }
    report["negatives_not_dermatoscopic"] = refused_shares(
        outliers.values(others["pooled"], *apart), chosen["not_dermatoscopic"], kinds, kinds == kinds
    )
    weight, bias = (np.concatenate(pair) for pair in zip(final, apart))
    report["closeups"] = closeups(model, work, (weight, bias), chosen, threads)
    return chosen | dict(report=report, weight=weight, bias=bias)


def worst(values: list[np.ndarray], accept: float) -> float:
    """The threshold that accepts that share of the set that needs the highest."""
    return max(float(np.quantile(v, accept)) for v in values)


def closeups(model, work: Path, lines, chosen: dict, threads: int) -> dict:
    """What becomes of val's pictures that no dermatoscope took."""
    report, side = {}, runtime.input_side(model)
    for part in parts(work, "val", dermatoscopic=False):
        seen = runtime.run_pooled(model, part.inputs(side), part.source, threads)["pooled"]
        values = seen @ lines[0].T + lines[1]
        told = values[:, -1] > chosen["not_dermatoscopic"]
        strange = (values[:, :-1] ** 2).sum(1) > chosen["refuse_above"]
        report[part.source] = {
            "not_dermatoscopic": float(told.mean()), "either": float((told | strange).mean())
        }  # fmt: skip
    return report


def held_out_auroc(inside: np.ndarray, outside: np.ndarray) -> float:
    truth = np.r_[np.zeros(len(inside), bool), np.ones(len(outside), bool)]
    return metrics.auroc(np.r_[inside, outside], truth)


def refused_shares(score, threshold: float, kinds, judged) -> dict:
    shares = {
        str(k): float((score[judged & (kinds == k)] > threshold).mean())
        for k in sorted(set(kinds[judged]))
    }
    return {"refused": shares, "refused_all": float((score[judged] > threshold).mean())}
