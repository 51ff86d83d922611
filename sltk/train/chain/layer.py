"""A dense layer of a chain: its products, and the tensors they are written to, kept from step to step."""

import torch
from torch import Tensor

from sltk.train.chain.products import Times, times


class Layer:
    """``out = x W^T + b`` with ``W = gate * c``, for one network or for a stack, and all that a step writes of it.

    Args:
        coefficients: ``(count, out, in)``; gets a tensor for its gradient.
        bits: of the gate, see ``sltk.train.tickets.gating``, or ``None`` where all is open.
        bias: ``(count, out)``, likewise, or ``None``.
        rows: of a batch.
        compiled: whether products may be compiled ones, where these give torch's bits sooner.
    """

    def __init__(
        self, coefficients: Tensor, bits: Tensor | None, bias: Tensor | None, rows: int, *, compiled: bool = False
    ) -> None:
        self._stacked, self._compiled = len(coefficients) > 1, compiled
        self._coefficients, self._by_weight = self._own(coefficients)
        self._bits = None if bits is None else bits.view_as(self._coefficients)
        self._gated = self._coefficients if bits is None else torch.empty_like(self._coefficients)
        self._bias, self._by_bias = (None, None) if bias is None else self._own(bias)
        if self._bias is not None and self._stacked:
            self._bias = self._bias[:, None]
        self.out = self._gated.new_empty(*self._gated.shape[:-2], rows, self._gated.shape[-2])
        self.slope = torch.empty_like(self.out)
        self._turned_gated, self._turned_slope = self._gated.mT, self.slope.mT  # a view costs a small product
        inputs = self._gated.new_empty(*self._gated.shape[:-2], rows, self._gated.shape[-1])
        self._choose(inputs)

    def _choose(self, inputs: Tensor) -> None:
        """The products, for inputs of this shape."""
        self._forwards = self._times(inputs, self._turned_gated, biased=self._bias is not None)
        self._by_inputs = self._times(self.slope, self._gated)
        self._by_weights = self._times(self._turned_slope, inputs)
        if self._by_weights is turned_bmm:
            kept = self._by_weight.new_empty(self._by_weight.mT.shape)
            self._by_weights = lambda left, right, out: turned_bmm(left, right, out=out, kept=kept)

    def _times(self, left: Tensor, right: Tensor, *, biased: bool = False) -> Times:
        """What multiplies factors that lie as these do: the product that autograd takes, or one of its bits."""
        if self._stacked:
            of_torch = torch.baddbmm if biased else torch.bmm if left.is_contiguous() else turned_bmm
        else:
            of_torch = torch.addmm if biased else torch.mm
        return times(of_torch, left, right, biased=biased) if self._compiled else of_torch

    def forward(self, x: Tensor) -> Tensor:
        """``out``."""
        self._x = x
        self._open()
        return self._onward(x, self._turned_gated)

    def backward(self, into: Tensor) -> None:
        """Gradients, and the slopes by ``x``, from ``slope``."""
        self.write_gradients()
        self._by_inputs(self.slope, self._gated, out=into)

    def write_gradients(self) -> None:
        """By coefficients and bias, from ``slope``."""
        self._by_weights(self._turned_slope, self._x, out=self._by_weight)
        self._close()

    def _open(self) -> Tensor:
        """``gate * c``."""
        if self._bits is not None:
            _and(self._coefficients, self._bits, self._gated)
        return self._gated

    def _onward(self, x: Tensor, turned_weight: Tensor) -> Tensor:
        if self._bias is None:
            return self._forwards(x, turned_weight, out=self.out)
        return self._forwards(self._bias, x, turned_weight, out=self.out)

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


def turned_bmm(left: Tensor, right: Tensor, *, out: Tensor, kept: Tensor | None = None) -> Tensor:
    """``left right`` in the order of autograd, which takes ``right^T left^T``, whose sums may be others, and turns it.

    Args:
        left: ``(count, m, k)``.
        right: ``(count, k, n)``.
        out: ``(count, m, n)``.
        kept: ``(count, n, m)``, for what is turned, or ``None``.
    """
    return out.copy_(torch.bmm(right.mT, left.mT, out=kept).mT)


def _and(x: Tensor, bits: Tensor, out: Tensor) -> None:
    torch.bitwise_and(x.view(bits.dtype), bits, out=out.view(bits.dtype))
