"""Other forms of a QDQ int8 network: the same one in f32, and with unsigned activations."""

import numpy as np
import onnx
from onnx import helper, numpy_helper


def unsigned(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same network with u8 activations, zero points 128 higher, as x86 kernels like them."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    weights = {node.input[2] for node in model.graph.node if node.op_type == "DequantizeLinear" and node.input[0] in constants}
    names = {node.input[2] for node in model.graph.node if node.op_type in ("QuantizeLinear", "DequantizeLinear")} - weights
    for name in names:
        values = numpy_helper.to_array(constants[name]).astype(np.int16) + 128
        constants[name].CopyFrom(numpy_helper.from_array(values.astype(np.uint8), name))
    return model


def real(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same network in f32: weights dequantised, and a Clip where a range began at 0, as ReLU6 stood there."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    graph = model.graph
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    nodes, renamed, made = [], {}, []
    for node in graph.node:
        for index, name in enumerate(node.input):
            node.input[index] = renamed.get(name, name)
        if node.op_type == "DequantizeLinear" and node.input[0] in constants:
            values, scale = constants[node.input[0]].astype(np.float32), constants[node.input[1]]
            shape = [-1] + [1] * (values.ndim - 1)
            made.append(numpy_helper.from_array((values * scale.reshape(shape)).astype(np.float32), node.output[0]))
        elif node.op_type == "DequantizeLinear":
            renamed[node.output[0]] = node.input[0]
        elif node.op_type == "QuantizeLinear":
            scale, zero = float(constants[node.input[1]]), int(constants[node.input[2]])
            if zero != -128:
                renamed[node.output[0]] = node.input[0]
                continue
            bounds = [f"{node.output[0]}_low", f"{node.output[0]}_high"]
            for bound, value in zip(bounds, (0.0, 255.0 * scale)):
                made.append(numpy_helper.from_array(np.float32(value), bound))
            nodes.append(helper.make_node("Clip", [node.input[0], *bounds], [node.output[0]], name=f"{node.name}_clip"))
        else:
            nodes.append(node)
    used = {name for node in nodes for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    result = helper.make_graph(nodes, graph.name, graph.input, graph.output, [*kept, *made])
    model = helper.make_model(result, opset_imports=[entry for entry in model.opset_import if entry.domain == ""])
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model
