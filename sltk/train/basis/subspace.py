"""Random subspace: the start stays dense, and only a random combination of directions is learned."""

from collections.abc import Mapping

from torch import Tensor

from sltk.core.rng import Name
from sltk.train.basis.base import Basis, NamedBasis
from sltk.train.basis.haar import haar
from sltk.train.basis.separable import Separable


class Subspace(Separable):
    """``W = W_0 + B c``, ``c = 0`` at the start, ``B`` Haar-random: under a random mask, an intrinsic dimension.

    Affine, not linear, unless ``W_0 = 0``. ``W_0`` comes from a seed, so it takes no storage.

    Args:
        factors: of ``B``; see ``Separable``.
        start: ``W_0``, ``(..., *shape)``.
    """

    def __init__(self, factors: Mapping[int, Tensor], start: Tensor) -> None:
        super().__init__(factors)
        self.start: Tensor
        self.register_buffer("start", start.detach().clone())

    def analyse(self, weight: Tensor) -> Tensor:
        """``c = B^T (W - W_0)``."""
        return super().analyse(weight - self.start)

    def synthesise(self, coefficients: Tensor) -> Tensor:
        """``W = W_0 + B c``."""
        return self.start + super().synthesise(coefficients)

    def dense(self, x: Tensor, coefficients: Tensor, bias: Tensor | None = None, *, turned: bool = False) -> Tensor:
        """By the weight itself: what is turned is a part of it alone."""
        return Basis.dense(self, x, coefficients, bias, turned=turned)

    def turn(self, x: Tensor) -> None:
        """No way: ``W_0`` reads the inputs as they are."""
        return None


def subspace(start: Tensor, shape: tuple[int, ...], seed: int, *names: Name) -> Subspace:
    """A random subspace through ``start``: all coefficients of the start itself are 0."""
    made = haar(shape, seed, *names)
    return Subspace({axis: getattr(made, f"factor{-axis}") for axis in made.axes}, start)


NAMED = (
    NamedBasis("subspace", lambda place: subspace(place.weight, place.shape, place.draw, place.layer), blind=True),
)
