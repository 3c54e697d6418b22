"""The int8 graph's arithmetic must fit int32. Skipped where onnxruntime is not installed."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not among the light test requirements")
pytest.importorskip("onnxruntime", reason="onnxruntime is not among the light test requirements")

import torch  # noqa: E402

from dermatrain import runtime  # noqa: E402
from dermatrain.bias import channel_means, correct_biases  # noqa: E402
from dermatrain.geometry import normalise  # noqa: E402
from dermatrain.network import Lesion  # noqa: E402
from dermatrain.onnx_graph import build, get_tensor  # noqa: E402
from dermatrain.quantise import quantise  # noqa: E402


def biases(model):
    names = [t.name for t in model.graph.initializer if t.name.endswith("bias_quantized")]
    return [np.abs(get_tensor(model, n).astype(np.float64)).max() for n in names]


def test_a_dead_channel_does_not_bring_its_bias_near_overflow():
    torch.manual_seed(0)
    model = Lesion().eval()
    with torch.no_grad():
        stem = model.trunk[0]
        stem[1].weight[3] *= 1e-9
        stem[2].bias[3] = 2.0
    pixels = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), dtype=np.uint8)
    plain = build(model, 64, 8)
    made = quantise(plain, pixels, "minmax")
    assert max(biases(made)) <= 2**28
    inputs = list(normalise(pixels))
    wanted, got = (runtime.run(m, inputs)["logits"] for m in (plain, made))
    assert np.abs(wanted - got).max() < 0.1 * np.abs(wanted).max() + 0.01


def test_corrected_biases_bring_each_channels_mean_back_to_the_float_networks():
    torch.manual_seed(0)
    pixels = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), dtype=np.uint8)
    inputs, network = list(normalise(pixels)), build(Lesion().eval(), 64, 8)
    made = quantise(network, pixels, "minmax")
    layers = ["trunk.5.2.conv", "trunk.12.2.conv"]  # linear ones, which keep their names
    wanted = channel_means(network, layers, inputs)

    def away() -> list[float]:
        found = channel_means(made, layers, inputs)
        return [np.abs(f - w).mean() for f, w in zip(found, wanted)]

    before = away()
    correct_biases(made, network, inputs)
    assert all(now < 0.1 * then for now, then in zip(away(), before))
