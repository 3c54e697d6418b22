"""Compares the int8 engine with onnxruntime without optimisations, which computes the QDQ network as it is written.

    python benches/agreement.py --dermascope target/release/dermascope --images DIR --labels CSV
                                [--model models/lesion.toml] [--split test] [--aspect 4:3] [--limit N]

Both see the same pixels: pictures are stretched, cropped and resized here, once. Prints the share of pictures with the
same top class, and each side's balanced accuracy and AUROC of P(malignant). Needs numpy, Pillow and onnxruntime.
"""

import argparse
import csv
import json
import subprocess
import tempfile
import tomllib
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image


def prepare(path: Path, size: int, stretch: float) -> Image.Image:
    image = Image.open(path).convert("RGB")
    image = image.resize((round(image.width * stretch), image.height), Image.Resampling.BILINEAR)
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side)).resize((size, size), Image.Resampling.BILINEAR)


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def auroc(scores: np.ndarray, positive: np.ndarray) -> float:
    order = scores.argsort()
    ranks = np.empty(len(scores))
    ranks[order] = np.arange(1, len(scores) + 1)
    for value in np.unique(scores):
        ranks[scores == value] = ranks[scores == value].mean()
    count = positive.sum()
    return (ranks[positive].sum() - count * (count + 1) / 2) / (count * (~positive).sum())


def balanced_accuracy(top: np.ndarray, truth: np.ndarray) -> float:
    return float(np.mean([(top[truth == label] == label).mean() for label in np.unique(truth)]))


def by_onnxruntime(manifest: dict, folder: Path, pictures: list[Path]) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(folder / manifest["file"]), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    mean, std = (np.float32(manifest["input"][key]) for key in ("mean", "std"))
    logits = []
    for path in pictures:
        pixels = (np.asarray(Image.open(path), np.float32) - mean) / std
        picture = np.ascontiguousarray(np.moveaxis(pixels, -1, 0))[None]
        logits.append(session.run(["logits"], {name: picture})[0][0])
    return softmax(np.stack(logits) / manifest["calibration"]["temperature"])


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
    options = parser.parse_args()
    manifest = tomllib.loads(options.model.read_text())
    labels = [label["code"] for label in manifest["labels"]]
    malignant = np.array([label["malignant"] for label in manifest["labels"]])
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
    tops = [side.argmax(axis=1) for side in sides.values()]
    for (name, side), top in zip(sides.items(), tops):
        area = auroc(side[:, malignant].sum(axis=1), malignant[truth])
        print(f"{name:30} balanced accuracy {balanced_accuracy(top, truth):.4f}, AUROC {area:.4f}")
    own, other = sides.values()
    print(f"same top class on {(tops[0] == tops[1]).mean():.4%} of {len(rows)} pictures")
    print(f"largest difference of a probability {np.abs(own - other).max():.4f}, mean {np.abs(own - other).mean():.5f}")


if __name__ == "__main__":
    main()
