"""Quick gradients against PyTorch's own. Skipped where torch is not installed."""

import pytest

torch = pytest.importorskip("torch", reason="torch is not among the light test requirements")

from torch import nn  # noqa: E402

from dermatrain.depthwise import Depthwise  # noqa: E402
from dermatrain.network import Lesion, fused  # noqa: E402

SHAPES = [(3, 1, 1, 8), (3, 2, 0, 13), (5, 1, 2, 9), (5, 2, 0, 13), (5, 2, 0, 14)]


def gradients(convolution: nn.Conv2d, pictures) -> tuple:
    pictures = pictures.clone().requires_grad_()
    out = convolution(pictures)
    torch.manual_seed(1)
    out.backward(torch.randn_like(out))
    return out.detach(), pictures.grad, convolution.weight.grad


@pytest.mark.parametrize("kernel, stride, padding, side", SHAPES)
def test_a_depthwise_convolution_has_the_gradients_of_any_other(kernel, stride, padding, side):
    torch.manual_seed(0)
    options = dict(stride=stride, padding=padding, groups=16, bias=False)
    quick, plain = (kind(16, 16, kernel, **options) for kind in (Depthwise, nn.Conv2d))
    plain.load_state_dict(quick.state_dict())
    pictures = torch.randn(3, 16, side, side).contiguous(memory_format=torch.channels_last)
    for found, expected in zip(gradients(quick, pictures), gradients(plain, pictures)):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_in_bfloat16_the_gradients_are_nearly_those_of_float32():
    torch.manual_seed(0)
    convolution = Depthwise(16, 16, 5, stride=2, padding=2, groups=16, bias=False)
    pictures = torch.randn(3, 16, 12, 12).contiguous(memory_format=torch.channels_last)
    exact = [t.clone() for t in gradients(convolution, pictures)]
    convolution.zero_grad()
    with torch.autocast("cpu", torch.bfloat16):
        rough = gradients(convolution, pictures)
    for found, expected in zip(rough, exact):
        # two roundings to eight bits, against the largest value that is summed to
        assert (found.float() - expected).abs().max() < 0.02 * expected.abs().max()


def test_a_fused_network_answers_as_the_one_that_it_was_made_of():
    torch.manual_seed(0)
    model = Lesion()
    pictures = torch.randn(4, 3, 64, 64)
    with torch.no_grad():
        model.train()(pictures)  # so that the normalisations have something to do
        torch.testing.assert_close(fused(model)(pictures), model.eval()(pictures))
    # where gradients are recorded too
    torch.testing.assert_close(fused(model)(pictures), model.eval()(pictures).detach())
