"""Tickets for tests: every option of a construction by its own name, whichever of the three parts it belongs to."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from torch import nn

from sltk.construct import Construction, Recipe, Run, Search, StrongTicket
from sltk.networks.network import Network

LAW = "uniform(1.0)"
SEARCH = {f.name for f in fields(Search)}
RUN = {f.name for f in fields(Run)}


def construction(
    target: nn.Module | Network,
    *,
    domain: Any,
    input_shape: tuple[int, ...] | None = None,
    activations: Mapping[Any, Any] | None = None,
    **recipe: Any,
) -> Construction:
    """The construction of ``recipe``, under U[-1, 1] unless it says another law."""
    made = Recipe(**({"law": LAW} | recipe))
    return Construction(target, domain, made, input_shape=input_shape, activations=activations)


def build_ticket(target: nn.Module | Network, *, seed: int, **options: Any) -> StrongTicket:
    """The ticket of ``seed``; ``options`` are those of ``construction``, ``Search`` and ``Run``."""
    search = Search(**{name: options.pop(name) for name in SEARCH & set(options)})
    run = Run(**{name: Path(v) if name == "checkpoint" and v else v for name, v in
                 ((name, options.pop(name)) for name in RUN & set(options))})  # fmt: skip
    return construction(target, **options).build(seed, search, run)
