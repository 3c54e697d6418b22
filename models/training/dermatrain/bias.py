"""Takes off each convolution's sums what rounding adds to them on average.

Rounded weights and activations shift the mean of a sum, and the shifts of fifty layers add up.
From the first layer on, each behind those that are corrected already, the difference of the
means goes into the bias: the bias correction of Nagel, van Baalen, Blankevoort and Welling,
"Data-Free Quantization Through Weight Equalization and Bias Correction" (2019), on pictures.
"""

import numpy as np
import onnx

from . import runtime
from .onnx_graph import get_tensor, set_tensor
from .progress import progress


def correct_biases(made: onnx.ModelProto, network: onnx.ModelProto, pictures) -> None:
    """`made` is `network` in int8 and is changed; `pictures`: float32 [3, h, w] each."""
    layers = [n.name for n in network.graph.node if n.op_type == "Conv" and n.name != "attend"]
    wanted = dict(zip(layers, channel_means(network, layers, pictures)))
    for name in progress(layers, "biases"):
        reached = up_to(made, name)
        [found] = channel_means(reached, list(reached.graph.node[-1].output), pictures)
        bias = f"{name.removesuffix('.conv')}.bias_quantized"
        steps = (wanted[name] - found) / get_tensor(made, f"{bias}_scale")
        set_tensor(made, bias, np.round(get_tensor(made, bias) + steps))


def channel_means(model: onnx.ModelProto, names, pictures) -> list[np.ndarray]:
    """The mean of each channel of each named tensor, over all pictures and places."""
    net = runtime.session(runtime.with_outputs(model, names))
    sums = [0.0] * len(names)
    for x in pictures:
        found = net.run(list(names), {"image": x[None]})
        sums = [s + f.mean((0, 2, 3), dtype=np.float64) for s, f in zip(sums, found)]
    return [s / len(pictures) for s in sums]


def up_to(model: onnx.ModelProto, name: str) -> onnx.ModelProto:
    """The network up to the node of that name, without any output yet."""
    at = next(i for i, n in enumerate(model.graph.node) if n.name == name)
    cut = onnx.ModelProto()
    cut.CopyFrom(model)
    del cut.graph.node[at + 1 :], cut.graph.output[:]
    return cut
