"""What a stack of replicas computes with in one call."""

from dataclasses import dataclass, field

from torch import Tensor

from sltk.train.basis.base import Basis
from sltk.train.basis.canonical import Canonical

CANONICAL = Canonical()


@dataclass(frozen=True)
class Weight:
    """Stacked weights ``W = B c``, not yet formed.

    Args:
        coefficients: ``(count, ...)``, gated.
        basis: ``B``.
    """

    coefficients: Tensor
    basis: Basis = CANONICAL

    def formed(self) -> Tensor:
        """``W``, ``(count, *shape)``."""
        return self.basis.synthesise(self.coefficients)


@dataclass
class Parts:
    """Everything with a replica axis that one call reads, by qualified name; layers of a stack share one of these.

    Attributes:
        count: replicas.
        weights: of tickets.
        rest: other parameters.
        statistics: buffers; those of norms are written to.
        turned: the weight whose inputs are turned into its basis already; none by default.
    """

    count: int
    weights: dict[str, Weight] = field(default_factory=dict)
    rest: dict[str, Tensor] = field(default_factory=dict)
    statistics: dict[str, Tensor] = field(default_factory=dict)
    turned: str = ""
