"""Random subset sum: laws, exact solvers, coverage."""

from sltk.subset_sum.coverage import covering_radius, covers
from sltk.subset_sum.solve import Solution, solve

__all__ = ["Solution", "covering_radius", "covers", "solve"]
