"""How a phase of training goes: optimiser, rate, batch."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.train.loop.fused_sgd import FusedSgd
from sltk.train.loop.rates import COSINE, Rates


@dataclass(frozen=True)
class TrainingRecipe:
    """Optimiser and its rate as a function of the step.

    Args:
        optimiser: ``sgd``, under which training in any orthonormal basis is training in the canonical one, or
            ``adam``, under which it is not.
        rate: at the start.
        momentum: of ``sgd``.
        decay: weight decay, ``decay/2 ||c||^2``.
        batch: rows a step.
        total: steps over which a cosine takes the rate to 0; 0 leaves out the cosine.
        milestones: steps at which the rate is multiplied by ``factor``.
        factor: see ``milestones``.
        rates: how the rate goes over each training, whatever its length, where there are no milestones.
        precision: of the products of a forward and a backward pass; ``bfloat16`` keeps what is trained, the optimiser
            and every transform into and out of a basis in the dtype of the coefficients.
    """

    optimiser: Literal["sgd", "adam"] = "sgd"
    rate: float = 0.1
    momentum: float = 0.9
    decay: float = 0.0
    batch: int = 64
    total: int = 0
    milestones: tuple[int, ...] = ()
    factor: float = 0.1
    rates: Rates = COSINE
    precision: Literal["full", "bfloat16"] = "full"

    def __post_init__(self) -> None:
        if self.optimiser not in ("sgd", "adam"):
            raise SltkError(f"optimiser must be sgd or adam, but got {self.optimiser!r}.")
        if self.precision not in ("full", "bfloat16"):
            raise SltkError(f"precision must be full or bfloat16, but got {self.precision!r}.")
        if not (self.rate > 0 and 0 <= self.momentum < 1 and self.decay >= 0 and self.batch >= 1 and self.total >= 0):
            raise SltkError(
                f"a recipe needs rate > 0, 0 <= momentum < 1, decay >= 0, batch >= 1, total >= 0, but got {self}."
            )

    def rate_at(self, step: int) -> float:
        """Rate of step ``step``, counted from 0."""
        rate = self.rate * self.rates.risen(step) * self.factor ** sum(step >= m for m in self.milestones)
        return rate * 0.5 * (1.0 + math.cos(math.pi * min(step, self.total) / self.total)) if self.total else rate

    def flat(self, rate: float) -> "TrainingRecipe":
        """The same at a constant ``rate``."""
        return replace(self, rate=rate, total=0, milestones=(), rates=Rates("constant"))

    def over(self, steps: int) -> "TrainingRecipe":
        """The same with its ``rates`` over ``steps``; a recipe with milestones is left as it is."""
        if self.milestones:
            return self
        if self.rates.schedule == "step":
            return replace(self, total=0, milestones=self.rates.places(steps), factor=self.rates.factor)
        return replace(self, total=steps if self.rates.schedule == "cosine" else 0)

    def make(self, parameters: Iterable[Tensor]) -> torch.optim.Optimizer:
        """The optimiser; every one here works number by number, so replicas do not touch each other."""
        trained = list(parameters)
        if self.optimiser == "adam":
            # Fused, it counts its steps on the device; on a CPU there is nothing to wait for.
            elsewhere = any(p.device.type != "cpu" for p in trained)
            return torch.optim.Adam(trained, self.rate, weight_decay=self.decay, fused=elsewhere)
        # One pass over each tensor in place of four; with many small layers that is a quarter of a step.
        return FusedSgd(trained, self.rate, momentum=self.momentum, decay=self.decay)
