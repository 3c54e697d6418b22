"""Depthwise convolutions whose gradients are quick on a CPU.

On small pictures oneDNN takes for a 5x5 weight gradient 20 to 100 times as long as for a 3x3 one,
and in bfloat16 ten times or more as long for a strided input gradient as in float32. So the one is
put together of four 3x3 ones, and the other computed in float32.
"""

import torch
from torch import nn
from torch.nn import functional as F


def _backward(grad, x, weight, stride, padding, wanted):
    """PyTorch's own gradients: (of `x`, of `weight`)."""
    found = torch.ops.aten.convolution_backward(
        grad, x, weight, [0], [stride] * 2, [padding] * 2, [1, 1], False, [0, 0], len(weight),
        wanted + [False],
    )  # fmt: skip
    return found[0], found[1]


def input_gradient(grad, x, weight, stride: int, padding: int):
    if stride == 1:
        return _backward(grad, x, weight, stride, padding, [True, False])[0]
    exact = (t.float() for t in (grad, x, weight))
    return _backward(*exact, stride, padding, [True, False])[0].to(x.dtype)


def weight_gradient(grad, x, weight, stride: int, padding: int):
    """A kernel's rows 0 to 2 and 2 to 4 are two kernels of three rows, on the picture and on the
    picture two rows on; columns likewise."""
    if weight.shape[-1] != 5:
        return _backward(grad, x, weight, stride, padding, [False, True])[1]
    padded = F.pad(x, (padding,) * 4)
    reach = [stride * (n - 1) + 3 for n in grad.shape[2:]]
    found = weight.new_empty(weight.shape)
    for row in (0, 2):
        for column in (0, 2):
            part = padded[:, :, row : row + reach[0], column : column + reach[1]]
            part = part.contiguous(memory_format=torch.channels_last)
            small = weight[:, :, row : row + 3, column : column + 3].contiguous()
            corner = _backward(grad, part, small, stride, 0, [False, True])[1]
            found[:, :, row : row + 3, column : column + 3] = corner
    return found


class _Depthwise(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, stride, padding):
        ctx.save_for_backward(x, weight)
        ctx.geometry = stride, padding
        return F.conv2d(x, weight, None, stride, padding, groups=len(weight))

    @staticmethod
    def backward(ctx, grad):
        x, weight = ctx.saved_tensors
        grad = grad.contiguous(memory_format=torch.channels_last)
        wanted = ctx.needs_input_grad
        of_input = input_gradient(grad, x, weight, *ctx.geometry) if wanted[0] else None
        of_weight = weight_gradient(grad, x, weight, *ctx.geometry) if wanted[1] else None
        return of_input, of_weight, None, None


class Depthwise(nn.Conv2d):
    """An nn.Conv2d with as many groups as channels, and square. One with a bias is plain."""

    def forward(self, x):
        if x.is_cuda or self.bias is not None or not torch.is_grad_enabled():
            return super().forward(x)
        weight = self.weight
        if torch.is_autocast_enabled("cpu"):
            x, weight = (t.to(torch.get_autocast_dtype("cpu")) for t in (x, weight))
        return _Depthwise.apply(x, weight, self.stride[0], self.padding[0])
