"""Turns a shipped int8 file back into a network that can be trained further.

The file holds convolutions with normalisation folded in. Each gets its own again,
with the statistics of one batch, such that the network computes just what the file
does; and weights as large as ImageNet's, so that one learning rate suits all layers.
"""

import numpy as np
import onnx
import torch
from torch import nn

from .network import HEADS, VARIANTS, Lesion, load_imagenet, with_all_heads
from .onnx_graph import get_tensor


def load_shipped(path, pictures: torch.Tensor, **options) -> Lesion:
    """`pictures`: normalised [n, 3, h, w], whose statistics the normalisations take on."""
    file = onnx.load(path)
    model = Lesion(variant_of(file), **options)
    load_imagenet(model)
    with torch.no_grad():
        hooks = [
            layers.register_forward_hook(unfold(layers, *tensors(file, name)))
            for name, layers in convolutions(model)
        ]
        model.eval().trunk(pictures)
        for hook in hooks:
            hook.remove()
        heads = {k: torch.tensor(get_tensor(file, k)) for k in HEADS}
        for name, values in with_all_heads(heads).items():
            model.get_parameter(name).copy_(values)
    return model


def variant_of(file: onnx.ModelProto) -> str:
    """The variant whose convolutions have the shapes of the file's."""
    sizes = {t.name: list(t.dims) for t in file.graph.initializer}
    for variant in VARIANTS:
        shapes = {
            f"{name}.weight_quantized": list(m.weight.shape)
            for name, layers in convolutions(Lesion(variant))
            for m in layers
            if isinstance(m, nn.Conv2d)
        }
        # a smaller variant's names are among a larger one's
        if shapes == {k: v for k, v in sizes.items() if k.endswith(".weight_quantized")}:
            return variant
    raise ValueError(f"the file is none of EfficientNet-Lite's {', '.join(VARIANTS)}")


def convolutions(model: Lesion):
    """The names that `onnx_graph.build` gives, with the modules they stand for."""
    for name, module in model.named_modules():
        if isinstance(module, nn.Sequential) and any(isinstance(m, nn.Conv2d) for m in module):
            yield name.replace(".layers", ""), module


def tensors(file: onnx.ModelProto, name: str) -> tuple[torch.Tensor, torch.Tensor]:
    weight = get_tensor(file, f"{name}.weight_quantized").astype(np.float32)
    scale = get_tensor(file, f"{name}.weight_scale").reshape(-1, *[1] * (weight.ndim - 1))
    bias = get_tensor(file, f"{name}.bias_quantized").astype(np.float64)
    bias = bias * get_tensor(file, f"{name}.bias_quantized_scale")
    return torch.from_numpy(weight * scale), torch.from_numpy(bias.astype(np.float32))


def unfold(layers: nn.Sequential, weight: torch.Tensor, bias: torch.Tensor):
    """A hook that runs once, when the input of `layers` is already that of the file."""

    def hook(_module, inputs, _output):
        conv = next(m for m in layers if isinstance(m, nn.Conv2d))
        norm = next(m for m in layers if isinstance(m, nn.BatchNorm2d))
        size = weight.flatten(1).norm(dim=1)
        grow = conv.weight.flatten(1).norm(dim=1) / size.clamp_min(1e-8)
        grow = grow.clamp(1e-3, 1e3)  # either may be a dead channel
        conv.weight.copy_(weight * grow.reshape(-1, 1, 1, 1))
        x = inputs[0]
        for layer in layers:
            if layer is norm:
                var, mean = torch.var_mean(x, (0, 2, 3), correction=0)
                norm.running_mean.copy_(mean)
                norm.running_var.copy_(var)
                norm.weight.copy_((var + norm.eps).sqrt() / grow)
                norm.bias.copy_(bias + mean / grow)
            x = layer(x)
        return x

    return hook
