"""The linear part of a stage applied to other numbers: magnitudes, errors, parameter errors, selected masses.

Parameters are indexed ``(row, in, kh, kw)`` everywhere, with ``kh = kw = 1`` for a linear layer. Zero
padding, stride and dilation are the target's, so every output pixel has a value of its own and every
border pattern is covered.
"""

import torch
import torch.nn.functional as F
from scipy.sparse import csr_matrix
from torch import Tensor

from sltk.core.rounding import swell, underflow
from sltk.networks.layers import Affine, Linear


def kernel(affine: Affine) -> Tensor:
    """The weight as ``(out, in, kh, kw)``, float64 on the CPU."""
    weight = affine.weight.detach().to("cpu", torch.float64)
    return weight[:, :, None, None] if isinstance(affine, Linear) else weight


def offset(affine: Affine) -> Tensor:
    """The bias as ``(out,)``, or ``(out, 1, 1)`` for a convolution, float64 on the CPU."""
    bias = affine.bias.detach().to("cpu", torch.float64)
    return bias if isinstance(affine, Linear) else bias[:, None, None]


def terms(affine: Affine) -> int:
    """Number of terms of one output: fan-in and bias."""
    return affine.weight[0].numel() + 1


def correlate(affine: Affine, weight: Tensor, x: Tensor) -> Tensor:
    """Apply ``weight`` with the geometry of ``affine``, no bias.

    Args:
        affine: gives stride, padding and dilation.
        weight: ``(rows, in, kh, kw)``.
        x: ``(n, in)`` or ``(n, in, h, w)``.

    Returns:
        ``(n, rows)`` or ``(n, rows, h', w')``.
    """
    if isinstance(affine, Linear):
        return F.linear(x, weight.flatten(1))
    return F.conv2d(x, weight, None, affine.stride, affine.padding, affine.dilation)


def upper(affine: Affine, weight: Tensor, x: Tensor) -> Tensor:
    """Upper bound of ``correlate(affine, weight, x)`` for non-negative ``weight`` and ``x``."""
    count = terms(affine)
    return swell(correlate(affine, weight, x), count) + underflow(count, weight, x)


def upper_per_copy(affine: Affine, weight: Tensor, x: Tensor) -> Tensor:
    """``upper`` for ``(copies, rows, in, kh, kw)`` on one input ``(in, ...)``: ``(copies, rows, ...)``."""
    image = upper(affine, weight.flatten(0, 1), x[None])[0]
    return image.unflatten(0, weight.shape[:2])


def windows(affine: Affine, x: Tensor) -> Tensor:
    """Every input that an output position sees, zero padded.

    Args:
        affine: gives kernel, stride, padding and dilation.
        x: ``(copies, in)`` or ``(copies, in, h, w)``.

    Returns:
        ``(copies * in * kh * kw, positions)``, row ``(a * in + i) * kh * kw + tap``.
    """
    if isinstance(affine, Linear):
        return x.reshape(-1, 1)
    size = (affine.weight.shape[2], affine.weight.shape[3])
    stacked = x.flatten(0, 1)[None]
    return F.unfold(stacked, size, affine.dilation, affine.padding, affine.stride)[0]


def upper_selected(affine: Affine, selected: csr_matrix, x: Tensor, rows: int) -> Tensor:
    """Upper bound of ``selected @ windows(x)`` for non-negative entries, as ``(copies, rows, ...)``."""
    columns = windows(affine, x)
    count = int(selected.getnnz(axis=1).max(initial=0)) + 1
    image = torch.from_numpy(selected @ columns.numpy())
    image = swell(image, count) + underflow(count, torch.from_numpy(selected.data), columns)
    return image.reshape(-1, rows, *_positions(affine, x))


def _positions(affine: Affine, x: Tensor) -> tuple[int, ...]:
    if isinstance(affine, Linear):
        return ()
    one = torch.zeros(1, *affine.weight.shape[1:], dtype=torch.float64)
    return tuple(correlate(affine, one, torch.zeros_like(x[:1])).shape[2:])
