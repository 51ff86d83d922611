"""DCT of shuffled axes: the spectrum of the DCT without its fit to the data's order."""

import torch

from sltk.core.rng import Name, torch_stream
from sltk.train.basis.base import NamedBasis
from sltk.train.basis.dct import Axes, chosen_axes, dct_matrix
from sltk.train.basis.separable import Separable


def permuted_dct(
    shape: tuple[int, ...], seed: int, *names: Name, axes: Axes = "both", image: tuple[int, ...] | None = None
) -> Separable:
    """``B = P C^T`` with a uniform permutation ``P`` of each axis: it separates "fits the data" from "any rotation".

    Args:
        shape: of the weight.
        seed: of the permutations, with ``names``; they give them again, so nothing is stored.
        names: of the stream.
        axes: see ``dct``.
        image: see ``dct``; rows and columns are then permuted each on their own.
    """
    view, chosen = chosen_axes(shape, axes, image)
    factors = {}
    for axis in chosen:
        generator = torch_stream(seed, "permuted dct", *names, axis)
        factors[axis] = dct_matrix(view[axis]).mT[torch.randperm(view[axis], generator=generator)]
    return Separable(factors, view)


NAMED = (
    NamedBasis(
        "permuted-dct",
        lambda place: permuted_dct(place.shape, place.draw, place.layer, axes="input", image=place.image),
        random=True,
    ),
)
