"""Names of the array types, one for the whole package."""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Indices = NDArray[np.int64]
Flags = NDArray[np.bool_]
Words = NDArray[np.uint32]
