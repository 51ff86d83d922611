"""Haar-random rotations: a basis that knows nothing of the data."""

import torch
from torch import Tensor

from sltk.core.rng import Name, torch_stream
from sltk.train.basis.base import NamedBasis
from sltk.train.basis.dct import Axes, chosen_axes
from sltk.train.basis.separable import Separable


def haar_matrix(n: int, generator: torch.Generator) -> Tensor:
    """Uniform on the orthogonal group: ``Q`` of ``G = Q R``, ``G`` normal, with the signs of the diagonal of ``R``.

    Source: Mezzadri, Notices AMS 54 (2007) 592, section 5 (remembered).

    Returns:
        ``(n, n)`` float64, orthonormal to ``n`` ulps.
    """
    q, r = torch.linalg.qr(torch.randn(n, n, generator=generator, dtype=torch.float64))
    signs = torch.where(torch.diagonal(r) < 0, -1.0, 1.0).double()
    return q * signs


def haar(shape: tuple[int, ...], seed: int, *names: Name, axes: Axes = "both") -> Separable:
    """An independent rotation along each axis chosen, from the stream ``(seed, "haar", *names, axis)``.

    ``seed`` and ``names`` give the factors again, so they take no storage.
    """
    view, chosen = chosen_axes(shape, axes)
    return Separable({a: haar_matrix(view[a], torch_stream(seed, "haar", *names, a)) for a in chosen if view[a] > 1})


NAMED = (NamedBasis("haar", lambda place: haar(place.shape, place.draw, place.layer), random=True),)
