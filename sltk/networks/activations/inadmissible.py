"""Functions that fail the hypothesis of the constructions, known so that the refusal can say why."""

import math

import torch
from torch import Tensor

from sltk.networks.activations.activation import Activation, Remainder
from sltk.networks.activations.entry import EXACT, LINEAR
from sltk.networks.activations.profile import lines


def _step(x: Tensor) -> Tensor:
    return (x >= 0).to(x.dtype)


INADMISSIBLE = {phi.name: phi for phi in (
    Activation("abs", torch.abs, 1.0, -1.0, 0.0, 1.0, LINEAR, minimum=0.0, rounding=EXACT,
               profile=lines(-1.0, 1.0, kinks=(0.0,))),
    Activation("square", torch.square, 0.0, 0.0, 0.0, math.inf, Remainder(1.0, 2, math.inf), minimum=0.0),
    Activation("sign", torch.sign, 0.0, 0.0, 0.0, math.inf, Remainder(1.0, 0, math.inf), rounding=EXACT),
    Activation("step", _step, 0.0, 0.0, 1.0, math.inf, Remainder(1.0, 0, math.inf), rounding=EXACT),
)}  # fmt: skip
INADMISSIBLE["heaviside"] = INADMISSIBLE["step"]
