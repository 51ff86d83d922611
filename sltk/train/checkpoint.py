"""Checkpoints: all of a state in one safetensors file, written whole or not at all, and sealed."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.core.files import canonical_json, sha256, write_atomic
from sltk.train.loop.state import State
from sltk.train.phases.base import Phases
from sltk.train.phases.train import Train

FORMAT = "sltk checkpoint 2"


def save_checkpoint(state: State, path: str | Path) -> None:
    """Write ``state``: networks, masks, gates, anchors, optimiser, position, rows, generators of host and device.

    On a CPU, going on from the file gives the bytes that going on without it gives.
    """
    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in _tensors(state).items()}
    # A loss that a network of few weights has left may be infinite, and is a measurement all the same.
    numbers = json.dumps(_numbers(state), sort_keys=True)
    meta = {"format": FORMAT, "numbers": numbers, "seal": _seal(tensors, numbers)}
    write_atomic(path, save(tensors, meta))


def load_checkpoint(state: State, path: str | Path, phases: Phases) -> State:
    """Put what ``path`` holds into a ``state`` that was made as the saved one was.

    Args:
        state: newly made; changed in place.
        path: of the file.
        phases: the same ones; they tell the optimiser of the phase under way.

    Raises:
        SltkError: no such file, another format, damage, or tensors that do not fit ``state``.
    """
    tensors, numbers = _read(Path(path))
    own = state.replicas.state_dict()
    part = {name[2:]: value for name, value in tensors.items() if name.startswith("r:")}
    if set(part) != set(own) or any(part[name].shape != own[name].shape for name in own):
        raise SltkError(f"{path} holds another network than this state; make the state as the saved one was made.")
    state.replicas.load_state_dict(part)
    state.generator = tensors["g:"]
    state.device_generator = tensors["g:device"]
    state.position, state.cursor, state.inside = numbers["position"], numbers["cursor"], numbers["inside"]
    state.seed, state.rows = numbers["seed"], numbers["rows"]
    state.steps, state.epochs, state.products = numbers["steps"], numbers["epochs"], numbers["products"]
    state.anchors = {
        name: ({k[len(f"a:{name}:") :]: v for k, v in tensors.items() if k.startswith(f"a:{name}:")}, position)
        for name, position in numbers["anchors"].items()
    }
    _restore_optimiser(state, tensors, numbers, phases)
    return state


def fingerprint(state: State, text: str) -> str:
    """Hash of ``text``, and of all that ``state`` trains and is measured on."""
    parts = state.task.train, state.task.validation, state.task.test
    data = {f"d:{n}{name}": value for n, part in enumerate(parts) for name, value in vars(part).items()}
    return _seal({name: value.detach().cpu() for name, value in (data | _tensors(state)).items()}, text)


def _tensors(state: State) -> dict[str, Tensor]:
    found = {f"r:{name}": value for name, value in state.replicas.state_dict().items()}
    for name, (values, _) in state.anchors.items():
        found |= {f"a:{name}:{part}": value for part, value in values.items()}
    if state.optimiser is not None:
        for index, values in state.optimiser.state_dict()["state"].items():
            found |= {f"o:{index}:{key}": v for key, v in values.items() if isinstance(v, Tensor)}
    return found | {"g:": state.generator, "g:device": state.device_generator}


def _numbers(state: State) -> dict[str, Any]:
    return {
        "position": state.position, "cursor": state.cursor, "inside": state.inside, "seed": state.seed,
        "rows": state.rows, "anchors": {name: position for name, (_, position) in state.anchors.items()},
        "optimised": state.optimiser is not None, "steps": state.steps, "epochs": state.epochs,
        "products": state.products,
    }  # fmt: skip


def _restore_optimiser(state: State, tensors: dict[str, Tensor], numbers: dict[str, Any], phases: Phases) -> None:
    last = [p for p in phases[: state.cursor + 1] if isinstance(p, Train)]
    if not numbers["optimised"] or not last:
        return
    optimiser = state.optimiser = last[-1].recipe.make(state.trained)
    held: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("o:"):
            _, index, key = name.split(":", 2)
            held.setdefault(int(index), {})[key] = value
    optimiser.load_state_dict({**optimiser.state_dict(), "state": held})


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    try:
        data = path.read_bytes()
        tensors = load(data)
        size = int.from_bytes(data[:8], "little")
        meta = json.loads(data[8 : 8 + size]).get("__metadata__", {})
    except OSError as error:
        raise SltkError(f"cannot read {path}: {error.strerror or error}. Check the path.") from error
    except (SafetensorError, ValueError) as error:
        raise SltkError(f"{path} is no checkpoint: {error}. Was it cut short?") from error
    if meta.get("format") != FORMAT:
        raise SltkError(f"{path} has format {meta.get('format')!r}, but this program reads {FORMAT!r}.")
    if meta.get("seal") != _seal(tensors, meta["numbers"]):
        raise SltkError(f"{path} is damaged: its contents do not match their seal; take an earlier checkpoint.")
    return tensors, json.loads(meta["numbers"])


def _seal(tensors: dict[str, Tensor], numbers: str) -> str:
    parts = {
        name: sha256(_bytes(value)) + str(value.dtype) + str(tuple(value.shape)) for name, value in tensors.items()
    }
    return sha256(canonical_json({"tensors": parts, "numbers": numbers}))


def _bytes(value: Tensor) -> bytes:
    return value.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes() if value.numel() else b""
