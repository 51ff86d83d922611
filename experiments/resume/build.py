"""The ticket that is built, killed and resumed; what a child process runs."""

from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sltk.construct import save, strong_ticket
from sltk.subset_sum.laws import Uniform

SHAPE = (2, 6, 6)
SETTINGS: dict[str, Any] = {
    "method": "plus-one", "seed": 1, "domain": (-1.0, 1.0), "input_shape": SHAPE, "param_eps": 0.003,
}  # fmt: skip


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


def parts(place: Path) -> Path:
    """Where the solved stages of ``place`` lie."""
    return place.with_suffix(".parts")


def build(place: Path, n: int, ready: Event) -> None:
    """The ticket into ``place``, from its parts where there are some."""
    module = Blocks()
    ready.set()
    save(strong_ticket(module, **SETTINGS, n=n, law=Uniform(3.0), parts=parts(place)), place)
