"""Target, source and masks as plain ``.safetensors`` files, for tools that know nothing of tickets."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from safetensors.torch import save
from torch import Tensor

from sltk.construct.export.plain import mask_dict, source_module
from sltk.construct.masks import LayerMask
from sltk.construct.source import Source
from sltk.core.errors import SltkError
from sltk.core.temporary import whole_folder
from sltk.networks.network import Network
from sltk.networks.op import Op


def export(
    folder: str | Path, target: Network, source: Source, masks: Sequence[LayerMask], before: Sequence[Op], limit: int
) -> Path:
    """Write ``target.safetensors``, ``source.safetensors`` and ``masks.safetensors``, all three or none.

    Args:
        folder: made here; it may be there if it is empty.
        target: its weights and biases go by ``LAYER.weight`` and ``LAYER.bias``, float64.
        source: its parameters go by their names in ``source_module``, float32.
        masks: go by the same names, bool.
        before: steps on the input.
        limit: most weights that a layer of the source may have.

    Returns:
        The folder.

    Raises:
        SltkError: a layer over ``limit``, a folder that is not empty, or one that cannot be written.
    """
    place = Path(folder)
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise SltkError(f"cannot export to {place}: it is there already and not empty; name a new folder.")
    kept = mask_dict(source, masks, before, limit)
    drawn = {name: value.detach() for name, value in source_module(source, before, limit).named_parameters()}
    files = {"target": target_tensors(target), "source": drawn, "masks": kept}
    try:
        whole_folder(place, {f"{name}.safetensors": _bytes(tensors) for name, tensors in files.items()})
    except OSError as error:
        raise SltkError(
            f"cannot export to {place}: {error.strerror or error}. Name a folder that is not there."
        ) from error
    return place


def target_tensors(target: Network) -> dict[str, Tensor]:
    """Weights and biases by the name of their layer; with its number before it where two have one name."""
    names = [stage.affine.name for stage in target.stages]
    if len(set(names)) < len(names):
        names = [f"{index}.{name}" for index, name in enumerate(names)]
    found: dict[str, Tensor] = {}
    for name, stage in zip(names, target.stages, strict=True):
        found[f"{name}.weight"], found[f"{name}.bias"] = stage.affine.weight, stage.affine.bias
    return found


def _bytes(tensors: Mapping[str, Tensor]) -> bytes:
    return save({name: value.contiguous().clone() for name, value in tensors.items()}, {"format": "pt"})
