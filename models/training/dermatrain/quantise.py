"""Float ONNX to int8 QDQ: per-channel symmetric weights, asymmetric activations."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from . import metrics, runtime
from .bias import correct_biases
from .manifest import DIRECTIONS
from .network import Lesion
from .onnx_graph import HEAD_NODES, build, get_tensor, set_tensor
from .parts import Part, Together, divided, of_each, parts

METHODS = {
    "minmax": CalibrationMethod.MinMax,
    "entropy": CalibrationMethod.Entropy,
    "percentile": CalibrationMethod.Percentile,
}

# of the pictures that ranges and biases are taken from
ORDINARY = {
    "ham10000": 0.4, "milk10k": 0.25, "isic2017": 0.15, "isic2019_84": 0.1, "isic_archive": 0.1
}  # fmt: skip


class Pictures(CalibrationDataReader):
    """Network inputs, one at a time, in the way that the quantiser asks for them."""

    def __init__(self, inputs):
        self.inputs = iter(inputs)

    def get_next(self):
        return next(({"image": x[None]} for x in self.inputs), None)


def quantise(model: onnx.ModelProto, pixels: list[np.ndarray], method: str, **extra) -> onnx.ModelProto:
    with TemporaryDirectory() as folder:
        source, ready, target = (Path(folder) / f"{n}.onnx" for n in ("float", "ready", "int8"))
        onnx.save(model, source)
        quant_pre_process(source, ready, skip_symbolic_shape=True)
        quantize_static(
            ready,
            target,
            Pictures(runtime.Stored(pixels, range(len(pixels)), runtime.input_side(model))),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=list(HEAD_NODES),
            calibrate_method=METHODS[method],
            extra_options={"ActivationSymmetric": False, "WeightSymmetric": True, **extra},
        )
        made = onnx.load(target)
    keep_main_opset(made)
    tame_biases(made)
    onnx.checker.check_model(made, full_check=True)
    return made


def keep_main_opset(model: onnx.ModelProto) -> None:
    """The quantiser declares domains that no node uses; readers may not know them."""
    main = [o for o in model.opset_import if o.domain == ""]
    del model.opset_import[:]
    model.opset_import.extend(main)


def tame_biases(model: onnx.ModelProto, limit: int = 2**28) -> None:
    """Keep int32 sums from overflowing.

    A channel whose weights have died has a tiny weight scale, so its int32 bias comes
    near 2**31 and the products added to it would wrap. Such a channel gets a larger
    scale: it is its bias and little else.
    """
    for node in model.graph.node:
        if node.op_type != "Conv" or len(node.input) < 3:
            continue
        name = node.input[2]
        bias = get_tensor(model, f"{name}_quantized").astype(np.float64)
        grow = np.maximum(np.abs(bias) / limit, 1.0)
        if (grow == 1.0).all():
            continue
        base = name.removesuffix(".bias")
        weight = get_tensor(model, f"{base}.weight_quantized").astype(np.float64)
        shape = (-1, *[1] * (weight.ndim - 1))
        set_tensor(model, f"{base}.weight_quantized", np.round(weight / grow.reshape(shape)))
        set_tensor(model, f"{name}_quantized", np.round(bias / grow))
        for scale in (f"{base}.weight_scale", f"{name}_quantized_scale"):
            set_tensor(model, scale, get_tensor(model, scale) * grow)


@dataclass(frozen=True)
class Candidate:
    """A way to find the ranges: how, and from how many training pictures; biases may be corrected
    on the first few of them."""

    name: str
    method: str
    pictures: int
    extra: dict = field(default_factory=dict)
    corrected: int = 0


CANDIDATES = (
    Candidate("minmax, 64 pictures", "minmax", 64),
    Candidate("minmax, 64, biases corrected on 32", "minmax", 64, corrected=32),
    Candidate("minmax, 256 pictures", "minmax", 256),
    Candidate("moving-average minmax, 256", "minmax", 256, {"CalibMovingAverage": True}),
    Candidate("percentile 99.99, 64", "percentile", 64, {"CalibPercentile": 99.99}),
    Candidate("percentile 99.999, 64", "percentile", 64, {"CalibPercentile": 99.999}),
    Candidate("entropy, 64 pictures", "entropy", 64),
)


def compare(
    model: Lesion, work: Path, size: int, names: list[str], threads: int = 1
) -> list[dict]:
    """Try the candidates; keep the one whose val probabilities stay nearest the float network's.

    `size`: pixels a side of what the network is to read."""
    network = build(model, size, DIRECTIONS)
    onnx.save(network, work / "float.onnx")
    val = parts(work, "val")
    stored = Together([p.inputs(size) for p in val])
    plain = runtime.run(network, stored, ("logits",), "val, float", threads)["logits"]
    table, best = [{"name": "float", "divergence": 0.0} | short(plain, val)], np.inf
    for c in CANDIDATES:
        if names and not any(n in c.name for n in names):
            continue
        made = quantise(network, ordinary(work, c.pictures), c.method, **c.extra)
        if c.corrected:
            few = ordinary(work, c.corrected)
            correct_biases(made, network, runtime.Stored(few, range(len(few)), size))
        out = runtime.run_pooled(made, stored, f"val, {c.name}", threads)
        away = divergence(plain, out["logits"])
        table.append({"name": c.name, "divergence": away} | short(out["logits"], val))
        if away < best:
            best = away
            for row in table:
                row["kept"] = row is table[-1]
            onnx.save(made, work / "int8.onnx")
            np.savez(work / "val.npz", **out)
        (work / "quantisation.json").write_text(json.dumps(table, indent=1))
    return table


def ordinary(work: Path, count: int) -> list[np.ndarray]:
    """Training pictures of every data set, as stored."""
    return [pixels for part in of_each(work, "train", ORDINARY, count, 2) for pixels in part.stored()]


def divergence(plain: np.ndarray, other: np.ndarray) -> float:
    """Mean Kullback-Leibler divergence; far less noisy than a change of accuracy."""
    p, q = metrics.softmax(plain), metrics.softmax(other)
    return float((p * (np.log(p + 1e-12) - np.log(q + 1e-12))).sum(1).mean())


def short(logits: np.ndarray, val: list[Part]) -> dict:
    """By data set, of those pictures that have a class."""
    row = {}
    for part, own in zip(val, divided(logits, val)):
        known = part.labels >= 0
        found = metrics.summary(metrics.softmax(own[known]), part.labels[known])
        score = metrics.malignant_probability(metrics.softmax(own))
        row[part.source] = {
            "balanced_accuracy": found["balanced_accuracy"],
            "auroc_malignant": metrics.auroc(score, part.malignant),
        }
    return row
