"""Machine code is made once for arrays that can be written and for those that cannot."""

from typing import Any

import numpy as np
import pytest

from sltk.core.numerics.compiled import kernel
from sltk.subset_sum import solve
from sltk.subset_sum.kernels import affordable, cheapest, fewest, least_error, side_by_side

KERNELS = {"error": [least_error, side_by_side], "cardinality": [fewest], "mass": [affordable, cheapest]}
NAMES = {least_error: "nearest", side_by_side: "nearest", fewest: "fewest", affordable: "cheapest",
         cheapest: "cheapest"}  # fmt: skip
FEW, MANY = 3, side_by_side.FEWEST  # least errors of few problems are searched by one kernel, of many by another


@kernel
def _first(x: Any) -> float:
    return x[0]


def signatures(objective: str) -> list[int]:
    """How many each kernel of ``objective`` is compiled for."""
    return [len(getattr(getattr(part, NAMES[part]), "signatures", ())) for part in KERNELS[objective]]


def asked(objective: str, n: int, writable: bool) -> None:
    rng = np.random.default_rng(0)
    for count in (FEW, MANY):
        pool, target = rng.uniform(-1.0, 1.0, (count, n)), rng.uniform(-1.0, 1.0, count)
        given = [values if writable else np.broadcast_to(values, values.shape) for values in (pool, target)]
        assert [values.flags.writeable for values in given] == [writable] * 2
        solve(*given, eps=0.1 if objective != "error" else None, objective=objective)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("objective", KERNELS)
def test_arrays_that_cannot_be_written_need_no_other_machine_code(objective: str) -> None:
    for n in (10, 16):  # with costs, one kernel searches small pools, and another large ones
        asked(objective, n, writable=True)
    before = signatures(objective)
    assert min(before) > 0
    for n in (10, 16):
        asked(objective, n, writable=False)
    assert signatures(objective) == before


def test_numba_by_itself_compiles_twice() -> None:
    """Negative control."""
    values = np.ones(3)
    _first(values)
    _first(np.broadcast_to(values, values.shape))
    assert len(_first.signatures) == 2  # pyright: ignore[reportFunctionMemberAccess]
