"""The kinds of layers and steps, one file each with its ``KIND``; a new file is all that a new kind needs."""

from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from torch import Tensor

from sltk.core.errors import SltkError
from sltk.core.registry import modules_of
from sltk.networks.activations.activation import Activation
from sltk.networks.affine import Affine
from sltk.networks.op import Op, Step
from sltk.networks.spelling import Call, Spellings, merged, require_image


@cache
def kinds() -> MappingProxyType[str, type[Op]]:
    """All kinds by tag, in alphabetic order of their files.

    Raises:
        SltkError: a file without its kind, or a tag of another.
    """
    found: dict[str, type[Op]] = {}
    for name, module in modules_of(__name__, __path__).items():
        kind = getattr(module, "KIND", None)
        if not (isinstance(kind, type) and issubclass(kind, Op)) or kind.tag in found:
            raise SltkError(f"sltk/networks/ops/{name}.py needs KIND, a class of Op with a tag of its own.")
        found[kind.tag] = kind
    return MappingProxyType(found)


def steps() -> dict[str, type[Step]]:
    """The kinds of steps by tag."""
    return {tag: kind for tag, kind in kinds().items() if issubclass(kind, Step)}


def affine_kinds() -> dict[str, type[Affine]]:
    """The kinds of affine maps by tag."""
    return {tag: kind for tag, kind in kinds().items() if issubclass(kind, Affine)}


def affine_kind(tag: str) -> type[Affine]:
    """The kind of affine map that files call ``tag``.

    Raises:
        SltkError: there is none.
    """
    if tag not in affine_kinds():
        raise SltkError(f"affine_kind knows {', '.join(affine_kinds())}, but got tag={tag!r}.")
    return affine_kinds()[tag]


def step_from_record(record: Mapping[str, Any], custom: Mapping[str, Activation]) -> Step:
    """The step that ``Step.record`` wrote; ``custom`` holds a user's own activations by name.

    Raises:
        SltkError: an unknown step, or an activation that is neither in the table nor in ``custom``.
    """
    kind = steps().get(str(record.get("op")))
    if kind is None:
        raise SltkError(f"step_from_record knows {', '.join(steps())}, but got op={record.get('op')!r}.")
    return kind.from_record(record, custom)


def diagonal(name: str, gain: Tensor, shift: Tensor, shape: tuple[int, ...]) -> Affine:
    """The map ``y -> gain y + shift``, one number a channel, on inputs of ``shape``.

    Raises:
        SltkError: no kind takes such inputs.
    """
    found = (kind.diagonal(name, gain, shift, shape) for kind in affine_kinds().values())
    return _first(found, name, shape)


def mixing(name: str, matrix: Tensor, shift: Tensor, shape: tuple[int, ...]) -> Affine:
    """The map ``y -> matrix y + shift`` of channels, on inputs of ``shape``.

    Raises:
        SltkError: no kind takes such inputs.
    """
    return _first((kind.mixing(name, matrix, shift, shape) for kind in affine_kinds().values()), name, shape)


def _first(found: Iterable[Affine | None], name: str, shape: tuple[int, ...]) -> Affine:
    for affine in found:
        if affine is not None:
            return affine
    require_image(Call(name, shape))
    raise SltkError(f"layer {name!r} needs a map of channels to themselves, which none has on shape {shape}.")


@cache
def spellings() -> Spellings[tuple[Op, ...]]:
    """How torch spells all of them."""
    return merged(kind.spellings() for kind in kinds().values())
