"""Calls of torch's modules, functions and methods, appended to a chain as the kinds of layers spell them."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from torch import nn
from torch.nn.utils import parametrize

from sltk.core.errors import SltkError
from sltk.networks import ops
from sltk.networks.op import Op
from sltk.networks.reading.norms import NORMS
from sltk.networks.reading.parts import Parts
from sltk.networks.reading.passing import PASSING
from sltk.networks.reading.refused import cure
from sltk.networks.reading.rewritten import REWRITTEN
from sltk.networks.spelling import Call, Spellings, applied, merged


def take_module(value: Parts, name: str, module: nn.Module) -> None:
    """Append what ``module``, in eval mode, does.

    Raises:
        SltkError: a module, or an argument of it, that has no place in a chain of stages.
    """
    kind, call = parametrize.type_before_parametrizations(module), Call(name, value.shape)
    if kind in NORMS:
        value.scale(name, *NORMS[kind](call, module))
        return
    reader = _known().modules.get(kind)
    if reader is None:
        raise SltkError(f"layer {name!r} is a {kind.__name__}, which is not read; {cure(kind.__name__)}")
    _append(value, name, reader(call, module))


def take_function(value: Parts, name: str, target: Any, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> None:
    """Append what the call of ``target`` on the last value does.

    Args:
        value: what it works on; it moves on.
        name: of the call, for messages.
        target: a function, or the name of a method.
        arguments: positional, the value left out; parameters as tensors.
        keywords: by name.

    Raises:
        SltkError: a function, or an argument of it, that has no place in a chain of stages.
    """
    called = target if isinstance(target, str) else getattr(target, "__name__", str(target))
    readers = _known().methods if isinstance(target, str) else _known().functions
    reader = readers.get(target)
    if reader is None:
        raise SltkError(f"layer {name!r} calls {called!r}, which is not read; {cure(called)}")
    _append(value, name, applied(reader, Call(name, value.shape), called, arguments, keywords))


@cache
def _known() -> Spellings[tuple[Op, ...]]:
    return merged((ops.spellings(), PASSING, REWRITTEN))


def _append(value: Parts, name: str, read: Iterable[Op]) -> None:
    for op in read:
        value.take(name, op)
