"""The mask of a strong ticket: for every source layer, the flat indices of what is kept."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sltk.construct.source import MATERIALISE_LIMIT, SourceLayer
from sltk.core.errors import SltkError
from sltk.core.numerics.arrays import Indices


@dataclass(frozen=True)
class LayerMask:
    """Kept weights and biases of one source layer: flat indices, sorted, each once."""

    weight: Indices
    bias: Indices

    def __post_init__(self) -> None:
        for name in ("weight", "bias"):
            index = getattr(self, name)
            if index.dtype != np.int64 or index.ndim != 1 or np.any(np.diff(index) <= 0):
                raise SltkError(
                    f"LayerMask needs {name} as increasing int64 indices, but got {index.dtype} of shape {index.shape}."
                )

    def kept(self) -> int:
        """Number of kept parameters."""
        return self.weight.size + self.bias.size

    def dense(self, layer: SourceLayer, limit: int = MATERIALISE_LIMIT) -> NDArray[np.bool_]:
        """The boolean weight mask in the shape of ``layer``'s weight.

        Raises:
            SltkError: it has more than ``limit`` entries.
        """
        if layer.weight_count > limit:
            raise SltkError(
                f"the boolean mask of layer {layer.name!r} has {layer.weight_count:,} entries, over the limit of "
                f"{limit:,}. Use the index set LayerMask.weight, or pass a larger limit."
            )
        mask = np.zeros(layer.weight_count, dtype=bool)
        mask[self.weight] = True
        return mask.reshape(layer.weight_shape)

    def dense_bias(self, layer: SourceLayer) -> NDArray[np.bool_]:
        """The boolean bias mask, ``(outputs,)``."""
        mask = np.zeros(layer.outputs, dtype=bool)
        mask[self.bias] = True
        return mask
