"""Widths of a whole network: what is certified by layer, and what succeeds when tickets are really built.

Run ``python -m experiments.network_widths.study --target FILE`` on a state dict of the default architecture, or give
``--arch``, ``--input-shape`` and ``--box``. For each method it prints the certified widths
(``sltk.construct.predict.widths``) and, for each ``--n``, over how many seeds the ticket's own certificate is within
eps, with an exact interval; it writes ``out/network_widths/METHOD.json``. Every ticket is kept as a row: a run that
was stopped goes on where it was.
"""

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from sltk.construct import strong_ticket
from sltk.construct.methods.roles import Method
from sltk.construct.predict.widths import required_widths
from sltk.core.files import canonical_json, write_atomic
from sltk.core.stats import clopper_pearson
from sltk.models.text import load_target
from sltk.networks.network import Network
from sltk.subset_sum.laws import parse_law

ARCHITECTURE = "conv(1,32,3,padding=1); relu; conv(32,32,3,padding=1); relu; flatten; linear(25088,10)"
MNIST_BOX = ((0 - 0.1307) / 0.3081, (1 - 0.1307) / 0.3081)
CONFIDENCE = 0.95


def main(arguments: list[str]) -> None:
    """Certify, measure, print, write."""
    options = _options(arguments)
    network = load_target(options.target, options.arch, tuple(options.input_shape))
    for method in options.methods:
        proved = required_widths(
            network, method=method, eps=options.eps, delta=options.delta, domain=tuple(options.box),
            law=parse_law(options.law),
        )  # fmt: skip
        rows = [_measured(network, method, n, options) for n in options.n]
        result = {
            "eps": options.eps, "delta": options.delta, "law": options.law, "target": options.target.name,
            "architecture": options.arch, "method": method, "certified": [asdict(pool) for pool in proved.pools],
            "bound": proved.certificate.bound, "measured": rows, "confidence": CONFIDENCE,
        }  # fmt: skip
        write_atomic(options.out / f"{method}.json", canonical_json(result))
        _print(result)


def _measured(network: Network, method: Method, n: int, options: argparse.Namespace) -> dict:
    tickets = [_ticket(network, method, n, seed, options) for seed in range(options.seeds)]
    successes = sum(ticket["bound"] <= options.eps for ticket in tickets)
    interval = clopper_pearson(successes, options.seeds, CONFIDENCE)
    bounds = [ticket["bound"] for ticket in tickets]
    return {
        "n": n, "seeds": options.seeds, "successes": successes, "low": interval.low, "high": interval.high,
        "bound": float(np.median(bounds)), "worst": max(bounds),
        "unreached": float(np.mean([ticket["unreached"] for ticket in tickets])),
        "seconds": float(np.median([ticket["seconds"] for ticket in tickets])),
    }  # fmt: skip


def _ticket(network: Network, method: Method, n: int, seed: int, options: argparse.Namespace) -> dict:
    place = options.out / "tickets" / f"{method}-{options.law}-eps{options.eps}-n{n}-seed{seed}.json"
    if place.is_file():
        return json.loads(place.read_text("utf-8"))
    started = time.perf_counter()
    ticket = strong_ticket(
        network, method=method, n=n, seed=seed, domain=tuple(options.box), eps=options.eps, law=parse_law(options.law)
    )
    row = {"bound": ticket.certificate.bound, "unreached": len(ticket.failures), "problems": ticket.problems,
           "seconds": time.perf_counter() - started}  # fmt: skip
    write_atomic(place, canonical_json(row))
    return row


def _print(result: dict) -> None:
    console = Console(width=112)
    table = Table(title=f"{result['method']}: certified widths, eps {result['eps']:g}, delta {result['delta']:g}",
                  title_justify="left")  # fmt: skip
    for name in ("layer", "pools of", "tolerance", "problems", "floor", "certificate", "closed form"):
        table.add_column(name)
    for pool in result["certified"]:
        table.add_row(pool["stage"], pool["kind"], f"{pool['tolerance']:.2g}", f"{pool['problems']:,}",
                      *(str(pool[name]) for name in ("floor", "certificate", "closed_form")))  # fmt: skip
    console.print(table)
    table = Table(title=f"{result['method']}: tickets that were built, certificate within {result['eps']:g}",
                  title_justify="left")  # fmt: skip
    for name in ("n", "success", "exact 95% interval", "certificate, median", "worst", "not to tolerance", "seconds"):
        table.add_column(name)
    for row in result["measured"]:
        table.add_row(str(row["n"]), f"{row['successes']}/{row['seeds']}", f"{row['low']:.3f} to {row['high']:.3f}",
                      f"{row['bound']:.3g}", f"{row['worst']:.3g}", f"{row['unreached']:.1f}", f"{row['seconds']:.1f}",
                      )  # fmt: skip
    console.print(table)


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", type=Path, required=True)
    parser.add_argument("--arch", default=ARCHITECTURE)
    parser.add_argument("--input-shape", type=int, nargs="+", default=[1, 28, 28])
    parser.add_argument("--box", type=float, nargs=2, default=MNIST_BOX)
    parser.add_argument("--law", default="uniform(3.0)")
    parser.add_argument("--eps", type=float, default=0.5)
    parser.add_argument("--delta", type=float, default=0.05)
    parser.add_argument("--methods", nargs="+", default=["two-layer", "plus-one"], choices=["two-layer", "plus-one"])
    parser.add_argument("--n", type=int, nargs="+", default=[20, 22, 24, 26])
    parser.add_argument("--seeds", type=int, default=73)
    parser.add_argument("--out", type=Path, default=Path("out/network_widths"))
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
