"""A dense layer of a chain whose weight is in a basis that acts on each axis."""

import torch
from torch import Tensor

from sltk.train.basis.separable import Order, Separable
from sltk.train.chain.layer import Layer
from sltk.train.chain.products import Times, laid

Factor = tuple[Times, Tensor]  # a product by a factor that never changes


class TurnedLayer(Layer):
    """``out = x W^T + b`` with ``W = B_out (gate * c) B_in^T`` of one network; see ``Separable.dense``.

    Args:
        coefficients: see ``Layer``.
        bits: see there.
        bias: see there.
        rows: see there.
        basis: ``B``.
        order: of the products.
        compiled: see there.
    """

    def __init__(
        self,
        coefficients: Tensor,
        bits: Tensor | None,
        bias: Tensor | None,
        rows: int,
        basis: Separable,
        order: Order,
        *,
        compiled: bool = False,
    ) -> None:
        self._basis, self._order = basis, order
        self._inner = basis.inner(order.axes, coefficients.dtype)  # the common case has a product of its own
        self._outer = basis.outer(coefficients.dtype) if order.late else None
        super().__init__(coefficients, bits, bias, rows, compiled=compiled)
        self._before, self._slope_before = torch.empty_like(self.out), torch.empty_like(self.out)
        self._weight, self._by_formed = torch.empty_like(self._gated), torch.empty_like(self._gated)

    def _choose(self, inputs: Tensor) -> None:
        """The products; what comes before or after those of a plain layer, too."""
        super()._choose(inputs)
        if self._inner is not None:
            self._forming, self._unforming = self._both_ways(self._gated, self._inner)
        if self._outer is not None:
            self._early = self._times(inputs, self._turned_gated)
            (self._forwards, self._turned_outer), self._late = self._both_ways(
                self.out, self._outer, biased=self._bias is not None
            )

    def _both_ways(self, x: Tensor, factor: Tensor, *, biased: bool = False) -> tuple[Factor, Factor]:
        """``x B^T`` and ``x B``, and ``B^T`` and ``B`` as these read them."""
        turned = factor.mT
        return laid(self._times(x, turned, biased=biased), turned), laid(self._times(x, factor), factor)

    def forward(self, x: Tensor) -> Tensor:
        """``out``."""
        self._x = self._basis.on_inputs(x) if self._order.inputs else x
        self._weight = self._formed(self._open())
        if self._outer is None:
            return self._onward(self._x, self._weight.mT)
        return self._onward(self._early(self._x, self._weight.mT, out=self._before), self._turned_outer)

    def backward(self, into: Tensor) -> None:
        """Gradients, and the slopes by ``x``, from ``slope``."""
        self.write_gradients()
        self._by_inputs(self.slope if self._outer is None else self._slope_before, self._weight, out=into)
        if self._order.inputs:
            into.copy_(self._basis.on_inputs(into, adjoint=True))

    def write_gradients(self) -> None:
        """By coefficients and bias, from ``slope``."""
        slope = self.slope
        if self._outer is not None:
            late, outer = self._late
            slope = late(self.slope, outer, out=self._slope_before)
        self._by_weights(slope.mT, self._x, out=self._by_formed if self._order.axes else self._by_weight)
        if self._inner is not None:
            unforming, inner = self._unforming
            unforming(self._by_formed, inner, out=self._by_weight)
        elif self._order.axes:
            self._by_weight.copy_(self._basis.act(self._by_formed, self._order.axes, adjoint=True))
        self._close()

    def _formed(self, c: Tensor) -> Tensor:
        if self._inner is not None:
            forming, turned_inner = self._forming
            return forming(c, turned_inner, out=self._weight)
        return self._basis.act(c, self._order.axes) if self._order.axes else c
