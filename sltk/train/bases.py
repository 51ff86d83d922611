"""Bases by name, as the command line and the methods know them."""

import math

from torch import Tensor

from sltk.core.errors import SltkError
from sltk.train.basis.base import Basis, MakeBasis
from sltk.train.basis.canonical import Canonical
from sltk.train.basis.dct import dct
from sltk.train.basis.factored import Factored
from sltk.train.basis.haar import haar
from sltk.train.basis.hadamard import hadamard
from sltk.train.basis.permuted_dct import permuted_dct
from sltk.train.basis.subspace import subspace
from sltk.train.basis.svd import svd
from sltk.train.basis.unit import Unit

NAMES = ("canonical", "dct-input", "dct", "dct-taps", "haar", "permuted-dct", "hadamard", "svd", "low-rank", "unit",
         "subspace")  # fmt: skip
RANDOM = ("subspace",)  # a magnitude says nothing where every coefficient starts at 0: the mask is random
PLAIN = ("canonical", "dct-input", "dct", "dct-taps", "haar", "permuted-dct", "hadamard", "svd")


def basis_named(name: str, image: tuple[int, ...] = ()) -> MakeBasis:
    """What makes the basis ``name`` for each weight.

    Args:
        name: one of ``NAMES``; ``haar:3`` and ``permuted-dct:3`` are draw 3 of a random one.
        image: ``(channels, height, width)`` of the network's input; a dense layer on as many values gets one
            transform for rows and one for columns.

    Raises:
        SltkError: an unknown name or draw.
    """
    kind, _, draw = name.partition(":")
    if kind not in NAMES or (draw and not (draw.isdigit() and kind in ("haar", "permuted-dct"))):
        raise SltkError(f"basis must be one of {', '.join(NAMES)} (haar:1 for another draw), but got {name!r}.")
    return lambda layer, weight: _make(kind, int(draw or 0), image, layer, weight)


def _make(kind: str, draw: int, image: tuple[int, ...], layer: str, weight: Tensor) -> Basis:
    shape = tuple(weight.shape)
    own = image if len(shape) == 2 and image and math.prod(image) == shape[1] else None
    match kind:
        case "dct-input":
            return dct(shape, "input", own)
        case "dct":
            return dct(shape, "both", own)
        case "dct-taps":
            return dct(shape, "taps", own)
        case "permuted-dct":
            return permuted_dct(shape, draw, layer, axes="input", image=own)
        case "haar":
            return haar(shape, draw, layer)
        case "hadamard":
            return hadamard(shape)
        case "svd":
            return svd(weight)
        case "low-rank":
            return Factored(shape)
        case "unit":
            return Unit(len(shape))
        case "subspace":
            return subspace(weight, shape, draw, layer)
    return Canonical()
