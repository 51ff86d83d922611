"""A dense layer of a chain: its products, and the tensors they are written to, kept from step to step."""

import torch
from torch import Tensor


class Layer:
    """``out = x W^T + b`` with ``W = gate * c``, for one network or for a stack, and all that a step writes of it.

    Args:
        coefficients: ``(count, out, in)``; gets a tensor for its gradient.
        bits: of the gate, see ``sltk.train.tickets.gating``, or ``None`` where all is open.
        bias: ``(count, out)``, likewise, or ``None``.
        rows: of a batch.
    """

    def __init__(self, coefficients: Tensor, bits: Tensor | None, bias: Tensor | None, rows: int) -> None:
        self._stacked = len(coefficients) > 1
        self._times, self._plus_times = (torch.bmm, torch.baddbmm) if self._stacked else (torch.mm, torch.addmm)
        self._coefficients, self._by_weight = self._own(coefficients)
        self._bits = None if bits is None else bits.view_as(self._coefficients)
        self._gated = self._coefficients if bits is None else torch.empty_like(self._coefficients)
        self._bias, self._by_bias = (None, None) if bias is None else self._own(bias)
        if self._bias is not None and self._stacked:
            self._bias = self._bias[:, None]
        self.out = self._gated.new_empty(*self._gated.shape[:-2], rows, self._gated.shape[-2])
        self.slope = torch.empty_like(self.out)
        self._turned_gated, self._turned_slope = (
            self._gated.mT,
            self.slope.mT,
        )  # a view costs a small product
        self._by_turned = self._by_weight.new_empty(self._by_weight.mT.shape) if self._stacked else None

    def forward(self, x: Tensor) -> Tensor:
        """``out``."""
        self._x = x
        self._open()
        return self._products(x, self._turned_gated, self.out)

    def backward(self, into: Tensor) -> None:
        """Gradients, and the slopes by ``x``, from ``slope``."""
        self.write_gradients()
        self._times(self.slope, self._gated, out=into)

    def write_gradients(self) -> None:
        """By coefficients and bias, from ``slope``."""
        if self._by_turned is not None:  # the order of autograd, whose sums are others than those of the turned product
            self._by_weight.copy_(torch.bmm(self._x.mT, self.slope, out=self._by_turned).mT)
        else:
            torch.mm(self._turned_slope, self._x, out=self._by_weight)
        self._close()

    def _open(self) -> Tensor:
        """``gate * c``."""
        if self._bits is not None:
            _and(self._coefficients, self._bits, self._gated)
        return self._gated

    def _products(self, x: Tensor, turned_weight: Tensor, out: Tensor) -> Tensor:
        if self._bias is None:
            return self._times(x, turned_weight, out=out)
        return self._plus_times(self._bias, x, turned_weight, out=out)

    def _close(self) -> None:
        """What is left once the gradient of the weight is there: its gate, and the bias."""
        if self._bits is not None:
            _and(self._by_weight, self._bits, self._by_weight)
        if self._by_bias is not None:
            torch.sum(self.slope, -2, out=self._by_bias)

    def _own(self, parameter: Tensor) -> tuple[Tensor, Tensor]:
        """``parameter`` and a tensor for its gradient; those of one network without the axis of replicas."""
        parameter.grad = torch.empty_like(parameter)
        own, grad = parameter.detach(), parameter.grad
        return (own, grad) if self._stacked else (own.squeeze(0), grad.squeeze(0))


def _and(x: Tensor, bits: Tensor, out: Tensor) -> None:
    torch.bitwise_and(x.view(bits.dtype), bits, out=out.view(bits.dtype))
