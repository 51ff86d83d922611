"""Masks on disk: safetensors with bool tensors, written whole or not at all, checked by their hash."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.core.files import canonical_json, write_atomic
from sltk.train.tickets.named import named_tickets

FORMAT = "sltk masks 1"


def masks_of(module: nn.Module) -> dict[str, Tensor]:
    """Copies of the masks of all tickets in ``module``, by name."""
    return {name: ticket.mask.detach().clone() for name, ticket in named_tickets(module).items()}


def save_masks(module: nn.Module, path: str | Path) -> str:
    """Write the masks of ``module`` to ``path``; equal masks give equal bytes.

    Returns:
        SHA-256 of names, shapes and masks, as it stands in the file.
    """
    masks = {name: mask.cpu().contiguous() for name, mask in masks_of(module).items()}
    digest = content_hash(masks)
    # One entry, because safetensors keeps its metadata in no fixed order.
    record = canonical_json({"format": FORMAT, "sha256": digest}).decode()
    write_atomic(path, save_tensors(masks, {"masks": record}))
    return digest


def load_masks(path: str | Path) -> dict[str, Tensor]:
    """The masks in ``path``, by name.

    Raises:
        SltkError: no such file, another format, a tensor that is not bool, or content that does not match its hash.
    """
    try:
        masks = load_tensors(Path(path).read_bytes())
        with safe_open(path, framework="pt") as file:
            record = (file.metadata() or {}).get("masks", "")
    except OSError as error:
        raise SltkError(f"cannot read {path}: {error.strerror or error}; name a file that save_masks wrote.") from error
    except SafetensorError as error:
        raise SltkError(f"{path} is no safetensors file: {error}; name a file that save_masks wrote.") from error
    if any(mask.dtype != torch.bool for mask in masks.values()):
        raise SltkError(f"{path} holds tensors that are not bool; name a file that save_masks wrote.")
    if record != canonical_json({"format": FORMAT, "sha256": content_hash(masks)}).decode():
        raise SltkError(f"{path} is damaged or of another format: its masks do not match its hash; save them again.")
    return masks


def apply_masks(module: nn.Module, masks: Mapping[str, Tensor]) -> None:
    """Write ``masks`` into masks and gates of ``module``, in place.

    Raises:
        SltkError: names or shapes that are not those of the tickets; nothing is written then.
    """
    tickets = named_tickets(module)
    if set(tickets) != set(masks):
        odd = ", ".join(sorted(set(tickets) ^ set(masks)))
        raise SltkError(f"masks must be named like the tickets, but these are on one side only: {odd}.")
    for name, ticket in tickets.items():
        if masks[name].shape != ticket.mask.shape or masks[name].dtype != torch.bool:
            raise SltkError(
                f"the mask of {name!r} must be bool of shape {tuple(ticket.mask.shape)}, but is {masks[name].dtype} of "
                f"shape {tuple(masks[name].shape)}."
            )
    for name, ticket in tickets.items():
        ticket.mask.copy_(masks[name])
        ticket.gate.copy_(ticket.mask)


def content_hash(masks: Mapping[str, Tensor]) -> str:
    """SHA-256 over names, shapes and bits, in order of the names."""
    digest = hashlib.sha256()
    for name in sorted(masks):
        digest.update(canonical_json([name, list(masks[name].shape)]))
        digest.update(masks[name].cpu().contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
