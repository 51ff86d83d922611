"""Theory and practice by layer of a real residual network: the published sigmoid ResNet-20 of CIFAR-10.

Run ``SLTK_DATA=F sltk run by-layer``, where F holds CIFAR-10 (JPEG) and ``targets/resnet20_cifar10.pt``. A ticket by
two-layer, whose recipe chooses itself, has one copy of every neuron, so that its values stand beside the target's layer
by layer: the largest error on 40 test images and the typical one, what interval arithmetic proves of all inputs, and
the size of the target's values. Beside them parameters: expected and recorded failures, tolerance, worst and typical
error. Values are in float64, so that float32 has no part in them.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from rich.table import Table
from torch import Tensor

from experiments._target import RESNET20
from experiments.by_layer.figure import LAYERS
from sltk.certify.intervals import Box
from sltk.certify.propagate import certify
from sltk.construct import Construction, StrongTicket
from sltk.construct.choose.choose import choose
from sltk.construct.runtime.wired import WiredModule, held_neurons
from sltk.data.datasets import load
from sltk.harness.study import Study, StudyOptions, StudyRow
from sltk.models.text import load_target
from sltk.networks.network import run
from sltk.networks.wiring import flow


@dataclass(frozen=True, kw_only=True)
class LayerOptions(StudyOptions):
    """What is asked."""

    target: Path | None = None
    """The published state dict; by default targets/resnet20_cifar10.pt of $SLTK_DATA."""
    data_folder: Path | None = None
    """Folder that holds CIFAR-10."""
    images: int = 40
    """Test images, the first ones."""
    seed: int = 1
    """Of the source."""
    out: Path = Path("out/by_layer")


class ByLayer(Study[LayerOptions]):
    """One row: all layers of one ticket."""

    name = "by_layer"
    revision = 3
    measures = "Proved and measured errors of a published ResNet-20's ticket, layer by layer, with its parameters'."
    options = LayerOptions
    needs = "the published ResNet-20 and CIFAR-10 (JPEG)"
    quick: ClassVar = {"images": 2}
    minutes = 0.77
    figures: ClassVar = {"layers": LAYERS}

    def cells(self, options: LayerOptions) -> dict[str, dict[str, Any]]:
        """One."""
        return {"two-layer": {"sha256": RESNET20.sha256, "method": "two-layer", "seed": options.seed,
                              "images": options.images}}  # fmt: skip

    def measure(self, cell: Mapping[str, Any], options: LayerOptions) -> dict[str, Any]:
        """Build, and take apart."""
        path = RESNET20.place(options.target)
        data = load(RESNET20.data, options.data_folder)
        network, box = load_target(path, RESNET20.arch, data.input_shape), Box(data.low, data.high)
        choice = choose(network, box, {"method": cell["method"]})
        ticket = Construction(network, box, choice).build(cell["seed"])
        with torch.no_grad():
            found = errors_by_layer(ticket, data.test_x[: cell["images"]].double())
        proved = certify(network, ticket.domain, ticket.realised)
        rows = []
        for index, (error, stage, chosen) in enumerate(zip(found, proved.layers, choice.stages, strict=True)):
            parameters = ticket.parameters[index].built()
            rows.append({
                "name": stage.name, "proved": stage.leaving, **error,
                "tolerance": ticket.tolerances[index], "worst": float(parameters.max()),
                "typical_parameter": float(np.sqrt(np.mean(parameters**2))), "problems": chosen.problems,
                "expected": chosen.missed, "failures": int((ticket.failures.stage == index).sum()),
            })  # fmt: skip
        return {"layers": rows, "n": ticket.recipe.n, "bound": float(ticket.certificate.bound)}

    def conclude(self, rows: Sequence[StudyRow], options: LayerOptions) -> Mapping[str, Any]:
        """The row."""
        return {**rows[0].outputs, "images": rows[0].cell["images"]}

    def tables(self, document: Mapping[str, Any]) -> list[Table]:
        """One row a layer."""
        sheet = Table(title=f"A two-layer ticket of the published ResNet-20 by layer, n = {document['n']}")
        for name in ("layer", "missed", "expected", "tolerance", "worst", "typical", "error", "typical", "proved",
                     "values"):  # fmt: skip
            sheet.add_column(name, justify="left" if name == "layer" else "right")
        for row in document["layers"]:
            numbers = (row["expected"], row["tolerance"], row["worst"], row["typical_parameter"], row["largest_error"],
                       row["typical_error"], row["proved"], row["largest_value"])  # fmt: skip
            sheet.add_row(row["name"], str(row["failures"]), *(f"{number:.2g}" for number in numbers))
        return [sheet]


def errors_by_layer(ticket: StrongTicket, x: Tensor) -> list[dict[str, float]]:
    """What each layer of the target says on ``x``, and how far the ticket is from it; two source layers are one."""
    network, module = ticket.target, ticket.module("sparse").double().eval()
    assert network is not None
    assert isinstance(module, WiredModule)  # as that of a network with skips is
    held, seen = held_neurons(ticket.source, ticket.masks), module.outputs(x)
    found = list[dict[str, float]]()

    def step(index: int, entering: Tensor, skips: list[Tensor]) -> Tensor:
        stage = network.stages[index]
        out = run(stage.after, sum(skips, stage.affine(entering)))
        whole = torch.zeros_like(out).flatten(2) if out.dim() > 2 else torch.zeros_like(out)
        own = seen[2 * index + 1]
        whole[:, held[2 * index + 1]] = own.reshape(len(x), own.shape[1], *whole.shape[2:])
        off = whole - out.reshape(whole.shape)
        found.append({
            "largest_error": float(off.abs().max()), "typical_error": float(off.square().mean().sqrt()),
            "largest_value": float(out.abs().max()), "typical_value": float(out.square().mean().sqrt()),
        })  # fmt: skip
        return out

    flow(network.stages, run(network.before, x), step)
    return found


STUDY = ByLayer()

if __name__ == "__main__":
    sys.exit(STUDY.main())
