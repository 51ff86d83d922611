"""How far a proved bound is above the largest error that anyone finds, by intervals and by the differential relaxation.

Run ``python -m experiments.certificates.study``; it prints a table, and writes ``out/certificates/study.json`` and
``ratios.png``. Sixty random networks, five for each of twelve activations: dense of three stages under both
methods, dense of four, convolutional and residual ones, whose method alternates; inputs in [-1, 1], n = 20,
parameters to .01. Every ticket's error is sought by an attack and on random inputs, in float64 and in float32, and a
bound below it is counted as broken. Dense ones have six inputs: with ``--seconds 30`` their domain is bisected for as
long, beyond what every certificate does. Nothing here was chosen by looking at these seeds.
"""

import math
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, ClassVar

import torch
from rich.table import Table
from torch import Tensor, nn

from experiments.certificates.figure import RATIOS, WAYS
from experiments.certificates.targets import ACTIVATIONS, SHAPES, target
from sltk.certify.adversary import sup_error
from sltk.certify.differential.split import bisected
from sltk.certify.intervals import Box
from sltk.construct import Construction, Recipe
from sltk.core.rng import torch_stream
from sltk.harness.study import Study, StudyOptions, StudyRow
from sltk.networks.network import Network

BOX, N, PARAM_EPS, BATCH = Box(-1.0, 1.0), 20, 0.01, 2**13
KINDS = ("dense, two-layer", "dense, plus-one", "deep, plus-one", "conv", "residual")
SMALL = 8  # inputs up to which the domain is bisected


@dataclass(frozen=True, kw_only=True)
class CertificateOptions(StudyOptions):
    """What is asked."""

    activations: tuple[str, ...] = tuple(ACTIVATIONS)
    """Of the targets."""
    seed: int = 100
    """Of targets and sources."""
    samples: int = 10**5
    """Random inputs of every ticket, beside the attack."""
    seconds: float = 0.0
    """Of bisection, where there are few inputs, on one core."""
    out: Path = Path("out/certificates")


class Certificates(Study[CertificateOptions]):
    """One ticket a cell."""

    name = "certificates"
    revision = 2
    claim = "differential-relaxation"
    measures = "Proved bounds over the largest error found, on random networks of three families."
    options = CertificateOptions
    quick: ClassVar = {"activations": ("relu", "tanh"), "samples": 2000}
    figures: ClassVar = {"ratios": RATIOS}
    width = 110

    def cells(self, options: CertificateOptions) -> dict[str, dict[str, Any]]:
        """Every kind and activation."""
        found: dict[str, dict[str, Any]] = {}
        for place, activation in enumerate(options.activations):
            for kind in KINDS:
                family, _, method = kind.partition(", ")
                found[f"{kind}, {activation}"] = {
                    "kind": kind, "family": family, "activation": activation, "seed": options.seed,
                    "method": method or ("plus-one", "two-layer")[place % 2],
                    "samples": options.samples, "seconds": options.seconds,
                }  # fmt: skip
        return found

    def measure(self, cell: Mapping[str, Any], options: CertificateOptions) -> dict[str, Any]:
        """What is proved and what is found of the error of one ticket."""
        network, seed = target(cell["family"], cell["activation"], cell["seed"]), cell["seed"]
        recipe = Recipe(cell["method"], N, PARAM_EPS, law="uniform(2.0)")
        ticket = Construction(network, BOX, recipe).build(seed)
        module, shape = ticket.module("sparse").double().eval(), SHAPES[cell["family"]]
        attack = sup_error(network, module, BOX, shape=shape, restarts=16, steps=40, seed=seed)
        sampled, single = _sampled(network, module, ticket.module("sparse").eval(), cell["samples"], seed)
        started = time.process_time()
        certificate = ticket.certificate
        seconds, longer = time.process_time() - started, None
        if cell["seconds"] > 0 and math.prod(shape) <= SMALL:
            longer = bisected(network, BOX, ticket.realised, cell["seconds"], clock=time.process_time)
        return {
            "found": max(attack.error, sampled), "intervals": certificate.ways[0].bound, "bound": certificate.bound,
            "relaxation": certificate.ways[1].bound, "best": certificate.best, "seconds": seconds,
            "bisected": None if longer is None else min(certificate.bound, _largest(longer.per_output)),
            "boxes": None if longer is None else longer.boxes, "failures": len(ticket.failures),
            "found_float32": single, "bound_float32": ticket.as_run(torch.float32).bound,
        }  # fmt: skip

    def conclude(self, rows: Sequence[StudyRow], options: CertificateOptions) -> dict[str, Any]:
        """All rows, and how many bounds were broken."""
        found = [{**{k: row.cell[k] for k in ("kind", "method", "activation")}, **row.outputs} for row in rows]
        broken = sum(r["found"] > min(r["bisected"] or math.inf, r["bound"]) * (1 + 1e-9) for r in found)
        broken += sum(r["found_float32"] > r["bound_float32"] for r in found)
        return {"rows": found, "broken": broken}

    def tables(self, document: Mapping[str, Any]) -> list[Table]:
        """Medians and extremes by kind."""
        made = Table("networks", "tickets", title="Proved bound over error found: median (least to largest)")
        for label in WAYS.values():
            made.add_column(label, justify="right")
        for kind in dict.fromkeys(r["kind"] for r in document["rows"]):
            own = [r for r in document["rows"] if r["kind"] == kind]
            made.add_row(kind, str(len(own)), *(_said([r[key] / r["found"] for r in own if r[key]]) for key in WAYS))
        made.caption = f"bounds broken: {document['broken']} of {len(document['rows'])}"
        return [made]


def _largest(per_output: Tensor | None) -> float:
    return math.inf if per_output is None else float(per_output.max())


def _sampled(network: Network, module: nn.Module, single: nn.Module, samples: int, seed: int) -> tuple[float, float]:
    """Largest errors on random inputs: of the module in float64, and of the one in float32."""
    generator, found = torch_stream(seed, "certificates", "inputs"), [0.0, 0.0]
    with torch.no_grad():
        for first in range(0, samples, BATCH):
            rows = min(BATCH, samples - first)
            x = (2.0 * torch.rand(rows, *network.input_shape, generator=generator) - 1.0).double()
            truth = network(x)
            for place, given in enumerate((module(x), single(x.float()).double())):
                found[place] = max(found[place], float((truth - given).abs().max()))
    return found[0], found[1]


def _said(ratios: list[float]) -> str:
    return f"{median(ratios):.3g} ({min(ratios):.3g} to {max(ratios):.3g})" if ratios else "-"


STUDY = Certificates()

if __name__ == "__main__":
    sys.exit(STUDY.main())
