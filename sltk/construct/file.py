"""Tickets on disk: packed masks and a description, no weights.

A file is safetensors: one byte tensor a mask (LEB128 gaps between kept flat indices, deflated), the table of
failures, the domain, and metadata. Loading redraws the kept weights and compares their hash: a file that does
not describe the same ticket, or a source that does not come out bit for bit, is refused.
"""

import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from sltk.certify.intervals import Box
from sltk.construct.architecture import from_json
from sltk.construct.failures import FailureTable
from sltk.construct.masks import LayerMask
from sltk.construct.recipe import Recipe, description, plan_for, source_for
from sltk.construct.source import Source
from sltk.construct.ticket import StrongTicket
from sltk.core.arrays import Indices
from sltk.core.errors import SltkError
from sltk.core.files import canonical_json, write_atomic
from sltk.networks.activations.table import Activation
from sltk.networks.network import Network

FORMAT = "sltk strong ticket 1"


def save(ticket: StrongTicket, path: str | Path) -> None:
    """Write ``ticket`` to ``path``, whole or not at all. The same ticket gives the same bytes."""
    tensors = _mask_tensors(ticket.masks) | _failure_tensors(ticket.failures)
    tensors["domain"] = torch.stack([torch.as_tensor(ticket.domain.low), torch.as_tensor(ticket.domain.high)])
    record = description(ticket.architecture, ticket.recipe, ticket.source.seed)
    metadata = {
        "format": FORMAT,
        "source": canonical_json(record).decode(),
        "objective": ticket.objective,
        "problems": str(ticket.problems),
        "tolerances": canonical_json([ticket.tolerances, ticket.prune_below]).decode(),
        "weights_sha256": kept_weights_hash(ticket.source, ticket.masks),
    }
    metadata["content_sha256"] = _content_hash(tensors, metadata)
    # One entry, because safetensors keeps its metadata in no fixed order.
    write_atomic(Path(path), save_tensors(tensors, {"ticket": canonical_json(metadata).decode()}))


def load(
    path: str | Path, target: Network | None = None, custom: Mapping[str, Activation] | None = None
) -> StrongTicket:
    """Read a ticket, redraw its source, and check both against the file's hashes.

    Args:
        path: written by ``save``.
        target: enables the certificate; its architecture must be the file's.
        custom: a user's own activations by name, where the target has any.

    Raises:
        SltkError: not a ticket file, a damaged one, another architecture, or a source that comes out different.
    """
    metadata, tensors = _parse(path, Path(path).read_bytes())
    claimed = metadata.pop("content_sha256", None)
    if claimed != _content_hash(tensors, metadata):
        raise SltkError(f"{path} is damaged: its content does not match its own hash. Construct the ticket again.")
    try:
        ticket = _rebuild(metadata, tensors, custom or {})
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise SltkError(f"{path} is not a whole ticket: {error!r}. Construct the ticket again.") from error
    found = kept_weights_hash(ticket.source, ticket.masks)
    if found != metadata["weights_sha256"]:
        raise SltkError(
            f"the source of {path} does not redraw bit for bit: its kept weights hash to {found[:12]}, but the file "
            f"says {metadata['weights_sha256'][:12]}. The file or this version's generator did not build it."
        )
    return ticket if target is None else ticket.with_target(target)


def _rebuild(
    metadata: Mapping[str, str], tensors: Mapping[str, torch.Tensor], custom: Mapping[str, Activation]
) -> StrongTicket:
    record = json.loads(metadata["source"])
    recipe = Recipe(**record["recipe"])
    architecture = from_json(record["architecture"], custom)
    plan = plan_for(architecture, recipe, custom)
    tolerances, pruned = json.loads(metadata["tolerances"])
    return StrongTicket(
        source=source_for(plan, recipe, int(record["seed"])),
        plan=plan,
        masks=tuple(_unpack_mask(tensors, index) for index in range(len(plan.layers))),
        failures=_failures(tensors),
        recipe=recipe,
        architecture=architecture,
        objective=metadata["objective"],
        problems=int(metadata["problems"]),
        tolerances=tuple(tolerances),
        prune_below=tuple(pruned),
        domain=Box(*tensors["domain"]),
        custom=dict(custom),
    )


def kept_weights_hash(source: Source, masks: tuple[LayerMask, ...]) -> str:
    """SHA-256 of all kept weights and biases as little-endian float32, layer by layer in index order."""
    digest = hashlib.sha256()
    for index, mask in enumerate(masks):
        for values in (source.weights(index, mask.weight), source.biases(index, mask.bias)):
            digest.update(values.astype("<f4").tobytes())
    return digest.hexdigest()


def pack(index: Indices) -> NDArray[np.uint8]:
    """Increasing indices as deflated LEB128 gaps."""
    gaps = np.diff(index, prepend=-1) - 1
    groups = np.maximum(1, -(-np.frexp(gaps.astype(float))[1] // 7)) if gaps.size else gaps
    # frexp rounds gaps near 2**53 up at most, which only adds a zero group.
    ends = np.cumsum(groups)
    out = np.zeros(int(ends[-1]) if gaps.size else 0, dtype=np.uint8)
    place = ends - groups
    for group in range(int(groups.max(initial=0))):
        here = groups > group
        more = (groups[here] > group + 1).astype(np.uint8) << 7
        out[place[here] + group] = ((gaps[here] >> (7 * group)) & 0x7F).astype(np.uint8) | more
    return np.frombuffer(zlib.compress(out.tobytes(), 9), dtype=np.uint8).copy()


def unpack(packed: NDArray[np.uint8]) -> Indices:
    """The indices that ``pack`` packed.

    Raises:
        SltkError: the bytes are not such a packing.
    """
    try:
        data = np.frombuffer(zlib.decompress(packed.tobytes()), dtype=np.uint8)
    except zlib.error as error:
        raise SltkError(f"a mask in the file cannot be inflated ({error}); the file is damaged.") from error
    if not data.size:
        return np.zeros(0, dtype=np.int64)
    last = data < 0x80
    if not last[-1]:
        raise SltkError("a mask in the file ends inside a number; the file is damaged.")
    starts = np.concatenate([[0], np.flatnonzero(last)[:-1] + 1])
    order = np.arange(data.size) - np.repeat(starts, np.diff(np.append(starts, data.size)))
    if order.max() > 8:
        raise SltkError("a mask in the file holds a number over 2**63; the file is damaged.")
    gaps = np.add.reduceat((data & 0x7F).astype(np.int64) << (7 * order), starts)
    return np.cumsum(gaps + 1) - 1


def _mask_tensors(masks: tuple[LayerMask, ...]) -> dict[str, torch.Tensor]:
    tensors = {}
    for index, mask in enumerate(masks):
        tensors[f"mask.{index}.weight"] = torch.from_numpy(pack(mask.weight))
        tensors[f"mask.{index}.bias"] = torch.from_numpy(pack(mask.bias))
    return tensors


def _unpack_mask(tensors: Mapping[str, torch.Tensor], index: int) -> LayerMask:
    weight, bias = tensors[f"mask.{index}.weight"], tensors[f"mask.{index}.bias"]
    return LayerMask(unpack(weight.numpy()), unpack(bias.numpy()))


def _failure_tensors(failures: FailureTable) -> dict[str, torch.Tensor]:
    return {f"failures.{f.name}": torch.from_numpy(getattr(failures, f.name)) for f in fields(failures)}


def _failures(tensors: Mapping[str, torch.Tensor]) -> FailureTable:
    return FailureTable(**{f.name: tensors[f"failures.{f.name}"].numpy() for f in fields(FailureTable)})


def _content_hash(tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, str]) -> str:
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
        metadata = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["ticket"])
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise SltkError(f"{path} is not a ticket file: {error!r}.") from error
    found = metadata.get("format") if isinstance(metadata, dict) else None
    if found != FORMAT:
        raise SltkError(f"{path} is not a ticket file: its format is {found!r}, not {FORMAT!r}.")
    return metadata, tensors
