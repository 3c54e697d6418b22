"""Writes CARD.md from what was measured. Nothing in the card is typed by hand."""

import json
from pathlib import Path

import numpy as np
import onnx

from . import manifest, metrics, plots, shown
from .classes import CLASSES, CODES
from .dataset import load
from .metrics import flat
from .unfold import variant_of

ASKED = {
    "balanced_accuracy": "0.80",
    "auroc_malignant": "0.945",
    "top3_accuracy": "0.985",
    "accuracy": "–",
    "operating_points.screening.sensitivity": "0.93",
    "operating_points.screening.specificity": "–",
    "operating_points.screening.melanoma_sensitivity": "0.90",
    "operating_points.balanced.sensitivity": "–",
    "operating_points.balanced.specificity": "–",
    "ece": "at most 0.04",
    "refused": "at most 0.05",
}
DEVICE = "`dermascope evaluate`"
REFERENCE = "onnxruntime with graph optimisations, which round here and there otherwise than the device"
TITLES = {
    "balanced_accuracy": "balanced accuracy",
    "auroc_malignant": "AUROC of P(malignant)",
    "top3_accuracy": "top-3 accuracy",
    "operating_points.screening.sensitivity": "malignant sensitivity at `screening`",
    "operating_points.screening.specificity": "specificity at `screening`",
    "operating_points.screening.melanoma_sensitivity": "melanoma sensitivity at `screening`",
    "operating_points.balanced.sensitivity": "malignant sensitivity at `balanced`",
    "operating_points.balanced.specificity": "specificity at `balanced`",
    "ece": "expected calibration error (15 bins)",
    "refused": "lesions refused as out of distribution",
}


def rows_of(header: str, rows: list[list]) -> str:
    columns = header.count("|") + 1
    lines = [f"| {header} |", "|" + "---|" * columns]
    return "\n".join(lines + ["| " + " | ".join(map(str, r)) + " |" for r in rows]) + "\n"


def number(value) -> str:
    return "–" if value is None or np.isnan(value) else f"{value:.3f}"


WORD_TITLES = {
    "suspicious": "SUSPICIOUS", "uncertain": "UNCERTAIN", "retake": "take it again",
    "not_suspicious": "NOT SUSPICIOUS",
}  # fmt: skip
SOURCE_TITLES = {
    "ham10000": "HAM10000, test (Vienna and Queensland)",
    "milk10k": "MILK10k, val (other hospitals)",
    "closeups": "close-ups without a dermatoscope, val",
}


def shown_table(report: dict) -> str:
    """What the screen shows of malignant and of benign lesions, by data set."""
    rows = []
    for source, found in report["shown"].items():
        for kind in ("malignant", "benign"):
            rows.append([
                SOURCE_TITLES.get(source, source), kind,
                found["n_malignant"] if kind == "malignant" else found["n"] - found["n_malignant"],
                *(with_interval(found, f"{kind}.{word}") for word in WORD_TITLES),
            ])  # fmt: skip
    return rows_of("pictures | lesions | n | " + " | ".join(WORD_TITLES.values()), rows)


def with_interval(found: dict, key: str) -> str:
    low, high = found["ci95"][key]
    return f"{number(flat(found)[key])} ({low:.2f} to {high:.2f})"


def sources_table(report: dict) -> str:
    keys = {
        "auroc_malignant": "AUROC", "balanced_accuracy": "balanced", "top3_accuracy": "top-3", "ece": "ECE",
        "sensitivity": "sensitivity", "specificity": "specificity", "strange": "unlike any lesion",
        "not_dermatoscopic": "not dermatoscopic", "retake": "either",
    }  # fmt: skip
    rows = [
        [SOURCE_TITLES.get(source, source), found["n"]]
        + [with_interval(found, k) if k in found else "–" for k in keys]
        for source, found in report["shown"].items()
    ]
    return rows_of("pictures | n | " + " | ".join(keys.values()), rows)


def main_table(report: dict, device: dict | None) -> str:
    source = flat(device) if device else flat(report["test"])
    ci = flat((device or {}).get("ci95", {})) or report["ci95"]
    # The device's own figure counts pictures of poor quality too.
    source["refused"], ci["refused"] = report["test"]["refused"], report["ci95"]["refused"]
    rows = []
    for key, asked in ASKED.items():
        low, high = ci.get(key) or report["ci95"].get(key, (np.nan, np.nan))
        value = source.get(key, flat(report["test"]).get(key))
        row = [TITLES.get(key, key), asked, number(value), f"{number(low)} to {number(high)}"]
        rows.append(row)
    return rows_of("figure | asked | measured | 95 % interval", rows)


def conditions_table(report: dict) -> str:
    keys = (
        "auroc_malignant", "balanced_accuracy", "accuracy", "top3_accuracy", "ece",
        "operating_points.screening.sensitivity", "operating_points.screening.melanoma_sensitivity",
        "operating_points.screening.specificity", "refused",
    )  # fmt: skip
    found = {name: flat(figures) for name, figures in report["light"].items()}
    rows = [[name, *(number(figures[key]) for key in keys)] for name, figures in found.items()]
    return rows_of(
        "pictures | AUROC | balanced | accuracy | top-3 | ECE | sensitivity | of melanoma | "
        "specificity | refused",
        rows,
    )


def recall_table(report: dict) -> str:
    ci = report["ci95"]
    rows = []
    for c in CLASSES:
        low, high = ci[f"recall.{c.code}"]
        value = report["test"]["recall"][c.code]
        rows.append(
            [
                c.code,
                c.name,
                "yes" if c.malignant else "",
                number(value),
                f"{number(low)} to {number(high)}",
            ]
        )
    return rows_of("class | name | malignant | recall | 95 % interval", rows)


def slices(report: dict) -> str:
    """The figures within groups of people and places."""
    lines = []
    for source, groups in report["groups"].items():
        if source == "closeups":
            continue
        for row in groups:
            benign = row["n"] - row["n_malignant"]
            # an AUROC or a share of a handful of lesions says nothing
            enough = min(row["n_malignant"], benign) >= 5
            words = [
                row[kind][word] if count >= 5 else None
                for kind, word, count in (
                    ("malignant", "suspicious", row["n_malignant"]),
                    ("malignant", "not_suspicious", row["n_malignant"]),
                    ("benign", "suspicious", benign),
                )
            ]
            lines.append([
                source, row["by"], row["group"], row["n"], row["n_malignant"],
                number(row.get("balanced_accuracy")), number(row["auroc_malignant"] if enough else None),
                *map(number, words), number(row["retake"]),
            ])  # fmt: skip
    return rows_of(
        "pictures | by | group | n | malignant | balanced | AUROC | malignant SUSPICIOUS | "
        "malignant NOT SUSPICIOUS | benign SUSPICIOUS | take it again",
        lines,
    )


def failures(rows, p, y, most: int = 6) -> str:
    """The surest mistakes of each class, by name only."""
    lines, top = [], p.argmax(1)
    for c, code in enumerate(CODES):
        wrong = np.flatnonzero((y == c) & (top != c))
        worst = wrong[np.argsort(-p[wrong].max(1))][:most]
        told = ", ".join(f"{rows[i].image_id} ({CODES[top[i]]} {p[i].max():.2f})" for i in worst)
        lines.append([code, f"{len(wrong)} of {(y == c).sum()}", told or "–"])
    return rows_of("class | wrong | surest mistakes (read as, probability)", lines)


def quantisation_table(work: Path, report: dict) -> str:
    table = json.loads((work / "quantisation.json").read_text())
    sources = [k for k, v in table[0].items() if isinstance(v, dict)]
    rows = [
        [r["name"] + (" (kept)" if r.get("kept") else ""), f"{r['divergence']:.4f}"]
        + [number(r[s][k]) for s in sources for k in ("balanced_accuracy", "auroc_malignant")]
        for r in table
    ]
    plain, made = report["float"], report["test"]
    fall = rows_of(
        "test split | float | int8 | fall | allowed",
        [
            [title, number(plain[k]), number(made[k]), number(plain[k] - made[k]), allowed]
            for k, title, allowed in (
                ("balanced_accuracy", "balanced accuracy", "0.010"),
                ("auroc_malignant", "AUROC", "0.003"),
            )
        ],
    )
    ranges = rows_of(
        "ranges (val, before the prior is taken off) | divergence from float"
        + "".join(f" | {s}: balanced | AUROC" for s in sources),
        rows,
    )
    return f"{ranges}\n{fall}\nThe two agree on the top class of {plain['agreement']:.1%} of the test pictures.\n"


def refusal_table(calibration: dict) -> str:
    found = calibration["refusal"]["negatives"]
    names = {"contrast and line": "unlike any lesion (shipped)", "not dermatoscopic": "not dermatoscopic (shipped)"}
    kinds = sorted(found["principal"]["refused"])
    rows = [[k, *(f"{f['refused'][k]:.2f}" for f in found.values())] for k in kinds]
    rows.append(["all", *(f"{f['refused_all']:.2f}" for f in found.values())])
    rows.append(["AUROC against val", *(number(f.get("auroc")) for f in found.values())])
    return rows_of("held-out negatives refused | " + " | ".join(names.get(s, s) for s in found), rows)


def accepted_table(calibration: dict) -> str:
    found = calibration["refusal"]
    rows = [
        [SOURCE_TITLES.get(s, s).replace("test", "val"), *map(number, a.values())]
        for s, a in found["accepted"].items()
    ]
    rows += [
        [SOURCE_TITLES.get(s, s), "–", number(1 - a["not_dermatoscopic"]), number(1 - a["either"])]
        for s, a in found["closeups"].items()
    ]
    return rows_of("accepted | as a known lesion | as dermatoscopic | as both", rows)


def candidate_table(path: Path, digest: str) -> str:
    rows = [
        [c["name"] + (" (shipped)" if c["sha256"] == digest else ""), c["sha256"][:12], c["recipe"], c["note"],
         *(number(c[k]) for k in ("balanced_accuracy", "auroc_malignant", "accuracy", "top3_accuracy", "ece"))]
        for c in json.loads(path.read_text())
    ]  # fmt: skip
    return rows_of(
        "candidate | sha256 | recipe | note | balanced | AUROC | accuracy | top-3 | ECE", rows
    )


def attention_text(report: dict) -> str:
    if "attention" not in report:
        return "Not measured: the outlines were not at hand.\n"
    a, b = report["attention"], report["blurring"]
    return (
        f"On {a['n']} test pictures, {a['mass_inside']:.2f} of the top class's map lies within the lesion's outline, "
        f"which covers {a['outline_share']:.2f} of the picture; the map beats the outline's share in "
        f"{a['better_than_area']:.0%} of them. Of the {a['small_n']} whose outline covers less than 0.35: "
        f"{a['small_mass_inside']:.2f} against {a['small_outline_share']:.2f}. Blurring the hottest tenth of "
        f"{b['n']} pictures lowers P(top) by {b['hottest']:.3f} on average, blurring the same patch elsewhere by "
        f"{b['random']:.3f}; the hottest tenth lowers it more in {b['hottest_falls_more']:.0%} of them.\n"
    )


def uncertain_text(report: dict, facts: dict) -> str:
    u, rule = report["uncertain"], facts["uncertain"]
    ratio = u["wrong_flagged"] / max(u["wrong_others"], 1e-9)
    return (
        f"A reading's class is uncertain when its top probability is below {rule['min_top']}, and its side is when "
        f"P(malignant) lies up to {rule['margin']} below the threshold. At `screening` on test one or both hold for "
        f"{u['share']:.1%} of the readings; "
        f"{u['wrong_flagged']:.1%} of those are wrong, against {u['wrong_others']:.1%} of the others "
        f"({ratio:.1f} times as often).\n"
    )


def points_table(facts: dict) -> str:
    header = (
        "point | threshold on P(malignant) | sensitivity on val | specificity on val | what for"
    )
    keys = ("threshold", "sensitivity", "specificity")
    rows = [
        [o["name"], *(number(o[k]) for k in keys), o["description"]]
        for o in facts["operating_points"]
    ]
    return rows_of(header, rows)


def draw(p, y, facts: dict, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    plots.confusion(p, y, folder / "confusion.png")
    plots.reliability(p, y, folder / "reliability.png")
    plots.roc(p, y, facts["operating_points"], folder / "roc.png")


def write_card(work: Path, folder: Path, candidates: Path, device: Path | None) -> None:
    facts, report = manifest.read(folder), json.loads((work / "evaluation.json").read_text())
    if report["sha256"] != facts["sha256"]:
        raise ValueError("the evaluation is of another network: run `evaluate` again")
    calibration = json.loads((work / "calibration.json").read_text())
    saved = np.load(work / "test.npz")
    _, every = load(work, "ham10000")
    rows = [every[i] for i in saved["places"]]
    y = np.array([r.label for r in rows])
    p = shown.probabilities(saved["logits"], facts)
    draw(p, y, facts, folder / "card")
    template = (Path(__file__).parent / "card.md").read_text()
    measured = json.loads(device.read_text()) if device else None
    if measured:
        manifest.add_shown(folder, measured)
    filled = {
        "NAME": facts["name"],
        "SHA256": facts["sha256"],
        "BYTES": f"{(folder / facts['file']).stat().st_size / 1e6:.2f} MB",
        "LICENCE": facts["licence"],
        "SOURCE": DEVICE if device else REFERENCE,
        "REFERENCE": REFERENCE,
        "MAIN": main_table(report, measured),
        "RECALL": recall_table(report),
        "CONDITIONS": conditions_table(report),
        "POINTS": points_table(facts),
        "SLICES": slices(report),
        "SHOWN": shown_table(report),
        "SOURCES": sources_table(report),
        "ACCEPTED": accepted_table(calibration),
        "PREVALENCE": number(facts["calibration"]["prevalence"]),
        "SHIFT": f"{calibration['shift']:+.2f}",
        "THRESHOLD": facts["operating_points"][0]["threshold"],
        "FAILURES": failures(rows, p, y),
        "QUANTISATION": quantisation_table(work, report),
        "REFUSAL": refusal_table(calibration),
        "UNCERTAIN": uncertain_text(report, facts),
        "ATTENTION": attention_text(report),
        "TRUNK": f"EfficientNet-{variant_of(onnx.load(folder / facts['file'])).capitalize()}",
        "CANDIDATES": candidate_table(candidates, facts["sha256"]),
        "SHARE": f"{calibration['prior_share']:.2f}",
        "TEMPERATURE": number(facts["calibration"]["temperature"]),
    }  # fmt: skip
    for key, value in filled.items():
        template = template.replace("{{" + key + "}}", str(value).strip())
    (folder / "CARD.md").write_text(template)
