"""Discrete cosine transform: coefficients are frequencies along the axes that are chosen."""

import math
from typing import Literal

import torch
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.train.basis.base import NamedBasis
from sltk.train.basis.separable import Separable

Axes = Literal["input", "both", "taps", "all"]


def dct_matrix(n: int) -> Tensor:
    r"""Orthonormal DCT-II: ``C_{kj} = sqrt((2 - [k = 0]) / n) cos(pi k (2 j + 1) / (2 n))``.

    Returns:
        ``(n, n)`` float64; each entry to ``n`` ulps of 1.
    """
    k = torch.arange(n, dtype=torch.float64)[:, None]
    j = torch.arange(n, dtype=torch.float64)[None, :]
    matrix = torch.cos(math.pi * k * (2 * j + 1) / (2 * n)) * math.sqrt(2.0 / n)
    matrix[0] /= math.sqrt(2.0)
    return matrix


def dct(shape: tuple[int, ...], axes: Axes = "both", image: tuple[int, ...] | None = None) -> Separable:
    """``B = C^T`` along the axes that are chosen.

    Args:
        shape: of the weight: ``(out, in)``, or ``(out, in, *taps)`` of a convolution.
        axes: ``input``: the input side of a dense layer; ``both``: both sides; for a convolution either of them means
            its taps too. ``taps``: the taps of a convolution alone; ``all``: every axis there is.
        image: ``(channels, height, width)`` of the flattened input of a dense layer, whose rows and columns then have
            a transform each; none for a plain vector.

    Raises:
        SltkError: an image of another size than the input.
    """
    view, chosen = chosen_axes(shape, axes, image)
    return Separable({axis: dct_matrix(view[axis]).mT for axis in chosen if view[axis] > 1}, view)


def chosen_axes(
    shape: tuple[int, ...], axes: Axes, image: tuple[int, ...] | None = None
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """View of the weight and its negative axes that have a factor; see ``dct``."""
    if axes not in ("input", "both", "taps", "all"):
        raise SltkError(f"axes must be input, both, taps or all, but got axes={axes!r}.")
    view = shape
    if image is not None and len(shape) == 2:
        if math.prod(image) != shape[1]:
            raise SltkError(f"image={image} has {math.prod(image)} values, but the layer takes {shape[1]}; correct it.")
        view = (shape[0], *image)
    if axes in ("both", "all") or len(view) == 1:
        return view, tuple(range(-len(view), 0))
    if axes == "input":
        return view, tuple(range(1 - len(view), 0))
    return view, tuple(range(2 - len(view), 0)) if len(view) > 2 else ()


NAMED = (
    NamedBasis("dct-input", lambda place: dct(place.shape, "input", place.image)),
    NamedBasis("dct", lambda place: dct(place.shape, "both", place.image)),
    NamedBasis("dct-taps", lambda place: dct(place.shape, "taps", place.image)),
)
