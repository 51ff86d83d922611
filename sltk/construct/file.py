"""Tickets on disk: packed masks and a description, no weights.

A file is safetensors: one byte tensor a mask (LEB128 gaps between kept flat indices, deflated), the table of
failures, the domain, and metadata. Loading redraws the kept weights and compares their hash: a file that does
not describe the same ticket, or a source that does not come out bit for bit, is refused.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import nn

from sltk.certify.intervals import Box
from sltk.construct.declaration import Declaration
from sltk.construct.failures import FailureTable
from sltk.construct.masks import LayerMask
from sltk.construct.realise import require_of_plan
from sltk.construct.recipe import Search, from_record
from sltk.construct.source import Source, SourceLayer
from sltk.construct.ticket import StrongTicket
from sltk.core.errors import SltkError
from sltk.core.files import canonical_json, write_atomic
from sltk.core.numerics.arrays import Indices, Values
from sltk.core.numerics.packing import pack, unpack
from sltk.core.numerics.tensors import tensor_of
from sltk.core.rng import require_seed
from sltk.core.threads import in_order
from sltk.networks.activations.activation import Activation
from sltk.networks.network import Network

FORMAT = "sltk strong ticket 3"
DRAWN = 2**18  # kept weights drawn at a time, a thread

# What a file that was written to do harm can make a reader of JSON, tensors and numbers raise.
FAULTS = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError, MemoryError,
          RuntimeError)  # fmt: skip


def save(ticket: StrongTicket, path: str | Path) -> None:
    """Write ``ticket`` to ``path``, whole or not at all. The same ticket gives the same bytes."""
    tensors = _mask_tensors(ticket.masks) | _failure_tensors(ticket.failures)
    tensors["domain"] = torch.stack([torch.as_tensor(ticket.domain.low), torch.as_tensor(ticket.domain.high)])
    record = ticket.declaration.record() | {"seed": ticket.source.seed}
    metadata = {
        "format": FORMAT,
        "source": canonical_json(record).decode(),
        "search": canonical_json(ticket.search.record()).decode(),
        "choice": canonical_json(ticket.choice).decode(),
        "problems": str(ticket.problems),
        "tolerances": canonical_json(ticket.tolerances).decode(),
        "target_sha256": ticket.target_sha256,
        "weights_sha256": kept_weights_hash(ticket.source, ticket.masks),
    }
    metadata["content_sha256"] = content_hash(tensors, metadata)
    # One entry, because safetensors keeps its metadata in no fixed order.
    write_atomic(Path(path), save_tensors(tensors, {"ticket": canonical_json(metadata).decode()}))


def load(
    path: str | Path, target: nn.Module | Network | None = None, custom: Mapping[str, Activation] | None = None
) -> StrongTicket:
    """Read a ticket, redraw its source, and check both against the file's hashes.

    Args:
        path: written by ``save``.
        target: a module or a ``Network``, enables the certificate; its architecture must be the file's.
        custom: a user's own activations by name, where the target has any.

    Raises:
        SltkError: not a ticket file, a damaged one, another architecture, or a source that comes out different.
    """
    metadata, tensors = _parse(path, Path(path).read_bytes())
    claimed = metadata.pop("content_sha256", None)
    try:
        if claimed != content_hash(tensors, metadata):
            raise SltkError("it is damaged: its content does not match its own hash. Construct the ticket again.")
        ticket = _rebuild(metadata, tensors, custom or {})
        found = kept_weights_hash(ticket.source, ticket.masks)
    except SltkError as error:
        raise SltkError(f"{path}: {error}") from error
    except FAULTS as error:
        raise SltkError(f"{path} is not a whole ticket: {error!a:.300}. Construct the ticket again.") from error
    if found != metadata["weights_sha256"]:
        raise SltkError(
            f"the source of {path} does not redraw bit for bit: its kept weights hash to {found[:12]}, but the file "
            f"says {ascii(metadata['weights_sha256'])[:14]}. The file or this version's generator did not build it."
        )
    return ticket if target is None else ticket.with_target(target)


def _rebuild(
    metadata: Mapping[str, str], tensors: Mapping[str, torch.Tensor], custom: Mapping[str, Activation]
) -> StrongTicket:
    record = json.loads(metadata["source"])
    declaration = Declaration.of(record, custom)
    layers = declaration.plan.layers
    search = from_record(Search, json.loads(metadata["search"]))
    search.require(declaration.recipe.n)
    masks = tuple(_unpack_mask(tensors, index, layer) for index, layer in enumerate(layers))
    require_of_plan(declaration.plan, masks)
    return StrongTicket(
        declaration=declaration,
        source=declaration.source(require_seed(record["seed"])),
        search=search,
        masks=masks,
        failures=_failures(tensors),
        problems=_count(metadata["problems"]),
        tolerances=_tolerances(json.loads(metadata["tolerances"]), len(declaration.architecture.stages)),
        domain=_domain(tensors["domain"], declaration.architecture.input_shape),
        target_sha256=_text(metadata["target_sha256"]),
        choice=_choice(json.loads(metadata["choice"])),
    )


def _choice(record: object) -> Mapping[str, Any] | None:
    """How the recipe was chosen, which a reader prints and `sltk check` makes again."""
    if record is None:
        return None
    found = dict[object, Any](record) if isinstance(record, dict) else {}  # pyright: ignore[reportUnknownArgumentType]
    reasons = found.get("reasons")
    lines = list[object](reasons) if isinstance(reasons, list) else []  # pyright: ignore[reportUnknownArgumentType]
    if not isinstance(found.get("given"), dict) or not lines or not all(isinstance(line, str) for line in lines):
        raise SltkError(f"the choice of the recipe in the file is {record!a:.60}, which is none.")
    return {str(key): value for key, value in found.items()}


def _count(text: object) -> int:
    if not isinstance(text, str) or not text.isascii() or not text.isdigit() or len(text) > 18:
        raise SltkError(f"the number of problems in the file is {text!a:.60}, which is no count.")
    return int(text)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.isascii():
        raise SltkError(f"a hash in the file is {value!a:.60}, which is no text of digits.")
    return value


def _tolerances(values: object, stages: int) -> tuple[float, ...]:
    entries: list[object] = [*values] if isinstance(values, list) else []  # pyright: ignore  # of any type
    if len(entries) != stages:
        raise SltkError(f"the file needs {stages} tolerances, one a stage, but has {values!a:.100}.")
    found = tuple(float(v) for v in entries if isinstance(v, float | int) and not isinstance(v, bool))
    if len(found) != stages or not all(0.0 < v < float("inf") for v in found):
        raise SltkError(f"tolerances in the file must be positive numbers, but are {values!a:.100}.")
    return found


def _domain(ends: torch.Tensor, shape: tuple[int, ...]) -> Box:
    if ends.dtype != torch.float64 or tuple(ends.shape) != (2, *shape):
        raise SltkError(f"the domain in the file must be float64 of shape {(2, *shape)}, but is {ends.dtype} of "
                        f"shape {tuple(ends.shape)}.")  # fmt: skip
    return Box(*ends)


def kept_weights_hash(source: Source, masks: tuple[LayerMask, ...]) -> str:
    """SHA-256 of all kept weights and biases as little-endian float32, layer by layer in index order."""
    digest = hashlib.sha256()
    for index, mask in enumerate(masks):
        for draw, kept in ((source.weights, mask.weight), (source.biases, mask.bias)):
            pieces = [kept[start : start + DRAWN] for start in range(0, kept.size, DRAWN)]
            for values in in_order(partial(_float32_bytes, draw, index), pieces):
                digest.update(values)
    return digest.hexdigest()


def _float32_bytes(draw: Callable[[int, Indices], Values], index: int, flat: Indices) -> bytes:
    return draw(index, flat).astype("<f4").tobytes()


def _mask_tensors(masks: tuple[LayerMask, ...]) -> dict[str, torch.Tensor]:
    kept = {f"mask.{i}.{name}": getattr(mask, name) for i, mask in enumerate(masks) for name in ("weight", "bias")}
    return dict(zip(kept, map(tensor_of, in_order(pack, list(kept.values()))), strict=True))


def _unpack_mask(tensors: Mapping[str, torch.Tensor], index: int, layer: SourceLayer) -> LayerMask:
    sizes = {"weight": layer.weight_count, "bias": layer.outputs}
    packed = {name: tensors[f"mask.{index}.{name}"] for name in sizes}
    for name, tensor in packed.items():
        if tensor.dtype != torch.uint8 or tensor.ndim != 1:
            raise SltkError(f"mask.{index}.{name} must be a row of bytes, but is {tensor.dtype} of {tensor.ndim} axes.")
    return LayerMask(**{name: unpack(tensor.numpy(), sizes[name]) for name, tensor in packed.items()})


def _failure_tensors(failures: FailureTable) -> dict[str, torch.Tensor]:
    return {f"failures.{f.name}": tensor_of(getattr(failures, f.name)) for f in fields(failures)}


def _failures(tensors: Mapping[str, torch.Tensor]) -> FailureTable:
    columns = {f.name: tensors[f"failures.{f.name}"].numpy() for f in fields(FailureTable)}
    return FailureTable.checked(columns)


def content_hash(tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, str]) -> str:
    """SHA-256 of description and tensors: names, types, shapes and bytes, in the order of the names."""
    digest = hashlib.sha256(canonical_json(dict(metadata)))
    for name in sorted(tensors):
        tensor = tensors[name].contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def _parse(path: str | Path, data: bytes) -> tuple[dict[str, str], dict[str, torch.Tensor]]:
    try:
        tensors = load_tensors(data)
        length = int.from_bytes(data[:8], "little")
        stored: object = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["ticket"])
    except (SafetensorError, *FAULTS) as error:
        raise SltkError(f"{path} is not a ticket file: {error!a:.300}.") from error
    metadata = dict[object, object](stored) if isinstance(stored, dict) else {}  # pyright: ignore[reportUnknownArgumentType]
    found = metadata.get("format")
    if found != FORMAT:
        raise SltkError(f"{path} is not a ticket file of this version: its format is {found!a:.60}, not {FORMAT!r}.")
    described = {key: value for key, value in metadata.items() if isinstance(key, str) and isinstance(value, str)}
    if len(described) != len(metadata):
        raise SltkError(f"{path} is not a ticket file: an entry of its description is no text.")
    return described, tensors
