"""Compares the int8 engine with onnxruntime without optimisations, which computes the QDQ network as it is written.

    python benches/agreement.py --dermascope target/release/dermascope --images DIR --labels CSV
                                [--model models/lesion.toml] [--split test] [--aspect 4:3] [--limit N] [--exact]

All see the same pixels: pictures are stretched, cropped and resized here, once. Prints each side's balanced accuracy and
AUROC of P(malignant), and for each pair of sides the share of pictures with the same top class and, where it differs, how
far apart the two classes' probabilities are at most: a near tie, or a fault. --exact adds the network in float64, in which
no sum is rounded before it is quantised. Needs numpy, Pillow and onnxruntime; --exact needs onnx and torch.
"""

import argparse
import csv
import itertools
import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent / "models" / "training"))
from dermatrain import metrics  # noqa: E402


def prepare(path: Path, size: int, stretch: float) -> Image.Image:
    image = Image.open(path).convert("RGB")
    image = image.resize((round(image.width * stretch), image.height), Image.Resampling.BILINEAR)
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side)).resize((size, size), Image.Resampling.BILINEAR)


def tensor(manifest: dict, path: Path) -> np.ndarray:
    mean, std = (np.float32(manifest["input"][key]) for key in ("mean", "std"))
    pixels = (np.asarray(Image.open(path), np.float32) - mean) / std
    return np.ascontiguousarray(np.moveaxis(pixels, -1, 0))[None]


def by_onnxruntime(manifest: dict, folder: Path, pictures: list[Path]) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(folder / manifest["file"]), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return probabilities(manifest, (session.run(["logits"], {name: tensor(manifest, p)})[0] for p in pictures))


def by_float64(manifest: dict, folder: Path, pictures: list[Path]) -> np.ndarray:
    from double import Network

    network = Network(folder / manifest["file"])
    return probabilities(manifest, (network.run(tensor(manifest, path)) for path in pictures))


def probabilities(manifest: dict, logits) -> np.ndarray:
    return metrics.probabilities(np.concatenate(list(logits)), **manifest["calibration"])


def by_dermascope(program: Path, model: Path, labels: list[str], pictures: list[Path]) -> np.ndarray:
    command = [program, "classify", "--json", "--model", model, *pictures]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return np.array([[json.loads(line)["probabilities"][label] for label in labels] for line in lines])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dermascope", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=Path("models/lesion.toml"))
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--labels", type=Path, required=True)
    parser.add_argument("--split", default="test")
    parser.add_argument("--aspect", default="4:3")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--exact", action="store_true")
    options = parser.parse_args()
    manifest = tomllib.loads(options.model.read_text())
    labels = [label["code"] for label in manifest["labels"]]
    with options.labels.open() as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == options.split][: options.limit]
    truth = np.array([labels.index(row["dx"]) for row in rows])
    wide, high = map(float, options.aspect.split(":"))
    with tempfile.TemporaryDirectory() as folder:
        pictures = [Path(folder) / f"{row['image_id']}.png" for row in rows]
        for row, path in zip(rows, pictures):
            source = options.images / f"{row['image_id']}.jpg"
            prepare(source, manifest["input"]["width"], wide / high).save(path, compress_level=1)
        sides = {
            "dermascope int8": by_dermascope(options.dermascope, options.model, labels, pictures),
            "onnxruntime, no optimisations": by_onnxruntime(manifest, options.model.parent, pictures),
        }
        if options.exact:
            sides["float64"] = by_float64(manifest, options.model.parent, pictures)
    for name, side in sides.items():
        balanced = metrics.balanced_accuracy(side, truth)
        area = metrics.auroc(metrics.malignant_probability(side), metrics.is_malignant(truth))
        print(f"{name:30} balanced accuracy {balanced:.4f}, AUROC {area:.4f}")
    for one, other in itertools.combinations(sides, 2):
        print(f"{one} and {other}: {agreement(sides[one], sides[other])}")


def agreement(one: np.ndarray, other: np.ndarray) -> str:
    tops = one.argmax(axis=1), other.argmax(axis=1)
    rows = np.flatnonzero(tops[0] != tops[1])
    apart = one[rows, tops[0][rows]] - one[rows, tops[1][rows]]
    away = np.abs(one - other)
    return (
        f"same top class on {1 - len(rows) / len(one):.4%} of {len(one)}; the {len(rows)} others are within"
        f" {apart.max(initial=0):.4f} of a tie; probabilities differ by {away.mean():.5f}, at most {away.max():.4f}"
    )


if __name__ == "__main__":
    main()
