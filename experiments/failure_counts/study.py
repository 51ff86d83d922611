"""Observed failures of real tickets, layer by layer, beside the expectation that the marginals predict.

Run ``python -m experiments.failure_counts.study --target FILE`` on a state dict of the default architecture, or give
``--arch`` and ``--input-shape``; it prints a table for each method and writes ``out/failure_counts/METHOD.json``.

The expectation is exact for the mean over seeds by linearity, whatever problems share. Its interval is the one of
the sampled failure probabilities; the scatter of a handful of seeds around it comes on top, and is wider than
Poisson where problems share their univariate weights or constants.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from sltk.construct import StrongTicket, strong_ticket
from sltk.construct.failures import KINDS
from sltk.construct.methods.roles import Method
from sltk.construct.predict.success import Expectation, expected_failures
from sltk.core.files import canonical_json, write_atomic
from sltk.models.text import load_target
from sltk.networks.network import Network
from sltk.subset_sum.laws import parse_law

ARCHITECTURE = "conv(1,32,3,padding=1); relu; conv(32,32,3,padding=1); relu; flatten; linear(25088,10)"
MNIST_BOX = ((0 - 0.1307) / 0.3081, (1 - 0.1307) / 0.3081)


def main(arguments: list[str]) -> None:
    """Run every method and n, print tables, write JSON."""
    options = _options(arguments)
    network = load_target(options.target, options.arch, tuple(options.input_shape))
    options.out.mkdir(parents=True, exist_ok=True)
    for method in options.methods:
        rows = [row for n in options.n for row in run(network, method, n, options)]
        about = {"architecture": options.arch, "target": options.target.name, "law": options.law,
                 "param_eps": options.param_eps, "method": method, "rows": rows}  # fmt: skip
        write_atomic(options.out / f"{method}.json", canonical_json(about))
        Console().print(table(method, rows))


def run(network: Network, method: Method, n: int, options: argparse.Namespace) -> list[dict]:
    """One row for each stage and kind of problem at ``n``."""
    counts: list[dict[tuple[int, str], int]] = []
    ticket, started = None, time.perf_counter()
    for seed in range(options.seeds):
        ticket = strong_ticket(
            network, method=method, n=n, seed=seed, domain=tuple(options.box), param_eps=options.param_eps,
            objective="cardinality", law=parse_law(options.law),
        )  # fmt: skip
        counts.append(_by_kind(ticket))
    assert ticket is not None
    built, started = time.perf_counter() - started, time.perf_counter()
    expected = expected_failures(network, ticket.recipe, ticket.plan, trials=options.trials)
    print(f"{method}, n = {n}: {built:.1f} s for {options.seeds} tickets, "
          f"{time.perf_counter() - started:.1f} s for the prediction", file=sys.stderr)  # fmt: skip
    assert sum(e.problems for e in expected) == ticket.problems, "the prediction counts other problems than the ticket"
    return [_row(n, e, [c.get((e.stage, e.kind), 0) for c in counts]) for e in expected]


def _by_kind(ticket: StrongTicket) -> dict[tuple[int, str], int]:
    found: dict[tuple[int, str], int] = {}
    for stage, kind in zip(ticket.failures.stage, ticket.failures.kind, strict=True):
        key = int(stage), KINDS[kind].rstrip("+-")
        found[key] = found.get(key, 0) + 1
    return found


def _row(n: int, expected: Expectation, observed: list[int]) -> dict:
    return {"n": n, "stage": expected.stage + 1, "kind": expected.kind, "problems": expected.problems,
            "observed": observed, "mean": float(np.mean(observed)), "expected": expected.mean,
            "low": expected.low, "high": expected.high, "confidence": expected.confidence}  # fmt: skip


def table(method: str, rows: list[dict]) -> Table:
    """Observed counts beside expectations."""
    sheet = Table(title=f"{method}: failures of each seed beside their expectation")
    for column in ("n", "layer", "problems", "observed, by seed", "mean", "expected", "interval"):
        sheet.add_column(column, justify="left" if column in ("layer", "observed, by seed") else "right")
    for n in sorted({row["n"] for row in rows}):
        own = [row for row in rows if row["n"] == n]
        for row in own:
            sheet.add_row(*_cells(row))
        total = {key: sum(row[key] for row in own) for key in ("problems", "mean", "expected", "low", "high")}
        observed = [sum(counts) for counts in zip(*(row["observed"] for row in own), strict=True)]
        total |= {"n": n, "stage": "all", "kind": "", "observed": observed}
        sheet.add_row(*_cells(total), end_section=True, style="bold")
    return sheet


def _cells(row: dict) -> list[str]:
    return [str(row["n"]), f"{row['stage']} {row['kind']}", f"{row['problems']:,}", " ".join(map(str, row["observed"])),
            f"{row['mean']:.2f}", f"{row['expected']:.3g}", f"{row['low']:.3g} to {row['high']:.3g}"]  # fmt: skip


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Observed and expected failures, layer by layer.")
    parser.add_argument("--target", type=Path, required=True)
    parser.add_argument("--arch", default=ARCHITECTURE)
    parser.add_argument("--input-shape", type=int, nargs="+", default=[1, 28, 28])
    parser.add_argument("--box", type=float, nargs=2, default=MNIST_BOX, help="low and high of the input")
    parser.add_argument("--methods", nargs="+", default=["plus-one", "two-layer"])
    parser.add_argument("--n", type=int, nargs="+", default=[20, 24, 26])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--param-eps", type=float, default=0.01)
    parser.add_argument("--law", default="uniform(2.0)")
    parser.add_argument("--trials", type=int, default=2**20)
    parser.add_argument("--out", type=Path, default=Path("out/failure_counts"))
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
