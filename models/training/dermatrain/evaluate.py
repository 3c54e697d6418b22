"""Judges the shipped files on the test split and writes what the card is made from."""

import json
from pathlib import Path

import numpy as np
import onnx

from . import decisions, explain, manifest, metrics, runtime, shown
from .classes import MELANOMA
from .conditions import CONDITIONS
from .dataset import ASPECT
from .parts import Part, parts

BLURRED = 200  # pictures of the blurring measurement
ALTERED = 400  # pictures that are judged in each light


def figures(p: np.ndarray, embedding: np.ndarray, y: np.ndarray, facts: dict) -> dict:
    """The same names as `dermascope evaluate --json`."""
    found = {"n": len(y), **metrics.summary(p, y)}
    score, malignant = metrics.malignant_probability(p), metrics.is_malignant(y)
    found["operating_points"] = {}
    for point in facts["operating_points"]:
        t = point["threshold"]
        sens, spec = (
            metrics.sensitivity(score, malignant, t),
            metrics.specificity(score, malignant, t),
        )
        mel = float((score[y == MELANOMA] >= t).mean())
        found["operating_points"][point["name"]] = {
            "threshold": t, "sensitivity": sens, "specificity": spec, "melanoma_sensitivity": mel,
        }  # fmt: skip
    found["refused"] = float(np.logical_or(*shown.refusals(embedding, facts)).mean())
    return found


def judged(model, inputs, y: np.ndarray, facts: dict, label: str, threads: int) -> dict:
    """The figures of the network on other inputs of the same pictures."""
    out = runtime.run(model, inputs, ("logits", "embedding"), label, threads, quick=True)
    return figures(shown.probabilities(out["logits"], facts), out["embedding"], y, facts)


def interval(compute, groups: np.ndarray, rounds: int = 500, seed: int = 5) -> dict:
    """95 % intervals of every number that compute(indices) returns, drawing whole groups."""
    rng = np.random.default_rng(seed)
    members = [np.flatnonzero(groups == g) for g in np.unique(groups)]
    drawn = []
    for _ in range(rounds):
        chosen = rng.integers(len(members), size=len(members))
        drawn.append(metrics.flat(compute(np.concatenate([members[c] for c in chosen]))))
    keys = drawn[0]
    column = {k: np.array([d[k] for d in drawn]) for k in keys}
    return {k: [float(q) for q in np.nanquantile(v, [0.025, 0.975])] for k, v in column.items()}


def evaluate(work: Path, folder: Path, data: Path | None, threads: int = 1) -> dict:
    """HAM10000's test split, and as shown the val of the other data sets: they have no test split."""
    facts = manifest.read(folder)
    model = onnx.load(folder / facts["file"])
    size = facts["input"]["width"]
    part, others = parts(work, "test")[0], parts(work, "val")[1:]
    pixels, rows, test, y = part.pixels, part.rows, part.places, part.labels
    stored = part.inputs(size)
    out = runtime.run(model, stored, label="test, int8", threads=threads, quick=True)
    p = shown.probabilities(out["logits"], facts)
    report = {"model": facts["name"], "sha256": facts["sha256"]}
    report["test"] = figures(p, out["embedding"], y, facts)
    report["ci95"] = interval(
        lambda i: figures(p[i], out["embedding"][i], y[i], facts), part.groups
    )
    report["shown"], report["groups"] = {}, {}
    judged_parts = [(part, out)]
    for other in others + parts(work, "val", dermatoscopic=False):
        label = f"{other.source}, int8"
        own = runtime.run(model, other.inputs(size), label=label, threads=threads, quick=True)
        judged_parts.append((other, own))
    for other, own in judged_parts:
        report["shown"][other.source] = as_shown(other, own, facts)
        report["groups"][other.source] = shown.by_group(other, own, facts)
    few = part.some(ALTERED, np.random.default_rng(13))
    report["light"] = in_each_light(model, few, facts, size, threads)
    report["float"] = float_figures(work, stored, y, p, facts, threads)
    report["uncertain"] = rule_on(p, y, facts)
    if data is not None:
        report["attention"] = attention_inside(out["attention"], p.argmax(1), rows, test, data, size)
        report["blurring"] = blurring(model, out["attention"], p, pixels, test, facts, threads)
    np.savez(work / "test.npz", logits=out["logits"], embedding=out["embedding"], places=test)
    (work / "evaluation.json").write_text(json.dumps(report, indent=1))
    return report


def as_shown(part: Part, out: dict, facts: dict) -> dict:
    found = shown.figures(part, out, facts)
    found["ci95"] = interval(lambda i: shown.figures(part, out, facts, i), part.groups, rounds=200)
    return found


def in_each_light(model, part: Part, facts: dict, size: int, threads: int) -> dict:
    """The same pictures as they are, in true proportions, and under every condition."""
    inputs = {
        "as they are": part.inputs(size),
        "true 4:3 geometry": runtime.Stored(part.pixels, part.places, size, ASPECT[part.source]),
    }
    inputs |= {name: part.inputs(size, c) for name, c in CONDITIONS.items()}
    return {
        name: judged(model, pictures, part.labels, facts, name, threads)
        for name, pictures in inputs.items()
    }


def float_figures(work, stored, y, int8, facts, threads) -> dict:
    """The float network with the same calibration: what int8 costs, and nothing else."""
    model = onnx.load(work / "float.onnx")
    out = runtime.run(model, stored, ("logits",), "test, float", threads)
    p = shown.probabilities(out["logits"], facts)
    found = metrics.summary(p, y)
    found["agreement"] = float((p.argmax(1) == int8.argmax(1)).mean())
    return found


def rule_on(p, y, facts) -> dict:
    rule = facts["uncertain"]
    threshold = facts["operating_points"][0]["threshold"]
    return vars(decisions.judge_rule(p, y, threshold, rule["min_top"], rule["margin"]))


def attention_inside(maps, tops, rows, test, data: Path, size: int) -> dict:
    shares = []
    for k in range(len(test)):
        mask = explain.read_mask(data, rows[k].image_id, size)
        if mask is not None:
            shares.append(explain.mass_inside(explain.heat(maps[k], int(tops[k])), mask))
    inside, area = np.array(shares).T
    small = area < 0.35  # where the outline leaves room to be wrong
    return {
        "n": len(shares),
        "mass_inside": float(inside.mean()),
        "outline_share": float(area.mean()),
        "better_than_area": float((inside > area).mean()),
        "small_n": int(small.sum()),
        "small_mass_inside": float(inside[small].mean()),
        "small_outline_share": float(area[small].mean()),
    }


def blurring(model, maps, p, pixels, test, facts, threads) -> dict:
    """The fall of P(top) when the hottest tenth is blurred, against the same patch elsewhere."""
    rng = np.random.default_rng(11)
    chosen = rng.permutation(len(test))[:BLURRED]
    before = p[chosen]
    tops = before.argmax(1)
    altered = []
    for k, top in zip(chosen, tops):
        own, heat = pixels[test[k]], explain.heat(maps[k], int(top))
        altered += [explain.blur_hottest(own, heat), explain.blur_random(own, heat, rng)]
    inputs = runtime.Stored(altered, range(len(altered)), facts["input"]["width"])
    logits = runtime.run(model, inputs, ("logits",), "blurring", threads, quick=True)["logits"]
    after = shown.probabilities(logits, facts).reshape(len(chosen), 2, -1)
    falls = before[np.arange(len(tops)), tops][:, None] - after[np.arange(len(tops)), :, tops]
    return {
        "n": len(chosen),
        "hottest": float(falls[:, 0].mean()),
        "random": float(falls[:, 1].mean()),
        "hottest_falls_more": float((falls[:, 0] > falls[:, 1]).mean()),
    }


def record_candidate(path: Path, report: dict, recipe: str, note: str) -> None:
    """Every candidate that was judged on test stays on record, chosen or not."""
    known = json.loads(path.read_text()) if path.is_file() else []
    if any(k["sha256"] == report["sha256"] for k in known):
        return
    keys = ("balanced_accuracy", "accuracy", "top3_accuracy", "auroc_malignant", "ece")
    row = {"name": report["model"], "sha256": report["sha256"], "recipe": recipe, "note": note}
    known.append(row | {k: round(report["test"][k], 4) for k in keys})
    path.write_text(json.dumps(known, indent=1) + "\n")
