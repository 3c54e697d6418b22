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
from .parts import Part, Together, divided, of_each, parts

SCREENING = 0.95  # malignant sensitivity asked of the screening point on each val
HELD = 0.93  # and elsewhere: HAM10000's val has some two hundred malignant lesions, which leaves luck
HELD_MELANOMA = 0.90  # of HAM10000's melanomas alone, elsewhere; other vals have too few of them
MISSED = 0.02  # share of each val's malignant lesions that may be called not suspicious
UNCERTAIN = 0.1  # share of each val that may be called uncertain for that
ACCEPT = 0.98  # share of each val that each of the two refusals accepts
CLOSEUPS = 0.7  # their share of what is not dermatoscopic; the rest is no lesion at all
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
    shift_float(work, bias)
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


def shift_float(work: Path, bias: np.ndarray) -> None:
    """The float network has the same head, as int8 is judged against it."""
    if (work / "float.onnx").is_file():
        network = onnx.load(work / "float.onnx")
        set_tensor(network, "head.bias", bias)
        onnx.save(network, work / "float.onnx")


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


def refuse(model, work: Path, seen: list[Seen], threads: int, lesions: int = 1300) -> dict:
    """What is unlike any lesion, and what is not dermatoscopic: fitted on half of the negatives and
    judged on the other half, then fitted on all of them. Both thresholds are those of the val set that
    needs the highest."""
    size, side = len(get_tensor(model, "embed.bias")) - 1, runtime.input_side(model)

    def pooled(inputs, label: str) -> np.ndarray:
        return runtime.run_pooled(model, inputs, label, threads)["pooled"]

    known = pooled(familiar(work, lesions, side), "train features")
    items = negatives(side)
    others = pooled([normalise(n.pixels) for n in items], "negatives")
    away = parts(work, "train", dermatoscopic=False)
    away = pooled(Together([p.inputs(side) for p in away]), "close-ups of train")
    fitted = {id(n) for n in halves(items)[0]}
    half = np.array([id(n) in fitted for n in items])
    kinds = np.array([n.kind for n in items])

    def lines(of) -> tuple:
        strange = outliers.fit_strangeness(known, others[of], size)
        return strange, outliers.fit_line(known, (away, CLOSEUPS), (others[of], 1 - CLOSEUPS))

    strange, told = lines(half)
    scores = {
        "contrast and line": lambda x: outliers.distance(x, *strange),
        "contrast alone": partial_distance(outliers.fit_embedding(known, others[half], size)),
        "principal": partial_distance(outliers.fit_principal(known, size)),
        "not dermatoscopic": lambda x: outliers.values(x, *told),
    }
    report = {"negatives": {}}
    for name, score in scores.items():
        inside, outside = [score(s.pooled) for s in seen], score(others)
        row = refused_shares(outside, worst(inside, ACCEPT), kinds, ~half)
        row["auroc"] = held_out_auroc(np.concatenate(inside), outside[~half])
        row["by_accepted"] = {
            str(a): float((outside[~half] > worst(inside, a)).mean()) for a in LEVELS
        }
        report["negatives"][name] = row
    limits = [worst([scores[n](s.pooled) for s in seen], ACCEPT) for n in ("contrast and line", "not dermatoscopic")]
    either = np.maximum(*(scores[n](others) / limit for n, limit in zip(("contrast and line", "not dermatoscopic"), limits)))
    report["negatives"]["either"] = refused_shares(either, 1.0, kinds, ~half)
    strange, told = lines(slice(None))
    distances = [outliers.distance(s.pooled, *strange) for s in seen]
    values = [outliers.values(s.pooled, *told) for s in seen]
    chosen = {"refuse_above": worst(distances, ACCEPT), "not_dermatoscopic": worst(values, ACCEPT)}
    report["accepted"] = {
        s.part.source: {
            "familiar": float((d <= chosen["refuse_above"]).mean()),
            "dermatoscopic": float((v <= chosen["not_dermatoscopic"]).mean()),
            "both": float(((d <= chosen["refuse_above"]) & (v <= chosen["not_dermatoscopic"])).mean()),
        }
        for s, d, v in zip(seen, distances, values)
    }
    weight, bias = (np.concatenate(pair) for pair in zip(strange, told))
    report["closeups"] = closeups(model, work, (weight, bias), chosen, threads)
    return chosen | dict(report=report, weight=weight, bias=bias)


def partial_distance(lines):
    return lambda x: outliers.distance(x, *lines)


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
