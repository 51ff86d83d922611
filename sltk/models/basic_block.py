"""The basic block of residual networks, with the shortcut that it is given."""

import torch.nn.functional as F
from torch import Tensor, nn


class BasicBlock(nn.Module):
    """``phi(bn(conv(phi(bn(conv(x))))) + shortcut(x))``.

    Args:
        inputs: channels in.
        outputs: channels out.
        stride: of the first convolution.
        phi: the activation.
        shortcut: from ``inputs`` channels to ``outputs``, with the stride of the block.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, phi: type[nn.Module], shortcut: nn.Module) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.inner, self.outer = phi(), phi()
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, inputs, h, w)`` to ``(batch, outputs, h / stride, w / stride)``."""
        y = self.bn2(self.conv2(self.inner(self.bn1(self.conv1(x)))))
        return self.outer(y + self.shortcut(x))


class Padded(nn.Module):
    """Every second pixel, with channels of zeros on both sides: a shortcut without weights.

    Args:
        stride: 1 or 2.
        more: channels of zeros in all.
    """

    def __init__(self, stride: int, more: int) -> None:
        super().__init__()
        self.stride, self.more = stride, more

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, n, h, w)`` to ``(batch, n + more, h / stride, w / stride)``."""
        short = x if self.stride == 1 else x[..., :: self.stride, :: self.stride]
        return F.pad(short, (0, 0, 0, 0, self.more // 2, self.more - self.more // 2)) if self.more else short


def projection(inputs: int, outputs: int, stride: int) -> nn.Module:
    """A convolution 1 x 1 with a batch norm where the shape changes, else nothing."""
    if stride == 1 and inputs == outputs:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
