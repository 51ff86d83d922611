"""The ticket that is built, killed and resumed; what a child process runs."""

from dataclasses import replace
from multiprocessing.synchronize import Event
from pathlib import Path

import torch
from torch import Tensor, nn

from sltk.construct import Construction, Recipe, Run, save

SHAPE = (2, 6, 6)
RECIPE, SEED = Recipe("plus-one", param_eps=0.003, law="uniform(3.0)"), 1


class Blocks(nn.Module):
    """A stem, ``blocks`` sigmoid blocks with identity skips, a strided one with a projection, a readout."""

    def __init__(self, blocks: int = 6) -> None:
        super().__init__()
        self.phi = nn.Sigmoid()
        self.stem = nn.Conv2d(2, 3, 3, padding=1)
        self.inner = nn.ModuleList(nn.Conv2d(3, 3, 3, padding=1) for _ in range(2 * blocks))
        self.down, self.short = nn.Conv2d(3, 3, 3, stride=2, padding=1), nn.Conv2d(3, 3, 1, stride=2)
        self.pool, self.end = nn.AdaptiveAvgPool2d(1), nn.Linear(3, 2)
        generator = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for tensor in self.parameters():
                tensor.copy_(torch.rand(tensor.shape, generator=generator) - 0.5)

    def forward(self, x: Tensor) -> Tensor:
        """Two outputs."""
        x = self.phi(self.stem(x))
        for number in range(0, len(self.inner), 2):
            x = self.phi(self.inner[number + 1](self.phi(self.inner[number](x))) + x)
        return self.end(self.pool(self.phi(self.down(x) + self.short(x))).flatten(1))


def checkpoint(place: Path) -> Path:
    """Where the solved stages of ``place`` lie."""
    return place.with_suffix(".checkpoint")


def build(place: Path, n: int, ready: Event) -> None:
    """The ticket into ``place``, from its checkpoint where there is one."""
    asked = Construction(Blocks(), (-1.0, 1.0), replace(RECIPE, n=n), input_shape=SHAPE)
    ready.set()
    save(asked.build(SEED, run=Run(checkpoint(place))), place)
