"""Judges the shipped files on the test split and writes what the card is made from."""

import json
from pathlib import Path

import numpy as np
import onnx

from . import decisions, explain, manifest, metrics, runtime
from .calibrate import places
from .classes import MELANOMA
from .conditions import CONDITIONS, Altered
from .dataset import ASPECT, load

BLURRED = 300  # pictures of the blurring measurement


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
    limit = facts["out_of_distribution"]["threshold"]
    found["refused"] = float(((embedding**2).sum(1) > limit).mean())
    return found


def judged(model, inputs, y: np.ndarray, facts: dict, label: str, threads: int) -> dict:
    """The figures of the network on other inputs of the same pictures."""
    out = runtime.run(model, inputs, ("logits", "embedding"), label, threads)
    p = metrics.probabilities(out["logits"], **facts["calibration"])
    return figures(p, out["embedding"], y, facts)


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
    facts = manifest.read(folder)
    model = onnx.load(folder / facts["file"])
    pixels, rows = load(work, "ham10000")
    test = places(rows, "test")
    y = np.array([rows[i].label for i in test])
    groups = np.array([rows[i].group_id for i in test])
    size = facts["input"]["width"]
    stored = runtime.Stored(pixels, test, size)
    out = runtime.run(model, stored, label="test, int8", threads=threads)
    p = metrics.probabilities(out["logits"], **facts["calibration"])
    report = {"model": facts["name"], "sha256": facts["sha256"]}
    report["test"] = figures(p, out["embedding"], y, facts)
    true = runtime.Stored(pixels, test, size, ASPECT["ham10000"])
    report["true_geometry"] = judged(model, true, y, facts, "true geometry", threads)
    report["ci95"] = interval(lambda i: figures(p[i], out["embedding"][i], y[i], facts), groups)
    report["float"] = float_figures(work, stored, y, p, facts, threads)
    report["uncertain"] = rule_on(p, y, facts)
    report["conditions"] = {
        name: judged(model, runtime.Stored(Altered(c, pixels), test, size), y, facts, name, threads)
        for name, c in CONDITIONS.items()
    }
    if data is not None:
        maps = out["attention"]
        report["attention"] = attention_inside(maps, p.argmax(1), rows, test, data, size)
        report["blurring"] = blurring(model, maps, p, pixels, test, facts, threads)
    np.savez(work / "test.npz", logits=out["logits"], embedding=out["embedding"], places=test)
    (work / "evaluation.json").write_text(json.dumps(report, indent=1))
    return report


def float_figures(work, stored, y, int8, facts, threads) -> dict:
    """The float network with the same calibration: what int8 costs, and nothing else."""
    model = onnx.load(work / "float.onnx")
    out = runtime.run(model, stored, ("logits",), "test, float", threads)
    p = metrics.probabilities(out["logits"], **facts["calibration"])
    found = metrics.summary(p, y)
    found["agreement"] = float((p.argmax(1) == int8.argmax(1)).mean())
    return found


def rule_on(p, y, facts) -> dict:
    rule = facts["uncertain"]
    threshold = facts["operating_points"][0]["threshold"]
    return vars(decisions.judge_rule(p, y, threshold, rule["min_top"], rule["margin"]))


def attention_inside(maps, tops, rows, test, data: Path, size: int) -> dict:
    shares = []
    for k, i in enumerate(test):
        mask = explain.read_mask(data, rows[i].image_id, size)
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
    logits = runtime.run(model, inputs, ("logits",), "blurring", threads)["logits"]
    after = metrics.probabilities(logits, **facts["calibration"]).reshape(len(chosen), 2, -1)
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
