"""Densities from round to round."""

from sltk.core.errors import SltkError
from sltk.train.pruning.choose import require_density


def geometric(removed: float, rounds: int) -> tuple[float, ...]:
    """``(1 - removed)^r`` for ``r = 1 .. rounds``: each round removes this share of what is left.

    Raises:
        SltkError: a share outside ``(0, 1)``, or fewer than one round.
    """
    if not 0.0 < removed < 1.0:
        raise SltkError(f"removed is the share that goes each round, in (0, 1), but got {removed}; pass 0.2.")
    _require_rounds(rounds)
    return tuple((1.0 - removed) ** r for r in range(1, rounds + 1))


def to_density(density: float, rounds: int) -> tuple[float, ...]:
    """``density^(r / rounds)`` for ``r = 1 .. rounds``: equal shares each round, ending at ``density`` exactly."""
    require_density(density)
    _require_rounds(rounds)
    return (*(density ** (r / rounds) for r in range(1, rounds)), density)


def _require_rounds(rounds: int) -> None:
    if rounds < 1:
        raise SltkError(f"rounds must be at least 1, but got {rounds}.")
