"""The first training is one and the same run in every orthonormal basis: it is made once, in the canonical one.

Statement. Under SGD with momentum and weight decay, with every coefficient open and no further term of the loss,
``c = B^{-1} theta`` at every step for an orthonormal ``B``: the gradient by ``c`` is ``B^T`` times that by ``theta``,
and the optimiser's steps are linear combinations of gradients and of what is trained. Not so under Adam, L1 or a mask.

What is measured of it are therefore the same rows for all of these bases, and not only the same up to rounding.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from sltk.train.loop.state import State
from sltk.train.phases.base import Phases
from sltk.train.phases.measure import Measure
from sltk.train.phases.rewind import Anchor
from sltk.train.phases.train import Train
from sltk.train.tickets.ticket import Ticket

SHARED = "shared"  # folder, beside the checkpoints of the runs that share


def common_phases(state: State, phases: Phases) -> int:
    """How many of the first ``phases`` do the same in every orthonormal basis; 0 where none trains, or this is none.

    Args:
        state: as it starts.
        phases: of the method.
    """
    tickets = state.replicas.tickets.values()
    if not all(type(t) is Ticket and t.basis.orthonormal and bool(t.gate.all()) for t in tickets):
        return 0
    count = sum(1 for _ in _leading(phases))
    after = next((phase for phase in phases[count:] if isinstance(phase, Train)), None)
    trains = any(isinstance(phase, Train) for phase in phases[:count])
    return count if trains and (after is None or after.fresh) else 0


def take_over(state: State, first: State) -> None:
    """``state`` goes on from ``first``, the same run in the canonical basis: ``c = B^{-1} theta``, and what is kept.

    Args:
        state: changed in place.
        first: behind its last phase.
    """
    with torch.no_grad():
        own = state.values()
        for name, value in first.values().items():
            own[name].copy_(_turned(state, name, value))
    state.anchors = {
        anchor: ({name: _turned(state, name, value).clone() for name, value in values.items()}, position)
        for anchor, (values, position) in first.anchors.items()
    }
    state.rows = [dict(row) for row in first.rows]
    state.position, state.cursor, state.inside, state.optimiser = first.position, first.cursor, 0, None
    state.steps, state.epochs, state.products = first.steps, first.epochs, list(first.products)
    state.generator, state.device_generator = first.generator.clone(), first.device_generator.clone()


def _leading(phases: Phases) -> Iterator[object]:
    for phase in phases:
        plain = isinstance(phase, Train) and phase.recipe.optimiser == "sgd" and phase.penalty is None
        if not (isinstance(phase, Anchor | Measure) or (plain and phase.refresh is None)):  # type: ignore[union-attr]
            return
        yield phase


def _turned(state: State, name: str, value: Tensor) -> Tensor:
    kind, _, weight = name.partition(":")
    return state.replicas.tickets[weight].basis.analyse(value) if kind == "c" else value
