"""The QDQ network node by node in float64, where no sum is rounded before it is quantised: what the file means, exactly."""

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch.nn import functional as F


class Network:
    """Runs the operators that our files are made of; any other stops with its name."""

    def __init__(self, path):
        graph = onnx.load(path).graph
        self.nodes, self.input = graph.node, graph.input[0].name
        self.tensors = {t.name: torch.tensor(numpy_helper.to_array(t)).double() for t in graph.initializer}

    def run(self, picture: np.ndarray, output: str = "logits") -> np.ndarray:
        values = dict(self.tensors, **{self.input: torch.from_numpy(picture).double()})
        for node in self.nodes:
            operator = OPERATORS.get(node.op_type)
            if operator is None:
                raise ValueError(f"{node.name}: {node.op_type} is not known here")
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            values[node.output[0]] = operator(attributes, *(values[name] for name in node.input))
        return values[output].numpy()


def along(tensor: torch.Tensor, like: torch.Tensor, axis: int) -> torch.Tensor:
    """A scale for each channel, shaped to be multiplied with `like`."""
    return tensor if tensor.ndim == 0 else tensor.reshape([-1 if i == axis else 1 for i in range(like.ndim)])


def quantise(attributes, x, scale, zero):
    axis = attributes.get("axis", 1)
    return (torch.round(x / along(scale, x, axis)) + along(zero, x, axis)).clamp(-128, 127)


def dequantise(attributes, x, scale, zero):
    axis = attributes.get("axis", 1)
    return (x - along(zero, x, axis)) * along(scale, x, axis)


def convolve(attributes, x, weight, bias=None):
    top, left, bottom, right = attributes.get("pads", (0, 0, 0, 0))
    x = F.pad(x, (left, right, top, bottom))
    return F.conv2d(x, weight, bias, attributes.get("strides", 1), groups=attributes.get("group", 1))


OPERATORS = {
    "QuantizeLinear": quantise,
    "DequantizeLinear": dequantise,
    "Conv": convolve,
    "Add": lambda _, a, b: a + b,
    "Clip": lambda _, x, low, high: x.clamp(low, high),
    "Relu": lambda _, x: x.relu(),
    "GlobalAveragePool": lambda _, x: x.mean((2, 3), keepdim=True),
    "Flatten": lambda _, x: x.flatten(1),
    "Gemm": lambda _, x, weight, bias: x @ weight.T + bias,
}
