"""Runs an ONNX file over stored pictures, an int8 one without graph optimisations.

onnxruntime's optimised int8 path saturates on some processors; with optimisations
off it computes what the file says, which is what the device computes too.
"""

from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import numpy as np
import onnx
import onnxruntime as ort
from PIL import Image

from .geometry import preprocess
from .progress import progress

AHEAD = 8  # pictures that wait for each thread
OUTPUTS = ("logits", "attention", "embedding")


def input_side(model: onnx.ModelProto) -> int:
    """Pixels a side of the square pictures that the network reads."""
    return model.graph.input[0].type.tensor_type.shape.dim[2].dim_value


def session(model: onnx.ModelProto, quick: bool = False) -> ort.InferenceSession:
    """`quick` lets an int8 network be optimised, too: three times as fast, on processors that
    multiply eight bits without saturating, and some roundings are others."""
    options = ort.SessionOptions()
    if not quick and any(n.op_type == "QuantizeLinear" for n in model.graph.node):
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])


def with_outputs(model: onnx.ModelProto, names) -> onnx.ModelProto:
    """The same network with inner tensors as further outputs."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    values = [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, None) for n in names]
    copy.graph.output.extend(values)
    return copy


def run(
    model: onnx.ModelProto, inputs, outputs=OUTPUTS, label="run", threads=1, quick=False
) -> dict:
    """`inputs` yields float32 [3, h, w]; returns each output stacked. Each thread runs pictures of
    its own: on a busy machine threads that share a picture wait for each other."""
    net, rows = session(model, quick), []
    feed = iter(progress(inputs, label))

    def answers(x) -> list:
        return [o[0] for o in net.run(list(outputs), {"image": x[None]})]

    with ThreadPoolExecutor(threads) as pool:
        while some := list(islice(feed, AHEAD * threads)):
            rows += pool.map(answers, some)
    return {name: np.stack(column) for name, column in zip(outputs, zip(*rows))}


def run_pooled(model: onnx.ModelProto, inputs, label: str, threads=1) -> dict:
    """The logits and the pooled features that the head reads."""
    return run(with_outputs(model, ["pooled"]), inputs, ("logits", "pooled"), label, threads)


class Stored:
    """Pictures, by their places, as network inputs of `size` pixels a side, made one by one.

    `stretch` first restores a squashed picture's proportions, of which the square is cropped.
    """

    def __init__(self, pixels, places, size: int, stretch: float = 1.0):
        self.pixels, self.places, self.size, self.stretch = pixels, list(places), size, stretch

    def __len__(self) -> int:
        return len(self.places)

    def __iter__(self):
        for i in self.places:
            yield preprocess(Image.fromarray(self.pixels[i]), self.size, self.stretch)
