"""Where several values meet in a trace: sums of two, and concatenations."""

import operator
from typing import Any

import torch
from torch import fx

from sltk.networks.reading.sizes import is_shape

SUMS = (operator.add, operator.iadd, torch.add, "add", "add_")
CONCATENATIONS = (torch.cat, torch.concat, torch.concatenate)


def added(node: fx.Node) -> list[fx.Node]:
    """The two values that ``node`` adds; empty where it is no such sum."""
    plain = node.op != "call_module" and node.target in SUMS and not node.kwargs and len(node.args) == 2
    found = [n for n in node.args if isinstance(n, fx.Node)]
    return found if plain and len(found) == 2 else []


def is_concatenation(node: fx.Node) -> bool:
    """Whether ``node`` puts values side by side."""
    return node.op == "call_function" and node.target in CONCATENATIONS


def concatenation(node: fx.Node) -> tuple[list[Any], Any]:
    """What a concatenation puts side by side, and along which axis."""
    given = dict(zip(("tensors", "dim"), node.args, strict=False)) | node.kwargs
    axis = given.get("dim", given.get("axis", 0))
    tensors = given.get("tensors", ())
    return list(tensors) if isinstance(tensors, list | tuple) else [tensors], axis


def uses(node: fx.Node) -> int:
    """How often layers read the value of ``node``; a trace counts a layer that reads it twice once."""
    found = 0
    for user in node.users:
        if is_concatenation(user):
            found += sum(part is node for part in concatenation(user)[0])
        else:
            found += not is_shape(user)
    return found
