"""The basis in which a coefficient is a weight."""

from torch import Tensor

from sltk.train.basis.base import Basis, NamedBasis


class Canonical(Basis):
    """``B = 1``: ``W = c``, without rounding and without a copy."""

    orthonormal = True

    def analyse(self, weight: Tensor) -> Tensor:
        """``c = W``, the same tensor."""
        return weight

    def synthesise(self, coefficients: Tensor) -> Tensor:
        """``W = c``, the same tensor."""
        return coefficients

    def storage_bytes(self, shape: tuple[int, ...]) -> int:
        """Nothing has to be stored: 0 bytes."""
        return 0


NAMED = (NamedBasis("canonical", lambda place: Canonical()),)
