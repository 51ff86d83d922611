"""Functions compiled by numba, with the options that all kernels share and types that a checker can follow.

A kernel holds no lock of the interpreter and lies in numba's cache, which looks at its own file only: after a change of
a kernel that others call, remove ``__pycache__``. None is ``parallel``: numba's threads forbid a later fork, so work is
dealt out by ``sltk.core.threads`` instead. No kernel ever sees a NaN (inputs are checked) and none cares for the
sign of a zero; no order of adding changes.
"""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numba

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """``function`` compiled on its first call, once for each signature."""
    return _compiled(function, cache=True, nogil=True, error_model="numpy", fastmath={"nnan", "nsz"})


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """``function``, written out in each kernel that calls it: for loops that vectorise only then."""
    return _compiled(function, inline="always")


def _compiled(function: Callable[P, R], **options: Any) -> Callable[P, R]:
    return numba.njit(**options)(function)
