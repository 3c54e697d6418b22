"""Training in the form that int8 computes. Skipped where torch or onnxruntime is not installed."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not among the light test requirements")
pytest.importorskip("onnxruntime", reason="onnxruntime is not among the light test requirements")

from dermatrain.geometry import normalise  # noqa: E402
from dermatrain.network import Lesion, folded  # noqa: E402
from dermatrain.onnx_graph import build, get_tensor  # noqa: E402
from dermatrain.quantise import quantise  # noqa: E402
from dermatrain.rounded import Rounded, rounded_weight  # noqa: E402

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 64, 64, 3), dtype=np.uint8)


def network() -> Lesion:
    torch.manual_seed(2)  # some untrained networks make much of the least difference
    model = Lesion(dropout=0.0, drop_path=0.0)
    with torch.no_grad():  # activations as large as after a training
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = 1.0
        model(torch.from_numpy(normalise(PIXELS)))
        model.head.weight.normal_(std=0.3)
    return model.eval()


def test_it_rounds_where_the_int8_file_does_and_as_finely():
    model = network()
    made = quantise(build(model, 64, 8), PIXELS, "minmax")
    rounded = Rounded(model, [torch.from_numpy(normalise(PIXELS))])
    steps = {
        t.name.removesuffix("_scale").removesuffix(".relu6").removesuffix(".conv"): t.name
        for t in made.graph.initializer
        if t.name.endswith("_scale") and "weight" not in t.name and "bias" not in t.name
    }
    assert set(rounded.ranges) <= set(steps)
    for name, (low, high) in rounded.ranges.items():
        assert (high - low) / 255 == pytest.approx(
            float(get_tensor(made, steps[name])), rel=0.25
        ), name


def test_weights_are_rounded_to_the_very_numbers_of_the_int8_file():
    model = network()
    made = quantise(build(model, 64, 8), PIXELS, "minmax")
    for name, layers in (("trunk.0", model.trunk[0]), ("trunk.3.1", model.trunk[3].layers[1])):
        weight = rounded_weight(folded(layers)[1]).detach().numpy()
        scale = get_tensor(made, f"{name}.weight_scale").reshape(-1, 1, 1, 1)
        whole = get_tensor(made, f"{name}.weight_quantized")
        assert (np.abs(weight / scale - whole) < 0.01).mean() > 0.999, name


def test_a_step_moves_the_weights_and_leaves_the_normalisation_s_statistics():
    model = network().train()
    x = torch.from_numpy(normalise(PIXELS))
    rounded = Rounded(model, [x])
    assert model.training
    before = {k: v.clone() for k, v in model.state_dict().items()}
    torch.nn.functional.cross_entropy(rounded(x), torch.arange(6)).backward()
    torch.optim.SGD(model.parameters(), lr=0.1).step()
    moved = {k for k, v in model.state_dict().items() if not torch.equal(v, before[k])}
    assert {"trunk.1.layers.0.0.weight", "trunk.16.layers.2.1.bias"} <= moved
    assert not any("running" in k for k in moved)


def test_a_range_holds_zero_and_all_that_was_seen():
    rounded = Rounded(network(), [torch.from_numpy(normalise(PIXELS))])
    assert all(low <= 0 <= high for low, high in rounded.ranges.values())
    low, high = rounded.ranges["trunk.0"]
    assert low == 0 and 0 < high <= 6
