"""Random subset sum: laws, exact solvers, coverage, sizes of pools with every constant given."""

from sltk.subset_sum.laws import LogUniform, Masked, Normal, Product, Uniform, parse_law
from sltk.subset_sum.movable import MovedSolution, solve_movable
from sltk.subset_sum.solve import Solution, solve
from sltk.subset_sum.stream.drawn import Drawn
from sltk.subset_sum.stream.solution_file import SolutionFile
from sltk.subset_sum.stream.solve_stream import SolutionStream, solve_stream
from sltk.subset_sum.widths.coverage import covering_radius, covers
from sltk.subset_sum.widths.required_size import required_size

__all__ = [
    "Drawn",
    "LogUniform",
    "Masked",
    "MovedSolution",
    "Normal",
    "Product",
    "Solution",
    "SolutionFile",
    "SolutionStream",
    "Uniform",
    "covering_radius",
    "covers",
    "parse_law",
    "required_size",
    "solve",
    "solve_movable",
    "solve_stream",
]
