"""A stage's geometry applied to the weights of every copy, and to the weights that a mask selects."""

import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from sltk.core.rounding import swell, underflow
from sltk.networks.affine import Affine


def upper_per_copy(affine: Affine, weight: Tensor, x: Tensor) -> Tensor:
    """``affine.upper`` for ``(copies, rows, in, kh, kw)`` on one input ``(in, ...)``: ``(copies, rows, ...)``."""
    image = affine.upper(weight.flatten(0, 1), x[None])[0]
    return image.unflatten(0, weight.shape[:2])


def upper_selected(affine: Affine, selected: csr_matrix, x: Tensor, rows: int) -> Tensor:
    """Upper bound of ``selected @ affine.windows(x)`` for non-negative entries, as ``(copies, rows, ...)``."""
    columns = affine.windows(x)
    count = int(selected.getnnz(axis=1).max(initial=0)) + 1
    image = torch.from_numpy(selected @ columns.numpy())
    image = swell(image, count) + underflow(count, torch.from_numpy(selected.data), columns)
    return image.reshape(-1, rows, *affine.output_positions(tuple(x.shape[1:])))
