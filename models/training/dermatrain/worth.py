"""How often each word is shown, from `dermascope evaluate` into the manifest: what the device counts by.

    dermascope evaluate --images IMAGES --labels LABELS --split test --json --bootstrap 1000 > models/evaluation.json
    python -m dermatrain.worth models

A manifest that has them already gets them anew.
"""

import json
import re
import sys
import tomllib
from pathlib import Path

WORDS = ("suspicious", "uncertain", "not_suspicious")
KINDS = ("malignant", "benign")


def shares(evaluation: dict, point: str, kind: str, word: str) -> list[float]:
    """A share with the ends of its interval, which hold it whatever the rounding."""
    of = evaluation["operating_points"][point]["shown"][kind][word]
    low, high = evaluation["ci95"]["operating_points"][point]["shown"][kind][word]
    return [round(value, 4) for value in (of, min(low, of), max(high, of))]


def table(evaluation: dict, point: str) -> str:
    rows = ["[operating_points.shown]"]
    for word in WORDS:
        kinds = ", ".join(f"{kind} = {shares(evaluation, point, kind, word)}" for kind in KINDS)
        rows.append(f"{word} = {{ {kinds} }}")
    return "\n".join(rows) + "\n"


def insert(manifest: str, evaluation: dict) -> str:
    """The manifest's text with a table below each operating point."""
    bare = re.sub(r"\n?\[operating_points\.shown\]\n(?:\w+ = .*\n)+", "", manifest)

    def with_table(block: re.Match) -> str:
        point = tomllib.loads(block[0])["operating_points"][0]["name"]
        return block[0] + "\n" + table(evaluation, point)

    return re.sub(r"\[\[operating_points\]\]\n(?:\w+ = .*\n)+", with_table, bare)


def main(folder: Path) -> None:
    path = folder / "lesion.toml"
    made = insert(path.read_text(), json.loads((folder / "evaluation.json").read_text()))
    tomllib.loads(made)
    path.write_text(made)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
