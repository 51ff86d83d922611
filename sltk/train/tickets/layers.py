"""Linear and convolutional layers whose weights are tickets."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.networks.geometry import pair
from sltk.train.tickets.ticket import Ticket


class TicketLayer(nn.Module):
    """A layer with a ticket for its weight, and one or none for its bias; see the two subclasses.

    Attributes:
        weight_ticket: of the weight.
        bias_ticket: of the bias, or ``None``.
    """

    weight_ticket: Ticket
    bias_ticket: Ticket | None

    def __init__(self, weight: Ticket, bias: Ticket | None, axes: str) -> None:
        super().__init__()
        shape = tuple(weight().shape)
        if len(shape) != len(axes.split(", ")):
            raise SltkError(f"weight must be a ticket of shape ({axes}), but its effective tensor has {shape}.")
        if bias is not None and tuple(bias().shape) != shape[:1]:
            raise SltkError(
                f"bias must be a ticket of shape {shape[:1]} beside a weight of {shape}, but its effective tensor has "
                f"{tuple(bias().shape)}."
            )
        self.weight_ticket, self.bias_ticket = weight, bias
        self._shape = shape

    @property
    def weight(self) -> Tensor:
        """The effective weight; computed on each call."""
        return self.weight_ticket()

    @property
    def bias(self) -> Tensor | None:
        """The effective bias, or ``None``; computed on each call."""
        return None if self.bias_ticket is None else self.bias_ticket()


class TicketLinear(TicketLayer):
    """``y = W x + b`` with effective ``W`` and ``b``.

    Args:
        weight: ticket of a weight ``(out, in)``.
        bias: ticket of a bias ``(out,)``, or ``None``.

    Raises:
        SltkError: a ticket of another shape.
    """

    def __init__(self, weight: Ticket, bias: Ticket | None = None) -> None:
        super().__init__(weight, bias, "out, in")
        self.out_features, self.in_features = self._shape

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(..., in)`` to ``(..., out)`` in the dtype of the coefficients, which ``x`` must have."""
        return F.linear(x, self.weight, self.bias)


class TicketConv2d(TicketLayer):
    """2-D cross-correlation with zero padding, with effective weight and bias.

    Args:
        weight: ticket of a weight ``(out, in, kh, kw)``.
        bias: ticket of a bias ``(out,)``, or ``None``.
        stride: pixels, an integer or a pair; ``padding`` and ``dilation`` likewise.

    Raises:
        SltkError: a ticket of another shape, or options that are not integers in range.
    """

    def __init__(
        self,
        weight: Ticket,
        bias: Ticket | None = None,
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
    ) -> None:
        super().__init__(weight, bias, "out, in, kh, kw")
        self.out_channels, self.in_channels, *taps = self._shape
        self.kernel_size = tuple(taps)
        self.stride, self.padding = pair("stride", stride, 1), pair("padding", padding, 0)
        self.dilation = pair("dilation", dilation, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, in, h, w)`` to ``(batch, out, h', w')`` in the dtype of the coefficients."""
        return F.conv2d(x, self.weight, self.bias, self.stride, self.padding, self.dilation)

    def extra_repr(self) -> str:
        """Options of the convolution."""
        return f"stride={self.stride}, padding={self.padding}, dilation={self.dilation}"
