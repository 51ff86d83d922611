"""Layers on lines ``(batch, channels, length)``: those on images of height 1."""

import torch.nn.functional as F
from torch import Tensor, nn

from sltk.train.tickets.layers import TicketLayer
from sltk.train.tickets.ticket import Ticket


class AsImage(nn.Module):
    """A layer on images, applied to lines."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, in, l)`` to ``(batch, out, l')``."""
        return self.layer(x[:, :, None])[:, :, 0]


class TicketConv1d(TicketLayer):
    """1-D cross-correlation with zero padding, with effective weight and bias.

    Args:
        weight: ticket of a weight ``(out, in, k)``.
        bias: ticket of a bias ``(out,)``.
        stride: places; ``padding`` and ``dilation`` likewise.
    """

    def __init__(self, weight: Ticket, bias: Ticket, stride: int, padding: int, dilation: int) -> None:
        super().__init__(weight, bias, "out, in, k")
        self.stride, self.padding, self.dilation = stride, padding, dilation

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, in, l)`` to ``(batch, out, l')`` in the dtype of the coefficients."""
        return F.conv1d(x, self.weight, self.bias, self.stride, self.padding, self.dilation)
