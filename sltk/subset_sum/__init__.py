"""Random subset sum: laws, exact solvers, coverage, sizes of pools with every constant given."""

from sltk.subset_sum.laws import LogUniform, Masked, Normal, Product, Uniform, parse_law
from sltk.subset_sum.movable import MovedSolution, solve_movable
from sltk.subset_sum.solve import Solution, solve
from sltk.subset_sum.widths.coverage import covering_radius, covers
from sltk.subset_sum.widths.required_size import required_size

__all__ = [
    "LogUniform",
    "Masked",
    "MovedSolution",
    "Normal",
    "Product",
    "Solution",
    "Uniform",
    "covering_radius",
    "covers",
    "parse_law",
    "required_size",
    "solve",
    "solve_movable",
]
