"""A dense layer of a chain whose weight is in a basis that acts on each axis."""

import torch
from torch import Tensor

from sltk.train.basis.separable import Order, Separable
from sltk.train.chain.layer import Layer


class TurnedLayer(Layer):
    """``out = x W^T + b`` with ``W = B_out (gate * c) B_in^T`` of one network; see ``Separable.dense``.

    Args:
        coefficients: see ``Layer``.
        bits: see there.
        bias: see there.
        rows: see there.
        basis: ``B``.
        order: of the products.
    """

    def __init__(
        self,
        coefficients: Tensor,
        bits: Tensor | None,
        bias: Tensor | None,
        rows: int,
        basis: Separable,
        order: Order,
    ) -> None:
        super().__init__(coefficients, bits, bias, rows)
        self._basis, self._order = basis, order
        self._inner = basis.inner(order.axes, coefficients.dtype)  # the common case has a product of its own
        self._outer = basis.outer(coefficients.dtype) if order.late else None
        self._before, self._slope_before = torch.empty_like(self.out), torch.empty_like(self.out)
        self._weight, self._by_formed = torch.empty_like(self._gated), torch.empty_like(self._gated)

    def forward(self, x: Tensor) -> Tensor:
        """``out``."""
        self._x = self._basis.on_inputs(x) if self._order.inputs else x
        self._weight = self._formed(self._open())
        if self._outer is None:
            return self._products(self._x, self._weight.mT, self.out)
        return self._products(torch.mm(self._x, self._weight.mT, out=self._before), self._outer.mT, self.out)

    def backward(self, into: Tensor) -> None:
        """Gradients, and the slopes by ``x``, from ``slope``."""
        self.write_gradients()
        torch.mm(self.slope if self._outer is None else self._slope_before, self._weight, out=into)
        if self._order.inputs:
            into.copy_(self._basis.on_inputs(into, adjoint=True))

    def write_gradients(self) -> None:
        """By coefficients and bias, from ``slope``."""
        slope = self.slope
        if self._outer is not None:
            slope = torch.mm(self.slope, self._outer, out=self._slope_before)
        torch.mm(slope.mT, self._x, out=self._by_formed if self._order.axes else self._by_weight)
        if self._inner is not None:
            torch.mm(self._by_formed, self._inner, out=self._by_weight)
        elif self._order.axes:
            self._by_weight.copy_(self._basis.act(self._by_formed, self._order.axes, adjoint=True))
        self._close()

    def _formed(self, c: Tensor) -> Tensor:
        if self._inner is not None:
            return torch.mm(c, self._inner.mT, out=self._weight)
        return self._basis.act(c, self._order.axes) if self._order.axes else c
