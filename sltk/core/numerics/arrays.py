"""Names of the array types, one for the whole package; views that are only read; a division that is fast on them."""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Indices = NDArray[np.int64]
Flags = NDArray[np.bool_]
Words = NDArray[np.uint32]


def fixed(values: Values) -> Values:
    """``values`` without a copy, as an array that is only read.

    Numba takes arrays that can be written and that cannot for two types, and compiles a kernel for each combination.
    """
    view = values.view()
    view.flags.writeable = False
    return view


def divided(number: Indices, by: int) -> tuple[Indices, Indices]:
    """Quotients and remainders of ``np.divmod``; numpy divides by one number fast, and takes remainders slowly."""
    quotient = number // by
    return quotient, number - quotient * by
