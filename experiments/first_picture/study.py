"""What a strong ticket is, in one picture: a random network, the part of it that is kept, and what that computes.

Run ``sltk run first-picture``; it builds one real ticket, small enough to be drawn weight by weight: a target of three
tanh neurons on [-1, 1], under ``two-layer``, from the source of seed 1.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import nn

from experiments.first_picture.figure import PICTURE
from sltk.construct import Construction, Recipe
from sltk.construct.recipe import from_record
from sltk.core.rng import torch_stream
from sltk.harness.study import Study, StudyOptions, StudyRow

RECIPE = Recipe("two-layer", 12, 0.02)
WIDTH, DIGITS = 3, 9  # digits after the point: what is drawn does not depend on the last bits of tanh


@dataclass(frozen=True, kw_only=True)
class PictureOptions(StudyOptions):
    """What is asked."""

    points: int = 81
    """Inputs at which the functions are drawn."""
    out: Path = Path("out/first_picture")


class FirstPicture(Study[PictureOptions]):
    """One ticket."""

    name = "first_picture"
    measures = "One small ticket, weight by weight, and its function beside the target's and the source's."
    options = PictureOptions
    minutes = 0.05
    quick: ClassVar = {"points": 11}
    figures: ClassVar = {"picture": PICTURE}

    def cells(self, options: PictureOptions) -> dict[str, dict[str, Any]]:
        """One."""
        return {"ticket": {"recipe": RECIPE.record(), "target": 0, "seed": 1, "points": options.points}}

    def measure(self, cell: Mapping[str, Any], options: PictureOptions) -> dict[str, Any]:
        """Weights, masks, and three functions."""
        network = target(cell["target"])
        ticket = Construction(network, (-1.0, 1.0), from_record(Recipe, cell["recipe"]), input_shape=(1,)).build(
            cell["seed"]
        )
        source, masks = ticket.source_module(), ticket.mask_dict()
        layers = [
            {"weight": tensor.tolist(), "mask": masks[name].tolist()}
            for name, tensor in source.state_dict().items() if name.endswith("weight")
        ]  # fmt: skip
        x = torch.linspace(-1.0, 1.0, cell["points"], dtype=torch.float64)[:, None]
        functions = {"target": network, "ticket": ticket.module(), "source": source}
        with torch.no_grad():
            curves = {name: _rounded(module.double()(x)) for name, module in functions.items()}
        kept, total = (sum(int(t.sum()) for t in masks.values()), sum(t.numel() for t in masks.values()))
        return {"layers": layers, "x": _rounded(x), **curves, "kept": kept, "total": total,
                "bound": round(ticket.certificate.bound, DIGITS), "failures": len(ticket.failures)}  # fmt: skip

    def conclude(self, rows: Sequence[StudyRow], options: PictureOptions) -> dict[str, Any]:
        """The row."""
        return {"rows": [{**row.cell, **row.outputs} for row in rows]}

    def holds(self, document: Mapping[str, Any]) -> bool:
        """The ticket is within its bound at every point that is drawn."""
        (row,) = document["rows"]
        off = max(abs(a - b) for a, b in zip(row["target"], row["ticket"], strict=True))
        return off <= row["bound"] + 1e-6 and not row["failures"]

    def tables(self, document: Mapping[str, Any]) -> list[str]:
        """One line."""
        (row,) = document["rows"]
        return [f"{row['kept']} of {row['total']} weights and biases kept; error at most {row['bound']:.2g} on [-1, 1]"]


def target(seed: int) -> nn.Module:
    """A network of one input and three tanh neurons, its weights uniform in [-1, 1]."""
    module = nn.Sequential(nn.Linear(1, WIDTH), nn.Tanh(), nn.Linear(WIDTH, 1))
    with torch.no_grad():
        for name, tensor in module.named_parameters():
            tensor.copy_(2.0 * torch.rand(tensor.shape, generator=torch_stream(seed, "first picture", name)) - 1.0)
    return module.double()


def _rounded(values: torch.Tensor) -> list[float]:
    return [round(float(value), DIGITS) for value in values.flatten()]


STUDY = FirstPicture()

if __name__ == "__main__":
    sys.exit(STUDY.main())
