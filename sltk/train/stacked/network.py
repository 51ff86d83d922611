"""The network of a stack: the plain one, with layers of a stack in the place of its own.

Between them runs the plain network's code, on the rows of all replicas one after the other. That is right where it
works row by row; whether it does is tried once, on random numbers in float64, before a stack of several relies on it.
"""

import copy
from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor, nn
from torch.func import functional_call

from sltk.core.registry import modules_of
from sltk.train.stacked import layers
from sltk.train.stacked.layer import StackedLayer
from sltk.train.stacked.parts import Parts, Weight

PROBED, AGREE = 3, 1e-9  # rows of the trial; relative difference in float64 of what is the same function


@cache
def kinds() -> dict[type[nn.Module], type[StackedLayer]]:
    """Layers of a stack by the class of torch that each stands for."""
    found: dict[type[nn.Module], type[StackedLayer]] = {}
    for module in modules_of(layers.__name__, layers.__path__).values():
        for kind in vars(module).values():
            if isinstance(kind, type) and issubclass(kind, StackedLayer) and kind is not StackedLayer:
                found |= dict.fromkeys(kind.stands_for, kind)
    return found


def stacked_network(plain: nn.Module, parts: Parts) -> nn.Module | None:
    """``plain`` with every layer that has tensors replaced, or ``None`` where one has no layer of a stack.

    Args:
        plain: its options are read; it stays as it is.
        parts: where the layers read their tensors.
    """
    owners = {n: m for n, m in plain.named_modules() if [*m.parameters(recurse=False), *m.buffers(recurse=False)]}
    if any(type(layer) not in kinds() for layer in owners.values()):
        return None
    if parts.count > 1 and not all(kinds()[type(layer)].stacks for layer in owners.values()):
        return None
    made = {name: kinds()[type(layer)](layer, name, parts) for name, layer in owners.items()}
    if "" in made:
        return made[""].train(plain.training)
    own = copy.deepcopy(plain)
    for name, layer in made.items():
        place, _, last = name.rpartition(".")
        setattr(own.get_submodule(place), last, layer)
    return own.train(plain.training)  # of which the new layers know nothing yet


def works_row_by_row(plain: nn.Module, x: Tensor) -> bool:
    """Whether two replicas of ``plain`` give, as one batch of the rows of both, what each gives alone.

    Args:
        plain: it stays as it is.
        x: ``(rows, ...)``, for its shape.
    """
    parts, probe = Parts(2), copy.deepcopy(plain).double().cpu()
    network = stacked_network(probe, parts)
    random = any("Dropout" in type(part).__name__ for part in plain.modules())
    if network is None or network is probe:
        return False
    generator = torch.Generator().manual_seed(0)
    both = [
        {n: torch.randn(p.shape, generator=generator, dtype=torch.float64) for n, p in probe.named_parameters()}
        for _ in range(parts.count)
    ]
    stacked = {name: torch.stack([one[name] for one in both]) for name in both[0]}
    parts.weights, parts.rest = {n: Weight(p) for n, p in stacked.items()}, stacked
    rows = torch.randn(parts.count, PROBED, *x.shape[1:], generator=generator, dtype=torch.float64)
    return all(_agree(probe, network, both, rows, training) for training in ((False,) if random else (False, True)))


def first_dense(plain: nn.Module) -> str:
    """Name of the weight that reads the inputs as they are: of a dense layer at the front of a chain; else ``""``."""
    if not isinstance(plain, nn.Sequential):
        return ""
    for name, part in plain.named_children():
        if type(part) is nn.Linear:
            return f"{name}.weight"
        if not (type(part) is nn.Identity or (type(part) is nn.Flatten and part.start_dim == 1)):
            return ""
    return ""


def _agree(
    plain: nn.Module, network: nn.Module, both: Sequence[dict[str, Tensor]], rows: Tensor, training: bool
) -> bool:
    plain.train(training)
    network.train(training)
    try:
        with torch.no_grad():
            alone = torch.stack([functional_call(plain, own, (x,)) for own, x in zip(both, rows, strict=True)])
            found = network(rows.flatten(0, 1)).unflatten(0, rows.shape[:2])
    except (RuntimeError, ValueError, TypeError, AttributeError, IndexError):
        return False  # code that counts on a batch of its own
    return found.shape == alone.shape and bool((found - alone).abs().max() <= AGREE * alone.abs().max())
