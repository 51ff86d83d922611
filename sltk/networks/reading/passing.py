"""What does nothing in eval mode, and so is read as no step at all."""

import torch.nn.functional as F
from torch import nn

from sltk.core.errors import SltkError
from sltk.networks.op import Op
from sltk.networks.spelling import Call, Spellings

SKIPPED = (
    nn.Identity,
    nn.Dropout,
    nn.Dropout1d,
    nn.Dropout2d,
    nn.Dropout3d,
    nn.AlphaDropout,
    nn.FeatureAlphaDropout,
)


def _module(call: Call, module: nn.Module) -> tuple[Op, ...]:
    return ()


def _contiguous(call: Call, /) -> tuple[Op, ...]:
    return ()


def _dropout(call: Call, /, p: float = 0.5, training: bool = True, inplace: bool = False) -> tuple[Op, ...]:
    if training is not False:
        raise SltkError(f"layer {call.name!r} drops at random in eval mode as well; pass training=self.training.")
    return ()


PASSING: Spellings[tuple[Op, ...]] = Spellings(
    dict.fromkeys(SKIPPED, _module),
    dict.fromkeys((F.dropout, F.dropout2d, F.alpha_dropout), _dropout),
    {"contiguous": _contiguous},
)
