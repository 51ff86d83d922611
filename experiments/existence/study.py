"""How often a source holds a small network: dense, convolutional, residual (claim ``plus-one-residual``).

Run ``python -m experiments.existence.study``; it writes ``out/existence/study.json`` and ``existence.png``. Rows are
stored: a run that was stopped goes on where it was.

Success over ``--seeds`` sources a point, with exact intervals, against n, eps, depth and width, beside the conditional
product formula, which has seen the target and none of the sources. A point's test refuses the formula where an exact
binomial test against the formula's interval does (false alarm 1e-9 a point, in halves); its power is that against a
success probability .1 away. Beside the curves over n, the pools that a union bound over all problems asks for, by
certificate, closed form and floor. At the least n, failures are opened up: which layer, range or resolution.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from experiments.existence.anatomy import anatomy
from experiments.existence.figure import draw
from sltk.claims._existence import ALARM, Small, cell_of, measure, predicted
from sltk.core.files import canonical_json, write_atomic
from sltk.core.rng import stream
from sltk.core.stats import clopper_pearson, power, test_proportion
from sltk.core.threads import limit
from sltk.harness.measurement import Measurement, run
from sltk.harness.rows import RowStore
from sltk.harness.stored import measured
from sltk.subset_sum.laws import Product, Uniform
from sltk.subset_sum.widths.required_size import required_size

KEY = "plus-one-residual"
FAMILIES = (Small("dense"), Small("conv", width=1), Small("residual"))
N, EPS, DELTA = 16, 0.1, 0.05
SWEEPS = {
    "n": (12, 14, 16, 18, 20, 22),
    "eps": (0.05, 0.07, 0.1, 0.14, 0.2),
    "depth": (2, 3, 4, 5),
    "width": (1, 2, 3),
}
CONFIDENCE, GAP = 0.99, 0.1


def main(arguments: list[str]) -> None:
    """Measure, predict, test, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3000)
    parser.add_argument("--trials", type=int, default=2**16, help="pools drawn for each predicted factor")
    parser.add_argument("--opened", type=int, default=300, help="tickets whose failures are opened up")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("out/existence"))
    options = parser.parse_args(arguments)
    points = {name: dict(point) for name, point in named_points().items()}
    frequencies = observe(points, options)
    first = {canonical_json(point): name for name, point in reversed(points.items())}  # equal points have one row
    inputs = {name: {"predict": points[name], "trials": options.trials} for name in first.values()}
    store = RowStore(options.out / "predicted.jsonl")
    formulas = measured(inputs, lambda name: foretold(inputs[name]), store)
    rows = [
        judged(name, point, frequencies[name], formulas[first[canonical_json(point)]], options.seeds)
        for name, point in points.items()
    ]
    opened = {small.family: failures(small, options.opened) for small in FAMILIES}
    widths = {small.family: sizes(small) for small in FAMILIES}
    result = {"key": KEY, "seeds": options.seeds, "false_alarm": ALARM * len(rows), "rows": rows, "opened": opened,
              "widths": widths, "n": N, "eps": EPS, "delta": DELTA}  # fmt: skip
    write_atomic(options.out / "study.json", canonical_json(result))
    report(result)
    draw(result, options.out / "existence.png", " ".join(["python -m experiments.existence.study", *arguments]))


def named_points() -> dict[str, Mapping[str, Any]]:
    """All points by name ``family sweep value``; the sweeps cross at one point a family."""
    found = {}
    for small in FAMILIES:
        for sweep, values in SWEEPS.items():
            for value in values:
                if sweep in ("depth", "width"):
                    cell = cell_of(replace(small, **{sweep: value}), N, EPS)
                else:
                    cell = cell_of(small, N, EPS) | {sweep: value}
                found[f"{small.family} {sweep} {value:g}"] = cell
    return found


def observe(points: Mapping[str, Mapping[str, Any]], options: argparse.Namespace) -> dict[str, int]:
    """Successes by point; equal cells are measured once."""
    cells = {canonical_json(dict(cell)): cell for cell in points.values()}
    declared = Measurement(KEY, tuple(cells.values()), (options.seeds,) * len(cells), block=500)
    store = RowStore(options.out / "rows.jsonl")
    observed = run(declared, measure, store, jobs=options.jobs, report=tell)
    found = dict(zip(cells, observed, strict=True))
    return {name: found[canonical_json(dict(cell))]["successes"] for name, cell in points.items()}


def tell(name: str, done: int, total: int) -> None:
    """One line a row, where someone looks."""
    if sys.stdout.isatty():
        print(f"\r{name}: {done} of {total}", end="" if done < total else "\n", flush=True)


def foretold(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The formula's probability with its interval."""
    cell = inputs["predict"]
    small = Small(**{name: cell[name] for name in ("family", "depth", "width", "biases", "activation")})
    found = predicted(small, cell["n"], cell["eps"], trials=inputs["trials"])
    return {"p": found.p, "low": found.low, "high": found.high}


def judged(name: str, cell: Mapping[str, Any], successes: int, formula: Mapping[str, float], seeds: int) -> dict:
    """One point: frequency with its interval, the formula's, the test, and its power."""
    low, high = formula["low"], formula["high"]
    interval = clopper_pearson(successes, seeds, CONFIDENCE)
    test = test_proportion(successes, seeds, low, high, ALARM / 2.0)
    other = low - GAP if low > GAP else min(1.0, high + GAP)
    family, sweep, value = name.split()
    return {
        "family": family, "sweep": sweep, "value": float(value), "cell": dict(cell), "successes": successes,
        "share": successes / seeds, "interval": list(interval), "p": formula["p"], "low": low, "high": high,
        "p_value": test.p_value, "refuted": test.rejected, "power": power(seeds, other, low, high, ALARM / 2.0),
    }  # fmt: skip


def failures(small: Small, tickets: int) -> list[dict]:
    """Failures at the least n, by layer, kind and cause, over tickets of their own stream."""
    total: Counter[tuple[str, str, str]] = Counter()
    seeds = stream(0, "experiments", "existence", "opened", small.family).integers(2**63, size=tickets).tolist()
    with limit(1):  # a ticket of this size is done before a second thread has started
        for seed in seeds:
            total += anatomy(small.ticket(SWEEPS["n"][0], EPS, seed))
    return [{"layer": layer, "kind": kind, "cause": why, "failures": count, "tickets": tickets}
            for (layer, kind, why), count in sorted(total.items())]  # fmt: skip


def sizes(small: Small) -> list[dict]:
    """Samples of a pool, layer by layer, so that all problems of the network are solved with ``1 - DELTA``."""
    ticket, found = small.ticket(N, EPS, 0), []
    for index, stage in enumerate(small.network().stages):
        law = Product(Uniform(1.0), Uniform(1.0)) if index == 0 else Uniform(1.0)
        window = 2.0 * float(stage.affine.weight.abs().max())
        asked = {"law": law, "window": window}
        found.append({
            "layer": stage.affine.name,
            **{method: required_size(EPS, DELTA / ticket.problems, method=method, **asked)
               for method in ("floor", "certificate", "closed-form")},
        })  # fmt: skip
    return found


def report(result: dict) -> None:
    """Points, failures and widths."""
    for row in result["rows"]:
        print(f"{row['family']:8s} {row['sweep']:5s} {row['value']:5g}: {row['share']:.4f} in "
              f"[{row['interval'][0]:.4f}, {row['interval'][1]:.4f}], predicted {row['p']:.4f} in [{row['low']:.4f}, "
              f"{row['high']:.4f}], p-value {row['p_value']:.2g}, power {row['power']:.6f}, "
              f"{'REFUTED' if row['refuted'] else 'not refuted'}")  # fmt: skip
    for family, rows in result["opened"].items():
        for row in rows:
            print(f"{family:8s} {row['layer']}, {row['kind']}, {row['cause']}: {row['failures']} failures in "
                  f"{row['tickets']} tickets")  # fmt: skip
    for family, rows in result["widths"].items():
        for row in rows:
            print(f"{family:8s} {row['layer']}: floor {row['floor']}, certificate {row['certificate']}, "
                  f"closed form {row['closed-form']}")  # fmt: skip
    refuted = sum(row["refuted"] for row in result["rows"])
    print(f"{len(result['rows'])} points, {refuted} refuted; false alarm in all {result['false_alarm']:.1g}.")


if __name__ == "__main__":
    main(sys.argv[1:])
