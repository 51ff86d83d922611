"""Sizes of tensors in a trace: what is a shape, and no value of the network."""

import operator
from typing import Any

from torch import fx

from sltk.networks.spelling import Size


def is_shape(node: fx.Node) -> bool:
    """Whether ``node`` is a size of a tensor, or all of them, and no tensor itself."""
    return _is_whole_shape(node) or _axis(node) is not None


def as_argument(node: fx.Node) -> Any:
    """One size of a tensor as a ``Size``; a whole shape stays what it is."""
    axis = _axis(node)
    return node if axis is None else Size(axis, str(node))


def _is_whole_shape(node: fx.Node) -> bool:
    if node.op == "call_method":
        return node.target == "size" and len(node.args) == 1 and not node.kwargs
    return node.op == "call_function" and node.target is getattr and node.args[1:] == ("shape",)


def _axis(node: fx.Node) -> Any:
    """The axis whose size ``node`` is, ``None`` where it is no size."""
    if node.op == "call_method" and node.target == "size":
        return node.args[1] if len(node.args) == 2 else node.kwargs.get("dim")
    if node.op == "call_function" and node.target is operator.getitem:
        source, index = node.args
        return index if isinstance(source, fx.Node) and _is_whole_shape(source) else None
    return None
