"""The points that are measured: three families of small networks, each swept over n, eps, depth and width."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sltk.claims._existence import Small, cell_of

FAMILIES = (Small("dense"), Small("conv", width=1), Small("residual"))
N, EPS = 16, 0.1
SWEEPS = {
    "n": (12, 14, 16, 18, 20, 22),
    "eps": (0.05, 0.07, 0.1, 0.14, 0.2),
    "depth": (2, 3, 4, 5),
    "width": (1, 2, 3),
}


def named_points() -> dict[str, Mapping[str, Any]]:
    """All points by name ``family sweep value``; the sweeps cross at one point a family."""
    found = {}
    for small in FAMILIES:
        for sweep, values in SWEEPS.items():
            for value in values:
                if sweep in ("depth", "width"):
                    cell = cell_of(replace(small, **{sweep: value}), N, EPS)
                else:
                    cell = cell_of(small, N, EPS) | {sweep: value}
                found[f"{small.family} {sweep} {value:g}"] = cell
    return found


def small_of(cell: Mapping[str, Any]) -> Small:
    """The network of a point."""
    return Small(**{name: cell[name] for name in ("family", "depth", "width", "biases", "activation")})
