"""Data and network of a study by name, or a user's own as ``package.module:function``."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.core.files import canonical_json, sha256
from sltk.core.imported import imported, is_spelled
from sltk.core.rng import torch_stream
from sltk.data.datasets import Dataset, load
from sltk.models.dense import network_for
from sltk.models.initial import redrawn
from sltk.models.registry import MODELS
from sltk.networks.reading.given import require_module
from sltk.train.loop.given import task_of
from sltk.train.loop.rates import COSINE, Rates
from sltk.train.loop.samples import Task

Network = Callable[[int], nn.Module]


def asked_data(name: str, folder: str | None = None) -> Dataset | Task:
    """The data set ``name``; or what ``package.module:function`` returns when it is called, made a ``Task``.

    Raises:
        SltkError: neither, or a function that returns no data; see ``sltk.train.loop.given.task_of``.
    """
    if not is_spelled(name):
        return load(name, folder)
    try:
        made = imported(name, "--data")()
    except TypeError as error:
        raise SltkError(f"--data {name!r} cannot be called without arguments: {error}.") from error
    return task_of(made)


def asked_network(which: str, hidden: Sequence[int], data: Dataset | Task) -> Network:
    """What makes a network from a seed: by name, or by a user's function.

    Args:
        which: ``dense``, a name in ``sltk.models.registry.MODELS``, or ``package.module:function``. A function of a
            ``seed``, or of one argument, is called with it and makes the initial weights; one without arguments makes
            a module, whose weights are drawn anew from each seed (``sltk.models.initial.redrawn``).
        hidden: of ``dense``.
        data: it fixes inputs and outputs of a network by name.

    Raises:
        SltkError: an unknown name, or a function that cannot be called so, or makes no module.
    """
    if not is_spelled(which):
        if which not in ("dense", *MODELS):
            known = ", ".join(("dense", *MODELS))
            raise SltkError(f"--model must be one of {known}, or package.module:function, but got {which!r}.")
        return network_for(which, hidden, _Shape(data) if isinstance(data, Task) else data)
    make = imported(which, "--model")
    given = _takes_seed(make, which)

    def network(seed: int) -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(torch_stream(seed, "model").get_state())  # for one that draws from torch's generator
            made = make(seed) if given else make()
        require_module(made, f"--model {which!r}: what it returns")
        return made if given else redrawn(made, seed)

    return network


def content_of(model: str, data: str, folder: str | None, hidden: Sequence[int]) -> str:
    """Hash of what a user's own model and data are, since their names say little; empty where both are ours."""
    if not (is_spelled(model) or is_spelled(data)):
        return ""
    found = asked_data(data, folder)
    said: list[str] = []
    if isinstance(found, Task):
        said += [_hash(part) for s in (found.train, found.validation, found.test) for part in (s.x, s.y)]
    if is_spelled(model):
        net = asked_network(model, hidden, found)(0)
        code = inspect.getmodule(imported(model, "--model"))
        file = getattr(code, "__file__", None)
        said += [repr(net), *(_hash(value) for value in net.state_dict().values())]
        said += [sha256(Path(file).read_bytes())] if file else []
    return sha256(canonical_json(said))[:16]


def told(rates: Rates, content: str) -> dict[str, Any]:
    """What a row says of both: nothing of a cosine and of our own data, as rows were named without a choice."""
    found: dict[str, Any] = {"content": content} if content else {}
    return found if rates == COSINE else found | {"rates": {**vars(rates), "milestones": list(rates.milestones)}}


@dataclass(frozen=True)
class _Shape:
    """What a network by name has to know of a task."""

    task: Task

    @property
    def input_shape(self) -> tuple[int, ...]:
        return tuple(self.task.train.x.shape[1:])

    @property
    def train_y(self) -> Tensor:
        return torch.cat([part.y for part in (self.task.train, self.task.validation, self.task.test)])


def _takes_seed(make: Callable[..., object], which: str) -> bool:
    try:
        taken = inspect.signature(make).parameters
    except ValueError as error:
        raise SltkError(f"--model {which!r} has no readable arguments; wrap it: def network(seed): ...") from error
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    needed = [p.name for p in taken.values() if p.default is p.empty and p.kind in positional]
    if len(needed) > 1:
        raise SltkError(f"--model {which!r} must be a function of a seed, or of nothing, but takes {needed}.")
    return bool(needed) or "seed" in taken


def _hash(value: Tensor) -> str:
    flat = value.detach().cpu().contiguous().reshape(-1)
    content = flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""
    return sha256(content) + str(value.dtype) + str(tuple(value.shape))
