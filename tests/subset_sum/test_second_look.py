"""Where rounding lifts the error of a subset above its tolerance, ``solve`` looks again within a smaller one."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from sltk.subset_sum import solve
from sltk.subset_sum.backends.base import Found
from sltk.subset_sum.problem import Limits, Problem

POOL, TARGET = np.array([0.5, 0.75, 0.25]), np.array([1.0])
BEYOND, WITHIN = (1, 1, 0), (0, 1, 1)  # errors .25 and 0: the first stands for one that is above eps by an ulp


@dataclass
class Rounding:
    """Takes ``BEYOND`` for a subset within the tolerance first, as a search with sums in another order may."""

    also_within: bool
    name: str = "rounding"
    asked: list[tuple[str, float]] = field(default_factory=list)
    limits = Limits(own=16, shared=16)

    def search(self, problem: Problem) -> Found:
        """The first answer is above the tolerance, the second is not, if there is one."""
        self.asked.append((problem.objective, float(problem.caps()[0])))
        first = len(self.asked) == 1
        mask, found = problem.empty_mask(), np.full(problem.count, first or self.also_within)
        mask[:, :3] = BEYOND if first else WITHIN
        return mask, found


@pytest.mark.parametrize("objective", ["cardinality", "mass", "weighted"])
def test_a_subset_above_its_tolerance_is_not_the_last_word(objective: str) -> None:
    backend = Rounding(also_within=True)
    alpha = 1.0 if objective == "weighted" else None
    found = solve(POOL, TARGET, eps=0.2, objective=objective, alpha=alpha, backend=backend)
    assert found.reached.all()
    assert found.mask.tolist() == [[bool(bit) for bit in WITHIN]]
    (_, first), (again, second) = backend.asked
    assert again == objective
    assert first == 0.2
    assert 0.2 - 1e-12 < second < 0.2


def test_where_nothing_is_within_the_least_error_is_taken() -> None:
    backend = Rounding(also_within=False)
    found = solve(POOL, TARGET, eps=0.2, objective="mass", backend=backend)
    assert [objective for objective, _ in backend.asked] == ["mass", "mass", "error"]
    assert found.error.tolist() == [0.0]


def test_a_subset_within_its_tolerance_is_not_searched_again() -> None:
    """Negative control: at a tolerance that admits the first answer it stays."""
    backend = Rounding(also_within=True)
    found = solve(POOL, TARGET, eps=0.3, objective="mass", backend=backend)
    assert len(backend.asked) == 1
    assert found.mask.tolist() == [[bool(bit) for bit in BEYOND]]
