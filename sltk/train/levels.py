"""Levels: what a run was at each of its measurements, as files that others branch from.

A level holds every replica's coefficients, masks, gates, other parameters and statistics under the label of the
measurement, such as the round of an IMP. Where ``Setup(levels=folder)`` names a folder, each ``Measure`` writes one.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load, save
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.core.files import canonical_json, sha256, write_atomic
from sltk.train.tickets.replicas import Replicas

if TYPE_CHECKING:
    from sltk.train.loop.state import State

FORMAT = "sltk level 1"
SUFFIX = ".level"


@dataclass(frozen=True)
class Level:
    """A level as it was read.

    Attributes:
        label: of the measurement.
        seeds: one a replica.
        arms: one a replica.
        masks: by the weight's name, ``(replicas, ...)`` bool.
        tensors: all that ``Replicas`` stores, by its own names.
    """

    label: str
    seeds: tuple[int, ...]
    arms: tuple[str, ...]
    masks: Mapping[str, Tensor]
    tensors: Mapping[str, Tensor]

    def place(self, seed: int, arm: str = "ticket") -> int:
        """Number of the replica of ``arm`` and ``seed``.

        Raises:
            SltkError: there is none.
        """
        pairs = list(zip(self.arms, self.seeds, strict=True))
        if (arm, seed) not in pairs:
            held = ", ".join(f"{arm} of seed {seed}" for arm, seed in pairs)
            raise SltkError(f"level {self.label!r} has no {arm} of seed {seed}; it holds {held}.")
        return pairs.index((arm, seed))

    def fill(self, replicas: Replicas) -> None:
        """Write all of the level into ``replicas`` that were made as the stored ones were.

        Raises:
            SltkError: another network, basis or number of replicas.
        """
        own = replicas.state_dict()
        if {n: v.shape for n, v in own.items()} != {n: v.shape for n, v in self.tensors.items()}:
            raise SltkError(f"level {self.label!r} holds another network, basis or count of replicas; make them alike.")
        replicas.load_state_dict(dict(self.tensors))


def level_path(folder: str | Path, label: str) -> Path:
    """Where the level ``label`` lies in ``folder``."""
    return Path(folder) / f"{label.replace('/', '_')}{SUFFIX}"


def store_level(state: "State", folder: str | Path, label: str) -> Path:
    """Write what ``state`` trains under ``label``; equal states give equal bytes but for the order of metadata."""
    tensors = {n: v.detach().cpu().contiguous().clone() for n, v in state.replicas.state_dict().items()}
    names = [name for name, _ in state.replicas.tickets.items()]
    record = {"format": FORMAT, "label": label, "names": names, "seeds": list(state.replicas.seeds),
              "arms": list(state.replicas.arms), "sha256": _hash(tensors)}  # fmt: skip
    path = level_path(folder, label)
    write_atomic(path, save(tensors, {"level": canonical_json(record).decode()}))
    return path


def load_level(path: str | Path) -> Level:
    """The level in ``path``.

    Raises:
        SltkError: no such file, another format, or damage.
    """
    tensors, record = _read(Path(path))
    names = record["names"]
    masks = {name: tensors[f"_tickets.{place}.mask"] for place, name in enumerate(names)}
    return Level(record["label"], tuple(record["seeds"]), tuple(record["arms"]), masks, tensors)


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    try:
        tensors = load(path.read_bytes())
        with safe_open(path, framework="pt") as file:
            record = json.loads((file.metadata() or {}).get("level", "{}"))
    except OSError as error:
        raise SltkError(f"cannot read {path}: {error.strerror or error}; name a level that a run stored.") from error
    except (SafetensorError, ValueError) as error:
        raise SltkError(f"{path} is no level: {error}. Was it cut short?") from error
    if record.get("format") != FORMAT or record.get("sha256") != _hash(tensors):
        raise SltkError(f"{path} is damaged or of another format; store the level again.")
    return tensors, record


def _hash(tensors: Mapping[str, Tensor]) -> str:
    parts = [
        [name, str(value.dtype), list(value.shape), sha256(_bytes(value))] for name, value in sorted(tensors.items())
    ]
    return sha256(canonical_json(parts))


def _bytes(value: Tensor) -> bytes:
    return value.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes() if value.numel() else b""
