"""Writes the network as an ONNX graph, node by node, so that its form is ours to fix.

Normalisation is folded into the convolutions and padding into their `pads`, so the
graph holds Conv, Clip and Add up to the features, and a small float head after them.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from .classes import CLASSES
from .network import FEATURES, Block, Conv, Lesion, folded

OPSET = 17
HEAD_NODES = ("pool", "flatten", "head", "embed", "attend")


class Graph:
    def __init__(self):
        self.nodes, self.tensors = [], []

    def constant(self, name: str, values) -> str:
        self.tensors.append(numpy_helper.from_array(np.asarray(values, np.float32), name))
        return name

    def node(self, op: str, inputs: list[str], output: str, name: str = "", **attributes) -> str:
        self.nodes.append(helper.make_node(op, inputs, [output], name or output, **attributes))
        return output


def add_conv(graph: Graph, layers: Conv, x: str, name: str) -> str:
    conv, *tensors = folded(layers)
    weight, bias = (t.detach().cpu().numpy() for t in tensors)
    pad = next((m.padding for m in layers if isinstance(m, nn.ZeroPad2d)), conv.padding * 2)
    out = graph.node(
        "Conv",
        [x, graph.constant(f"{name}.weight", weight), graph.constant(f"{name}.bias", bias)],
        f"{name}.conv",
        kernel_shape=list(conv.kernel_size),
        strides=list(conv.stride),
        pads=[pad[0], pad[0], pad[1], pad[1]],
        group=conv.groups,
        dilations=[1, 1],
    )
    if not isinstance(layers[-1], nn.ReLU6):
        return out
    return graph.node("Clip", [out, "zero", "six"], f"{name}.relu6")


def add_block(graph: Graph, block: Block, x: str, name: str) -> str:
    y = x
    for i, layers in enumerate(block.layers):
        y = add_conv(graph, layers, y, f"{name}.{i}")
    return graph.node("Add", [y, x], f"{name}.add") if block.residual else y


def add_head(graph: Graph, features: str, head: nn.Linear, embedding: int) -> None:
    """Class activation maps share the head's weights, so their mean plus the bias is the logits."""
    weight, bias = (t.detach().cpu().numpy()[: len(CLASSES)] for t in (head.weight, head.bias))
    graph.constant("head.weight", weight)
    graph.constant("head.bias", bias)
    graph.constant("attend.weight", weight[:, :, None, None])
    # Behind the embedding, which is fitted later, the value that says "not dermatoscopic".
    apart = [-t.detach().cpu().numpy()[len(CLASSES) :] for t in (head.weight, head.bias)]
    graph.constant("embed.weight", np.concatenate([np.zeros((embedding, FEATURES)), apart[0]]))
    graph.constant("embed.bias", np.concatenate([np.zeros(embedding), apart[1]]))
    pooled = graph.node("GlobalAveragePool", [features], "pooled4", "pool")
    pooled = graph.node("Flatten", [pooled], "pooled", "flatten", axis=1)
    graph.node("Gemm", [pooled, "head.weight", "head.bias"], "logits", "head", transB=1)
    graph.node("Conv", [features, "attend.weight"], "attention", "attend", kernel_shape=[1, 1])
    graph.node("Gemm", [pooled, "embed.weight", "embed.bias"], "embedding", "embed", transB=1)


def build(model: Lesion, size: int, embedding: int) -> onnx.ModelProto:
    graph = Graph()
    graph.constant("zero", 0.0)
    graph.constant("six", 6.0)
    x = "image"
    for i, module in enumerate(model.eval().trunk):
        add = add_block if isinstance(module, Block) else add_conv
        x = add(graph, module, x, f"trunk.{i}")
    add_head(graph, x, model.head, embedding)
    grid = size // 32
    shapes = {
        "image": [1, 3, size, size],
        "logits": [1, len(CLASSES)],
        "attention": [1, len(CLASSES), grid, grid],
        "embedding": [1, embedding + 1],
    }
    values = [helper.make_tensor_value_info(k, TensorProto.FLOAT, v) for k, v in shapes.items()]
    proto = helper.make_graph(graph.nodes, "lesion", values[:1], values[1:], graph.tensors)
    opset = [helper.make_opsetid("", OPSET)]
    made = helper.make_model(proto, opset_imports=opset, producer_name="dermatrain", ir_version=8)
    onnx.checker.check_model(made, full_check=True)
    return made


def set_tensor(model: onnx.ModelProto, name: str, values: np.ndarray) -> None:
    """Replace an initialiser's values; its type stays."""
    tensor = next(t for t in model.graph.initializer if t.name == name)
    kind = numpy_helper.to_array(tensor).dtype
    tensor.CopyFrom(numpy_helper.from_array(np.asarray(values).astype(kind), name))


def get_tensor(model: onnx.ModelProto, name: str) -> np.ndarray:
    return numpy_helper.to_array(next(t for t in model.graph.initializer if t.name == name))
