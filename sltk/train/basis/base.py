"""What a basis of parameter space is."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sltk.core.errors import SltkError


class Basis(nn.Module, ABC):
    """A linear bijection ``B`` from coefficients to weights: ``W = B c``, ``c = B^{-1} W``.

    A basis is a module, so that one with matrices of its own registers them as buffers, which then follow ``.to()``,
    ``deepcopy`` and ``state_dict`` of the ticket that holds it. Both directions keep dtype and device, are
    differentiable, and leave their argument as it is.

    Attributes:
        orthonormal: ``B^T B = 1``, so that ``||B c|| = ||c||`` and magnitudes of coefficients can be compared.
        groups: trailing axes of the coefficients, as negative numbers, that are kept or dropped together; none by
            default, so that each coefficient stands alone.
        stacked: names of the buffers that have a replica axis.

    Axes before those of the weight are replicas: both directions map ``(..., *shape)`` to ``(..., *shape)``.
    """

    orthonormal: ClassVar[bool]
    groups: tuple[int, ...] = ()
    stacked: tuple[str, ...] = ()

    @abstractmethod
    def analyse(self, weight: Tensor) -> Tensor:
        """``c = B^{-1} W``: coefficients of ``weight``."""

    @abstractmethod
    def synthesise(self, coefficients: Tensor) -> Tensor:
        """``W = B c``: the weight with these ``coefficients``."""

    @abstractmethod
    def storage_bytes(self, shape: tuple[int, ...]) -> int:
        """Bytes that ``B`` itself takes in storage for a weight of ``shape``, beside the coefficients."""

    def coefficient_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of the coefficients of a weight of ``shape``: the same, but for bases that say otherwise."""
        return shape

    def column_norms(self, coefficients: Tensor) -> Tensor:
        """``||b_i||`` for every coefficient: what an importance ``abs(c_i)`` is multiplied by; ones if orthonormal.

        Args:
            coefficients: ``(..., *shape)``; only bases that are not orthonormal look at them.
        """
        return torch.ones_like(coefficients)

    def dense(self, x: Tensor, coefficients: Tensor, bias: Tensor | None = None, *, turned: bool = False) -> Tensor:
        """``x W^T + bias`` with ``W = B c``, in the order of products that a basis finds cheapest.

        Args:
            x: ``(rows, in)``, or ``(replicas, rows, in)``.
            coefficients: of a weight ``(out, in)``, with the same replica axis or none.
            bias: ``(out,)``, with the same replica axis or none.
            turned: ``x`` is what ``turn`` gave.

        Returns:
            ``(rows, out)`` or ``(replicas, rows, out)``: what ``synthesise`` and a product give, to rounding.
        """
        if turned:
            raise SltkError(f"{type(self).__name__} turns no inputs; pass them as they are.")
        return product(x, self.synthesise(coefficients), bias)

    def turn(self, x: Tensor) -> Tensor | None:
        """Inputs ``(..., in)`` of a dense layer in this basis, once for a whole data set; ``None`` if it has no way.

        Only where ``B`` is the same for all replicas.
        """
        return None


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``x W^T + bias``, for one network or for a stack.

    Args:
        x: ``(rows, in)``, or ``(replicas, rows, in)``.
        weight: ``(out, in)``, or ``(replicas, out, in)``.
        bias: ``(out,)``, or ``(replicas, out)``, or none.
    """
    if weight.ndim == 2:
        y = F.linear(x, weight, bias if bias is None or bias.ndim == 1 else None)
        return y if bias is None or bias.ndim == 1 else y + bias[:, None]
    return torch.bmm(x, weight.mT) if bias is None else torch.baddbmm(bias[:, None], x, weight.mT)


MakeBasis = Callable[[str, Tensor], Basis]  # (qualified name, weight) -> its basis


@dataclass(frozen=True)
class BasisPlace:
    """What a basis is made for.

    Attributes:
        layer: qualified name of the weight.
        weight: as it is at the start.
        draw: number of the draw, of a random basis.
        image: ``(channels, height, width)`` of the input, where the layer is dense and takes just that.
    """

    layer: str
    weight: Tensor
    draw: int = 0
    image: tuple[int, ...] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the weight."""
        return tuple(self.weight.shape)


@dataclass(frozen=True)
class NamedBasis:
    """A basis as the command line and the methods know it; a file lists its own as ``NAMED``.

    Attributes:
        name: unlike all others.
        make: the basis of one weight.
        random: ``NAME:3`` is draw 3.
        blind: every coefficient starts at 0, so that a magnitude says nothing: the mask is random.
    """

    name: str
    make: Callable[[BasisPlace], Basis]
    random: bool = False
    blind: bool = False
