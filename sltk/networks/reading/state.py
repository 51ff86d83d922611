"""State dicts from files, with pruning masks applied. A file is data: nothing in it is run."""

import warnings
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from sltk.core.errors import SltkError

MASK, COUNTER = "_mask", "num_batches_tracked"


def state_dict(path: str | Path) -> dict[str, Tensor]:
    """The tensors in ``path`` by name, each multiplied by its mask where the file holds one.

    Args:
        path: ``.safetensors``, or what ``torch.save`` wrote: a dict of tensors, or one under the key ``state_dict``.
            A mask ``w_mask`` belongs to the tensor ``w``, or ``w_orig`` as ``torch.nn.utils.prune`` has it.

    Raises:
        SltkError: a file that is missing or holds anything but dense float tensors; a mask without its tensor, of
            another shape, or with entries besides 0 and 1.
    """
    path = Path(path)
    tensors = _loaded(path)
    for name in [name for name in tensors if name.endswith(COUNTER)]:
        del tensors[name]  # how many batches a norm has seen is no weight
    masks = {name.removesuffix(MASK): tensors.pop(name) for name in list(tensors) if name.endswith(MASK)}
    for name, mask in masks.items():
        stored = name if name in tensors else f"{name}_orig"
        if stored not in tensors:
            raise SltkError(f"{path} holds {name}{MASK} but neither {name} nor {name}_orig.")
        tensors[name] = _masked(tensors.pop(stored), mask, name, path)
    for name, tensor in tensors.items():
        if not tensor.is_floating_point():
            raise SltkError(f"{path}: tensor {name} holds {tensor.dtype}; only real floats are weights.")
    return tensors


def _loaded(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise SltkError(f"{path} is no file; name a state dict (.pt, .pth or .safetensors).")
    try:
        if path.suffix == ".safetensors":
            return load_file(path, device="cpu")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of what it then refuses
            found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file makes torch raise nearly anything
        said = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise SltkError(f"{path} cannot be read as plain tensors: {said} Save module.state_dict() instead.") from error
    if isinstance(found, dict) and isinstance(found.get("state_dict"), dict):
        found = found["state_dict"]
    return _require_tensors(found, path)


def _require_tensors(found: Any, path: Path) -> dict[str, Tensor]:
    if not isinstance(found, dict):
        raise SltkError(f"{path} holds a {type(found).__name__}; only a dict of tensors is read: module.state_dict().")
    for name, tensor in found.items():
        if not isinstance(name, str) or not isinstance(tensor, Tensor) or tensor.layout != torch.strided:
            raise SltkError(f"{path}: entry {name!r} is no dense tensor with a name; save module.state_dict() instead.")
    return {name: tensor.detach() for name, tensor in found.items()}


def _masked(tensor: Tensor, mask: Tensor, name: str, path: Path) -> Tensor:
    if mask.shape != tensor.shape:
        shapes = f"{tuple(mask.shape)}, its tensor {tuple(tensor.shape)}"
        raise SltkError(f"{path}: {name}{MASK} is {shapes}; a mask has the shape of its tensor.")
    if not bool(((mask == 0) | (mask == 1)).all()):
        raise SltkError(f"{path}: {name}{MASK} has entries besides 0 and 1; a mask keeps or drops.")
    # Not a product: what a mask drops is 0 even where it is NaN, and -0 has no place in a count.
    return torch.where(mask != 0, tensor, torch.zeros_like(tensor))
