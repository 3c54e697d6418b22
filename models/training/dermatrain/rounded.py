"""The network as the device computes it: every tensor rounded to eight bits, differentiably.

Training through this form lets the weights settle where rounding costs least. The
rounding points are those of `quantise`: weights per output channel and symmetric,
each activation by one range. Normalisation is folded with its running statistics.
"""

from collections.abc import Iterable

import torch
from torch import nn
from torch.nn import functional as F

from .network import Block, Conv, Lesion, folded


class Rounded(nn.Module):
    """Shares its parameters with `model`; its activations' ranges are those seen on `pictures`."""

    def __init__(self, model: Lesion, pictures: Iterable[torch.Tensor]):
        super().__init__()
        self.model = model
        self.ranges: dict[str, tuple[float, float]] = {}
        self.measuring = True
        was_training = model.training
        model.eval()
        with torch.no_grad():
            for batch in pictures:
                self(batch)
        model.train(was_training)
        self.measuring = False

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.rounded(x, "image")
        for i, module in enumerate(self.model.trunk):
            inner = self.block if isinstance(module, Block) else self.conv
            x = inner(module, x, f"trunk.{i}")
        return self.model.classify(x)

    def block(self, block: Block, x: torch.Tensor, name: str) -> torch.Tensor:
        y = x
        for i, layers in enumerate(block.layers):
            y = self.conv(layers, y, f"{name}.{i}")
        return self.rounded(block.add(x, y), f"{name}.add") if block.residual else y

    def conv(self, layers: Conv, x: torch.Tensor, name: str) -> torch.Tensor:
        conv, weight, bias = folded(layers)
        for layer in layers:
            if isinstance(layer, nn.ZeroPad2d):
                x = layer(x)
        x = F.conv2d(x, rounded_weight(weight), bias, conv.stride, conv.padding, groups=conv.groups)
        return self.rounded(F.relu6(x) if isinstance(layers[-1], nn.ReLU6) else x, name)

    def rounded(self, x: torch.Tensor, name: str) -> torch.Tensor:
        if self.measuring:
            low, high = self.ranges.get(name, (0.0, 0.0))
            self.ranges[name] = min(low, float(x.min())), max(high, float(x.max()))
            return x
        low, high = self.ranges[name]
        scale = max(high - low, 1e-12) / 255
        zero = round(-128 - low / scale)
        return torch.fake_quantize_per_tensor_affine(x, scale, zero, -128, 127)


def rounded_weight(weight: torch.Tensor) -> torch.Tensor:
    largest = weight.detach().abs().flatten(1).amax(1)
    zeros = torch.zeros(len(weight), dtype=torch.int32, device=weight.device)
    return torch.fake_quantize_per_channel_affine(
        weight, largest.clamp_min(1e-8) / 127, zeros, 0, -127, 127
    )
