"""A stage's geometry applied to the weights of every copy, and to the weights that a mask selects."""

import numpy as np
from scipy.sparse import csr_matrix  # pyright: ignore[reportMissingTypeStubs]  # it has none
from torch import Tensor

from sltk.core.numerics.arrays import Values
from sltk.core.numerics.rounding import swell, underflow
from sltk.core.numerics.tensors import tensor_of
from sltk.core.threads import over_cores
from sltk.networks.affine import Affine

BLOCK = 64  # columns


def upper_per_copy(affine: Affine, weight: Tensor, x: Tensor) -> Tensor:
    """``affine.upper`` for ``(copies, rows, in, kh, kw)`` on one input ``(in, ...)``: ``(copies, rows, ...)``."""
    image: Tensor = affine.upper(weight.flatten(0, 1), x[None])[0]
    return image.reshape(*weight.shape[:2], *image.shape[1:])


def upper_selected(affine: Affine, selected: csr_matrix, x: Tensor, rows: int) -> Tensor:
    """Upper bound of ``selected @ affine.windows(x)`` for non-negative entries, as ``(copies, rows, ...)``."""
    columns = affine.windows(x)
    # scipy's sparse matrices have no types of their own.
    count = int(np.diff(selected.indptr).max(initial=0)) + 1  # pyright: ignore
    product = _product(selected, columns.numpy())
    values: Values = np.asarray(selected.data, dtype=np.float64)  # pyright: ignore
    image: Tensor = swell(tensor_of(product), count) + underflow(count, tensor_of(values), columns)
    return image.reshape(-1, rows, *affine.output_positions(tuple(x.shape[1:])))


def _product(selected: csr_matrix, columns: Values) -> Values:
    """``selected @ columns``, block of columns by block: a block stays in the cache, and blocks go to threads."""

    image = np.empty((shape_of(selected)[0], columns.shape[1]))

    def block(_: None, low: int, high: int) -> None:
        # scipy leaves the interpreter's lock while it multiplies; each entry is summed as in the whole product.
        image[:, low:high] = selected @ np.ascontiguousarray(columns[:, low:high])  # pyright: ignore

    over_cores(block, columns.shape[1], BLOCK, lambda: None)
    return image


def dense(selected: csr_matrix) -> Tensor:
    """The matrix with its zeros."""
    full: Values = np.asarray(selected.toarray(), dtype=np.float64)  # pyright: ignore
    return tensor_of(full)


def shape_of(selected: csr_matrix) -> tuple[int, int]:
    """Rows and columns."""
    return (int(selected.shape[0]), int(selected.shape[1]))  # pyright: ignore


def sizes(selected: csr_matrix) -> csr_matrix:
    """Absolute values of the entries."""
    return abs(selected)  # pyright: ignore


def row_sums(selected: csr_matrix) -> Values:
    """The sum of every row."""
    return np.asarray(selected.sum(axis=1), dtype=np.float64)  # pyright: ignore
