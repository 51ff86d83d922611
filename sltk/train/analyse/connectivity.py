"""Linear mode connectivity: the error along the straight line between two networks."""

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from sltk.core.errors import SltkError
from sltk.train.export.plain import plain_state
from sltk.train.tickets.ticket import Ticket

ROWS = 1000


@dataclass(frozen=True)
class Path:
    """Errors along the line.

    Attributes:
        places: ``0 = first`` to ``1 = second``.
        errors: share of rows that are classified wrongly, at each place.
    """

    places: tuple[float, ...]
    errors: tuple[float, ...]

    @property
    def barrier(self) -> float:
        """Largest error on the line less the mean of the two ends; 0 where the line is nowhere above that mean."""
        return max(0.0, max(self.errors) - 0.5 * (self.errors[0] + self.errors[-1]))


def error_path(
    first: nn.Module,
    second: nn.Module,
    x: Tensor,
    y: Tensor,
    *,
    plain: nn.Module,
    places: int = 11,
    statistics: Tensor | None = None,
) -> Path:
    """Error at ``(1 - a) theta_1 + a theta_2`` for ``a`` from 0 to 1, weights and all other parameters alike.

    Two runs from one ticket whose path has no barrier (2 points say) lie in one basin.

    Args:
        first: attached or plain.
        second: of the same architecture.
        x: ``(rows, ...)`` inputs to measure on.
        y: ``(rows,)`` labels.
        plain: a plain module of that architecture, to be filled; it is copied.
        places: points on the line, both ends counted.
        statistics: inputs from which the statistics of batch norms are computed anew at every point, as they must be
            where a network has such norms; without them they are interpolated.

    Raises:
        SltkError: fewer than two places, or networks of different tensors.
    """
    if places < 2:
        raise SltkError(f"places counts both ends, so it is at least 2, but got {places}; pass 11.")
    ends = _state(first), _state(second)
    if {k: v.shape for k, v in ends[0].items()} != {k: v.shape for k, v in ends[1].items()}:
        raise SltkError("both networks must have the same tensors; take two runs of one architecture.")
    at = [i / (places - 1) for i in range(places)]
    net = copy.deepcopy(plain)
    return Path(tuple(at), tuple(_error(net, ends, a, x, y, statistics) for a in at))


def _state(module: nn.Module) -> dict[str, Tensor]:
    ticketed = any(isinstance(part, Ticket) for part in module.modules())
    return plain_state(module) if ticketed else {k: v.detach() for k, v in module.state_dict().items()}


def _error(net: Any, ends: tuple[Any, Any], a: float, x: Tensor, y: Tensor, statistics: Tensor | None) -> float:
    first, second = ends
    mixed = {name: value.lerp(second[name], a) if value.is_floating_point() else value for name, value in first.items()}
    net.load_state_dict(mixed, strict=True)
    if statistics is not None:
        _recompute(net, statistics)
    net.eval()
    with torch.no_grad():
        guesses = torch.cat([net(rows).argmax(1) for rows in x.split(ROWS)])
    return float((guesses != y).double().mean())


def _recompute(net: nn.Module, x: Tensor) -> None:
    norms = [part for part in net.modules() if isinstance(part, _BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain average over the batches
    net.train()
    with torch.no_grad():
        for rows in x.split(ROWS):
            net(rows)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
