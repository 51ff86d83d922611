"""Bases by name, as the command line and the methods know them: the files in ``sltk.train.basis`` name their own."""

import math
from functools import cache
from types import MappingProxyType

from torch import Tensor

import sltk.train.basis
from sltk.core.errors import SltkError
from sltk.core.registry import modules_of
from sltk.train.basis.base import Basis, BasisPlace, MakeBasis, NamedBasis


@cache
def bases() -> MappingProxyType[str, NamedBasis]:
    """All bases that a file of ``sltk.train.basis`` lists as ``NAMED``, by name.

    Raises:
        SltkError: two of one name.
    """
    found: dict[str, NamedBasis] = {}
    for file, module in modules_of("sltk.train.basis", sltk.train.basis.__path__).items():
        for basis in getattr(module, "NAMED", ()):
            if basis.name in found:
                raise SltkError(f"sltk/train/basis/{file}.py names a basis {basis.name!r}, as another file does.")
            found[basis.name] = basis
    return MappingProxyType(found)


def basis_named(name: str, image: tuple[int, ...] = ()) -> MakeBasis:
    """What makes the basis ``name`` for each weight.

    Args:
        name: one of ``bases()``; ``haar:3`` and ``permuted-dct:3`` are draw 3 of a random one.
        image: ``(channels, height, width)`` of the network's input; a dense layer on as many values gets one
            transform for rows and one for columns.

    Raises:
        SltkError: an unknown name or draw.
    """
    kind, _, draw = name.partition(":")
    if kind not in bases() or (draw and not (draw.isdigit() and bases()[kind].random)):
        raise SltkError(f"basis must be one of {', '.join(bases())} (haar:1 for another draw), but got {name!r}.")

    def make(layer: str, weight: Tensor) -> Basis:
        dense = weight.ndim == 2 and image and math.prod(image) == weight.shape[1]
        return bases()[kind].make(BasisPlace(layer, weight, int(draw or 0), image if dense else None))

    return make


def is_blind(name: str) -> bool:
    """Whether every coefficient starts at 0 in the basis ``name``, so that chance has to choose."""
    return bases()[name.partition(":")[0]].blind
