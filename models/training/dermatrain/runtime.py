"""Runs an ONNX file over stored pictures, an int8 one without graph optimisations.

onnxruntime's optimised int8 path saturates on some processors; with optimisations
off it computes what the file says, which is what the device computes too.
"""

import numpy as np
import onnx
import onnxruntime as ort

from .geometry import normalise
from .onnx_graph import FEATURES
from .progress import progress

OUTPUTS = ("logits", "attention", "embedding")


def session(model: onnx.ModelProto, threads: int = 1) -> ort.InferenceSession:
    options = ort.SessionOptions()
    if any(n.op_type == "QuantizeLinear" for n in model.graph.node):
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return ort.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])


def with_output(model: onnx.ModelProto, name: str, shape: list[int] | None) -> onnx.ModelProto:
    """The same network with an inner tensor as a further output."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    copy.graph.output.append(
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
    )
    return copy


def run(model: onnx.ModelProto, inputs, outputs=OUTPUTS, label="run", threads=1) -> dict:
    """`inputs` yields float32 [3, h, w]; returns each output stacked."""
    net, rows = session(model, threads), []
    for x in progress(inputs, label):
        rows.append([o[0] for o in net.run(list(outputs), {"image": x[None]})])
    return {name: np.stack(column) for name, column in zip(outputs, zip(*rows))}


def run_pooled(model: onnx.ModelProto, inputs, label: str, threads=1) -> dict:
    """The logits and the pooled features that the head reads."""
    return run(
        with_output(model, "pooled", [1, FEATURES]), inputs, ("logits", "pooled"), label, threads
    )


class Stored:
    """Packed pictures as network inputs, made one by one."""

    def __init__(self, pixels: np.ndarray, places):
        self.pixels, self.places = pixels, list(places)

    def __len__(self) -> int:
        return len(self.places)

    def __iter__(self):
        return (normalise(self.pixels[i]) for i in self.places)
