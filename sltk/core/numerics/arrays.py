"""Names of the array types, one for the whole package; and a division that is fast on them."""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Indices = NDArray[np.int64]
Flags = NDArray[np.bool_]
Words = NDArray[np.uint32]


def divided(number: Indices, by: int) -> tuple[Indices, Indices]:
    """Quotients and remainders of ``np.divmod``; numpy divides by one number fast, and takes remainders slowly."""
    quotient = number // by
    return quotient, number - quotient * by
