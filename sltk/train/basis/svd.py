"""Singular vectors of a weight as its basis."""

import torch
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.train.basis.base import NamedBasis
from sltk.train.basis.separable import Separable


def svd(weight: Tensor) -> Separable:
    """``c = U^T W V`` with all singular vectors of ``weight`` (axes past the first flattened).

    The coefficients of ``weight`` itself are its singular values, on the diagonal, so the ``r`` largest of them give
    the best approximation of rank ``r``. Made once, the factors are frozen; made again from a trained weight, they
    are refreshed. For factors that train see ``sltk.train.basis.factored``.

    Raises:
        SltkError: a weight with fewer than two axes.
    """
    if weight.ndim < 2:
        raise SltkError(f"svd needs a weight with two axes at least, but got shape {tuple(weight.shape)}.")
    flat = weight.detach().double().flatten(1)
    u, _, vh = torch.linalg.svd(flat, full_matrices=True)
    stored = weight.element_size() * (u.numel() + vh.numel())
    return Separable({-2: u, -1: vh.mT}, tuple(flat.shape), stored=stored)


NAMED = (NamedBasis("svd", lambda place: svd(place.weight)),)
