"""What the figures of every study have to draw, worked out from its rows, apart from what concludes and draws."""

from collections.abc import Callable, Iterator
from operator import itemgetter
from statistics import fmean
from typing import Any

import numpy as np

TUNED_ON = 4  # seeds on which the rates of searches were chosen
Numbers = list[float]


def by(rows: Any, *names: str, **equal: Any) -> list[Numbers]:
    """Columns of the rows that have these values, where they are not missing."""
    own = [r for r in rows if all(r[k] == v for k, v in equal.items())]
    return [[float(r[name]) for r in own if r.get(name) is not None] for name in names]


def of_lueker(rows: Any) -> Iterator[Numbers]:
    for kind in ("all", "pairs"):
        own = [r for r in rows if r["cell"]["subsets"] == kind]
        trials = sum(r["trials"] for r in own)
        yield list(np.sum([r["sums"] for r in own], axis=0) / trials)


def of_growth(rows: Any) -> Iterator[Numbers]:
    for skips in (False, True):
        for source in {r["source"] for r in rows}:
            for activation in {r["activation"] for r in rows}:
                own = [r for r in rows if (r["skips"], r["source"], r["activation"]) == (skips, source, activation)]
                for key in ("attack", "certificate"):
                    at = {d: [r for r in own if r["layers"] == d] for d in sorted({r["layers"] for r in own})}
                    yield [max(1e-6, max(r[key] for r in of) / max(r["largest"] for r in of)) for of in at.values()]


def of_fixed_size(rows: Any) -> Iterator[Numbers]:
    for eps in {r["eps"] for r in rows}:
        yield [float(r["n"]) for r in rows if r["eps"] == eps and r["density"] is not None and r["n"] is not None]
        yield [float(r["n"]) for r in rows if r["eps"] == eps and r["density"] is None] * 2


def of_statistics(rows: Any) -> Iterator[Numbers]:
    for row in rows:
        for rule in ("first", "error"):
            yield [count / row[rule]["counted"] for count in row[rule]["sizes"]]
            yield [count / row[rule]["counted"] for count in row[rule]["errors"]]


def of_widths(rows: Any) -> Iterator[Numbers]:
    for law in {r["law"] for r in rows}:
        yield from by(rows, "closed-form", "certificate", "measured", "floor", law=law)


def of_formula(rows: Any) -> Iterator[Numbers]:
    for name in {r["sought"]["name"] for r in rows}:
        models = next(r["models"] for r in rows if r["sought"]["name"] == name and "models" in r)
        yield from ([model["p"]] * 2 for model in models)
        flags = [f for r in rows if r["sought"]["name"] == name for f in r.get("succeeded", ())]
        yield [sum(flags) / len(flags)]


def of_existence(rows: Any) -> Iterator[Numbers]:
    for row in rows:
        if row["asks"] == "formula":
            yield [row["p"]]
            own = [r for r in rows if r["asks"] == "sources" and r["point"] == row["point"]]
            yield [sum(r["successes"] for r in own) / sum(r["trials"] for r in own)]


def of_certificates(rows: Any) -> Iterator[Numbers]:
    for kind in {r["kind"] for r in rows}:
        for way in ("intervals", "bound"):
            yield [r[way] / r["found"] for r in rows if r["kind"] == kind]


def of_main_job(rows: Any) -> Iterator[Numbers]:
    for method, activation in {(r["method"], r["activation"]) for r in rows}:
        tickets = [r for r in rows if (r["method"], r["activation"]) == (method, activation) and "errors" in r]
        yield from by(tickets, "data_error", "adversarial_error", "certified_bound")
        sizes = [r for r in rows if (r["method"], r["activation"]) == (method, activation) and "errors" not in r]
        yield [r["successes"] / r["sources"] for r in sorted(sizes, key=lambda r: r["n"])]
        total = sum(r["errors"]["total"] for r in tickets)
        above = np.sum([r["errors"]["above"] for r in tickets], axis=0)
        yield [float(count) / total for count in above if count]
        yield [max(r["errors"]["largest"] for r in tickets)]


def of_picture(rows: Any) -> Iterator[Numbers]:
    (row,) = rows
    yield from (row["target"], row["ticket"], row["x"])


def of_layers(rows: Any) -> Iterator[Numbers]:
    (row,) = rows
    for key in ("proved", "largest_value", "largest_error", "typical_error", "tolerance", "worst", "typical_parameter"):
        yield [layer[key] for layer in row["layers"]]


def of_reached(rows: Any) -> Iterator[Numbers]:
    for source, layers in {(r["source"], r["layers"]) for r in rows}:
        own = [r for r in rows if (r["source"], r["layers"]) == (source, layers)]
        yield [max(1e-5, r["failures"] / r["problems"]) for r in own]
        yield [min(1e4, max(1e-5, r["error"] / r["largest"])) for r in own]


def of_seeds(rows: Any) -> Iterator[Numbers]:
    for row in rows:
        sums = [one for one in row["written"] if one["way"] == "subset sums"]
        for density in {one["density"] for one in sums}:
            own = sorted((one for one in sums if one["density"] == density), key=lambda one: one["n"])
            yield [100.0 * fmean(one["accuracy"]) for one in own]
            yield [fmean(24 * one["n"] * count for count in one["numbers"]) for one in own]


def of_searches(rows: Any) -> Iterator[Numbers]:
    for arm, density in {(r["arm"], r["density"]) for r in rows}:
        own = sorted((r for r in rows if (r["arm"], r["density"]) == (arm, density)), key=lambda r: r["rate"])
        yield (100.0 * np.array([r["test"][TUNED_ON:] for r in own])).mean(1).tolist()


def of_built(rows: Any) -> Iterator[Numbers]:
    for density in {r["density"] for r in rows if r["factor"] == 1}:
        own = [
            r["built"] for r in rows if (r["density"], r["factor"]) == (density, 1) and r["seed"] >= 100
        ]  # those before it were tuned on
        yield [fmean(100.0 * one["test"] for one in own)]


def of_lines(rows: Any) -> Iterator[Numbers]:
    every = ("two sources", "two sources, matched", "one source, own first layers", "one source, apart",
             "one source, apart, arc", "one source, one first layer", "two sources, rescaled", "two networks",
             "two targets", "one network, shuffled", "two networks, matched", "two targets, matched")  # fmt: skip
    for kind, pairs in {"dense": (*every, "two searches"), "conv": every}.items():
        own = [row for row in rows if row["kind"] == kind]
        for pair in pairs:
            yield [100.0 * fmean(values) for values in zip(*(row["error"][pair] for row in own), strict=True)]
    for kind, pair in (
        ("dense", "one source, apart"),
        ("conv", "one source, apart"),
        ("plus-one", "two sources, apart"),
    ):
        own = [row["off"][pair] for row in rows if row["kind"] == kind]
        yield [fmean(values) for values in zip(*own, strict=True)]


def of_phases(rows: Any) -> Iterator[Numbers]:
    place = itemgetter("width", "density", "budget")
    for row in (r for r in rows if r["arm"] == "rst"):
        for other in (r for r in rows if r["arm"] != "rst" and place(r) == place(row)):
            apart = np.mean(np.array(row["test"]) - np.array(other["test"]))
            yield [float(f"{100.0 * apart:.1f}")]


def of_counts(rows: Any) -> Iterator[Numbers]:
    for row in rows:
        for layer in {one["stage"] for one in row["rows"]}:
            own = [one for one in row["rows"] if one["stage"] == layer and (one["expected"] >= 3e-3 or one["mean"] > 0)]
            yield from ([max(3e-3, one[key]) for one in own] for key in ("expected", "mean"))


def of_tickets(rows: Any) -> Iterator[Numbers]:
    for method in {r["construction"] for r in rows}:
        own = [r for r in rows if r["construction"] == method]
        yield [100 * (r["won"] - r["lost"]) / r["rows"] for r in own]
        kinds = dict.fromkeys((r["target"], r["activation"]) for r in own)
        yield [fmean(r["kept"] for r in own if (r["target"], r["activation"]) == kind) for kind in kinds]


def of_rivals(rows: Any) -> Iterator[Numbers]:
    shown = ("rst", "rst, 5 cycles", "dense, then cut", "scratch", "lth, 5 rounds", "lth, 5 rounds, global",
             "magnitude after training")  # fmt: skip
    for row in rows:
        if row["arm"] in shown:
            yield (100.0 * np.array(row["test"])).mean(1).tolist()


def of_lotteries(rows: Any) -> Iterator[Numbers]:
    for row in rows:
        yield (100.0 * np.array(row["ticket"]["test"])).mean(0).tolist()


DRAWN: dict[str, Callable[[Any], Iterator[Numbers]]] = {
    "auto-recipes": lambda rows: iter(by(rows, "predicted_error", "error", "bound", "spread")),
    "by-layer": of_layers,
    "certificates": of_certificates,
    "epsilon-perturbation": lambda rows: iter(by(rows, "n")),
    "dual-lth": of_rivals,
    "error-growth": of_growth,
    "existence": of_existence,
    "failure-counts": of_counts,
    "first-picture": of_picture,
    "fixed-size": of_fixed_size,
    "found-or-built": of_built,
    "frozen-source": lambda rows: iter(by(rows, "n")),
    "generalized-lth": of_lotteries,
    "lueker": of_lueker,
    "main-job": of_main_job,
    "paper-tickets": of_tickets,
    "product-formula": of_formula,
    "quantised": lambda rows: iter(by(rows, "n")),
    "random-source": lambda rows: iter(by(rows, "n")),
    "reached-and-computed": of_reached,
    "rst-phase": of_phases,
    "searched-bases": of_searches,
    "subset-sum-statistics": of_statistics,
    "three-seeds": of_seeds,
    "ticket-lines": of_lines,
    "width-certificate": of_widths,
}
