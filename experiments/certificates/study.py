"""How far a proved bound is above the largest error that anyone finds, by every way of a certificate.

Run ``sltk run certificates``; it prints tables, and writes ``out/certificates/study.json`` and
``ratios.png``. Sixty random networks, five for each of twelve activations: dense of three stages under both methods,
dense of four, convolutional and residual ones, whose method alternates; inputs in [-1, 1], n = 20, parameters to .01.
Nothing here was chosen by looking at these seeds.

Every ticket's error is sought by an attack and on random inputs (``sampled.py``), and held against every bound: a
bound below it is broken, and the study fails. The domains of networks of at most eight inputs are also bisected for
``seconds`` of one core: 30 of them, as in ``--preset paper``, are asked to halve what is asked of the certificate. The
standard run has 10, and a tenth of the inputs, since four fifths of its time went into inputs.
"""

import math
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, ClassVar

import torch
from rich.table import Table
from torch import Tensor

from experiments.certificates.figure import RATIOS, WAYS
from experiments.certificates.sampled import sampled
from experiments.certificates.targets import ACTIVATIONS, SHAPES, target
from sltk.certify.adversary import sup_error
from sltk.certify.differential.split import bisected
from sltk.certify.intervals import Box
from sltk.construct import Construction, Recipe
from sltk.core.threads import limit
from sltk.harness.study import Study, StudyOptions, StudyRow

BOX, N, PARAM_EPS = Box(-1.0, 1.0), 20, 0.01
ASKED = {"dense, two-layer": 2.0, "dense, plus-one": 5.0, "deep, plus-one": 12.0, "conv": 8.0, "residual": 15.0}
SMALL = 8  # inputs up to which the domain is bisected
REAL = 1e-9  # of a bound in real arithmetic: far more than float64 loses in these networks


@dataclass(frozen=True, kw_only=True)
class CertificateOptions(StudyOptions):
    """What is asked."""

    activations: tuple[str, ...] = tuple(ACTIVATIONS)
    """Of the targets."""
    seed: int = 100
    """Of targets and sources."""
    samples: int = 10**5
    """Random inputs of every ticket, beside the attack."""
    seconds: float = 10.0
    """Of bisection, where there are few inputs, on one core."""
    out: Path = Path("out/certificates")


class Certificates(Study[CertificateOptions]):
    """One ticket a cell."""

    name = "certificates"
    revision = 4
    claim = "differential-relaxation"
    minutes = 13.0
    measures = "Proved bounds over the largest error found, on random networks of five families."
    options = CertificateOptions
    quick: ClassVar = {"activations": ("relu", "tanh"), "samples": 2000, "seconds": 0.2}
    paper: ClassVar = {"samples": 10**6, "seconds": 30.0}
    clocks: ClassVar = frozenset({"seconds", "bisected", "boxes"})
    figures: ClassVar = {"ratios": RATIOS}
    width = 112

    def cells(self, options: CertificateOptions) -> dict[str, dict[str, Any]]:
        """Every kind and activation."""
        found: dict[str, dict[str, Any]] = {}
        for place, activation in enumerate(options.activations):
            for kind in ASKED:
                family, _, method = kind.partition(", ")
                few = math.prod(SHAPES[family]) <= SMALL
                found[f"{kind}, {activation}"] = {
                    "kind": kind, "family": family, "activation": activation, "seed": options.seed,
                    "method": method or ("plus-one", "two-layer")[place % 2],
                    "samples": options.samples, "seconds": options.seconds if few else 0.0,
                }  # fmt: skip
        return found

    def measure(self, cell: Mapping[str, Any], options: CertificateOptions) -> dict[str, Any]:
        """What is proved and what is found of the error of one ticket."""
        with limit(1):
            return _measured(cell)

    def conclude(self, rows: Sequence[StudyRow], options: CertificateOptions) -> dict[str, Any]:
        """All rows, and which bounds were broken."""
        found = [{**{k: row.cell[k] for k in ("kind", "method", "activation")}, **row.outputs} for row in rows]
        asked = {"asked": ASKED, "samples": options.samples, "bisection": options.seconds}
        return {"rows": found, **asked, "broken": list(_broken(found))}

    def holds(self, document: Mapping[str, Any]) -> bool:
        """No error was found above what is proved; how close the bounds are is not held against them here."""
        return not document["broken"]

    def tables(self, document: Mapping[str, Any]) -> Iterator[Table | str]:
        """Medians and extremes by kind, and by method where a kind has two; broken bounds by name."""
        made = Table("networks", "tickets", "asked", title="Proved bound over error found: median (least to largest)")
        for label in WAYS.values():
            made.add_column(label, justify="right")
        for kind in ASKED:
            own = [r for r in document["rows"] if r["kind"] == kind]
            _add(made, kind, own, f"{document['asked'][kind]:g}")
            methods = sorted({r["method"] for r in own})
            for method in methods if len(methods) > 1 else ():
                _add(made, f"  {method}", [r for r in own if r["method"] == method], "")
        made.caption = f"{document['samples']:,} random inputs a ticket; bisected longer: half is asked, of 30 s"
        yield made
        yield f"bounds broken: {', '.join(document['broken']) or 'none'}, in {len(document['rows'])} tickets"


def _measured(cell: Mapping[str, Any]) -> dict[str, Any]:
    network, seed = target(cell["family"], cell["activation"], cell["seed"]), cell["seed"]
    ticket = Construction(network, BOX, Recipe(cell["method"], N, PARAM_EPS, law="uniform(2.0)")).build(seed)
    single, double = ticket.module("sparse").eval(), ticket.module("sparse").double().eval()
    attack = sup_error(network, double, BOX, shape=SHAPES[cell["family"]], restarts=16, steps=40, seed=seed)
    seen = sampled(network, double, single, cell["samples"], seed, attack.input)
    started = time.process_time()
    certificate = ticket.certificate
    seconds, longer = time.process_time() - started, None
    if cell["seconds"] > 0:
        longer = bisected(network, BOX, ticket.realised, cell["seconds"], clock=time.process_time)
    return {
        "found": max(attack.error, seen.double), "attack": attack.error, "sampled": seen.double,
        "found_float32": seen.single, "apart": seen.apart, "intervals": certificate.ways[0].bound,
        "relaxation": certificate.ways[1].bound, "bound": certificate.bound, "best": certificate.best,
        "seconds": seconds, "bisected": None if longer is None else min(certificate.bound, _largest(longer.per_output)),
        "boxes": None if longer is None else longer.boxes, "failures": len(ticket.failures),
        "bound_float32": ticket.as_run(torch.float32).bound, "bound_float64": ticket.as_run(torch.float64).bound,
    }  # fmt: skip


def _broken(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Bounds below what was found, as ``way of ticket``."""
    for row in rows:
        held = [(key, row[key], row["found"], REAL) for key in WAYS]
        held += [("bound_float64", row["bound_float64"], row["found"], 0.0)]
        held += [("bound_float32", row["bound_float32"], row["found_float32"], 0.0)]
        for key, bound, found, spare in held:
            if bound is not None and not found <= bound * (1 + spare):
                yield f"{key} of {row['kind']} {row['activation']}"


def _largest(per_output: Tensor | None) -> float:
    return math.inf if per_output is None else float(per_output.max())


def _add(table: Table, name: str, rows: Sequence[Mapping[str, Any]], asked: str) -> None:
    said = (_said([r[key] / r["found"] for r in rows if r[key] is not None]) for key in WAYS)
    table.add_row(name, str(len(rows)), asked, *said)


def _said(ratios: list[float]) -> str:
    return f"{median(ratios):.3g} ({min(ratios):.3g} to {max(ratios):.3g})" if ratios else "-"


STUDY = Certificates()

if __name__ == "__main__":
    sys.exit(STUDY.main())
