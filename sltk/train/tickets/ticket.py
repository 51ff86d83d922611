"""One weight: ``W = B (gate * c)``."""

import torch
from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.train.basis.base import Basis
from sltk.train.basis.canonical import Canonical


class Ticket(nn.Module):
    """A tensor of weights as basis, coefficients, mask and gate: ``W = B (gate * c)``.

    The mask is the structure that was chosen; the gate is what the forward pass applies now. They are equal at first
    and part where a method says so: under a soft penalty the gate stays open off the mask until the cut.

    Args:
        coefficients: floating point, any shape; copied, so that no stored tensor is trained by accident.
        mask: bool, the same shape and device; copied.
        basis: ``B``; canonical where none is given.
        trainable: whether the coefficients are a parameter; else they are a buffer.

    Attributes:
        coefficients: ``c``.
        mask: bool buffer.
        gate: bool buffer.
        basis: ``B``.

    Raises:
        SltkError: coefficients that are not floating point, a mask that is not bool, or of another shape or device.
    """

    coefficients: Tensor
    mask: Tensor
    gate: Tensor
    basis: Basis

    def __init__(
        self, coefficients: Tensor, mask: Tensor, basis: Basis | None = None, *, trainable: bool = False
    ) -> None:
        super().__init__()
        _check(coefficients, mask)
        own = coefficients.detach().clone()
        if trainable:
            self.coefficients = nn.Parameter(own)
        else:
            self.register_buffer("coefficients", own)
        self.register_buffer("mask", mask.detach().clone())
        self.register_buffer("gate", mask.detach().clone())
        self.basis = Canonical() if basis is None else basis

    def gated(self) -> Tensor:
        """``gate * c``: exactly +0 where the gate is closed, also over an infinite or undefined coefficient."""
        return torch.where(self.gate, self.coefficients, 0.0)

    def forward(self) -> Tensor:
        """``W = B (gate * c)``, in the dtype of the coefficients; a closed coefficient gets no gradient."""
        return self.basis.synthesise(self.gated())

    @property
    def trainable(self) -> bool:
        """Whether the coefficients are a parameter."""
        return isinstance(self.coefficients, nn.Parameter)

    @property
    def kept(self) -> int:
        """Number of coefficients in the mask."""
        return int(torch.count_nonzero(self.mask))

    @property
    def density(self) -> float:
        """Kept fraction of the coefficients; 0 for an empty tensor."""
        return self.kept / max(1, self.mask.numel())

    def extra_repr(self) -> str:
        """Shape, density, and whether it trains."""
        return f"shape={tuple(self.mask.shape)}, density={self.density:.6g}, trainable={self.trainable}"


def _check(coefficients: Tensor, mask: Tensor) -> None:
    if not coefficients.is_floating_point():
        raise SltkError(f"coefficients must be floating point, but are {coefficients.dtype}; call .float() on them.")
    if mask.dtype != torch.bool:
        raise SltkError(f"mask must be bool, but is {mask.dtype}; pass mask.bool() if non-zero means kept.")
    if mask.shape != coefficients.shape:
        raise SltkError(
            f"mask must have the shape of the coefficients, {tuple(coefficients.shape)}, but has {tuple(mask.shape)}; "
            "expand it first."
        )
    if mask.device != coefficients.device:
        raise SltkError(
            f"mask must be on the device of the coefficients, {coefficients.device}, but is on {mask.device}; "
            "move it with .to()."
        )
