"""The least size of a covering pool against ln(1/eps), with the sizes that are proved beside it (claim ``lueker``).

Run ``python -m experiments.lueker.study``; it writes ``out/lueker/study.json`` and, through ``figure.py``,
``out/lueker/sizes.png``. Rows are kept in ``out/lueker/rows.jsonl``: a run that was stopped goes on where it was.

Each mean has an empirical Bernstein interval; all of them hold together with probability at least ``CONFIDENCE``.
"""

import argparse
import math
import sys
from pathlib import Path

import numpy as np

from experiments.lueker.figure import draw
from sltk.claims import claim
from sltk.claims.lueker import CAP, PAIR_CAP
from sltk.core.files import canonical_json, write_atomic
from sltk.core.verdict import bernstein
from sltk.harness.measurement import Measurement, run
from sltk.harness.rows import RowStore
from sltk.subset_sum.bounds import closed_form_size, counting_floor
from sltk.subset_sum.laws import Uniform

TOLERANCES = (0.4, 0.2, 0.1, 0.05, 0.025, 0.0125, 0.00625)
CONFIDENCE = 0.99
DELTA = 0.05
KINDS = (("all", CAP), ("pairs", PAIR_CAP))


def main(arguments: list[str]) -> None:
    """Measure, judge the shape, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("out/lueker"))
    options = parser.parse_args(arguments)
    own = claim("lueker")
    assert own.measure is not None
    grid = tuple({"subsets": kind, "eps": list(TOLERANCES), "cap": cap} for kind, cap in KINDS)
    plan = Measurement("lueker", grid, (options.trials,) * len(grid), revision=own.revision)
    observed = run(plan, own.measure, RowStore(options.out / "rows.jsonl"), jobs=options.jobs, report=_report)
    kinds = [
        {"subsets": kind, "sizes": _means(outputs, cap), "censored": outputs["censored"]}
        for (kind, cap), outputs in zip(KINDS, observed, strict=True)
    ]
    proved = {
        "floor": [counting_floor(eps, 1.0) for eps in TOLERANCES],
        "closed form": [closed_form_size(eps, DELTA, Uniform()) for eps in TOLERANCES],
    }
    result = {
        "key": "lueker", "trials": options.trials, "confidence": CONFIDENCE, "delta": DELTA, "kinds": kinds,
        "x": [math.log(1.0 / eps) for eps in TOLERANCES], "proved": proved,
    }  # fmt: skip
    write_atomic(options.out / "study.json", canonical_json(result))
    draw(result, options.out / "sizes.png", f"python -m experiments.lueker.study {' '.join(arguments)}".rstrip())
    print(f"{options.out / 'sizes.png'}: slopes {', '.join(f'{_slope(result, kind):.3f}' for kind in kinds)}")


def _means(outputs: dict, cap: int) -> list[list[float]]:
    """Mean, low and high at every tolerance."""
    level = (1.0 - CONFIDENCE) / (len(KINDS) * len(TOLERANCES))
    found = []
    for place, total in enumerate(outputs["sums"]):
        squares = outputs["products"][place][place]
        mean, radius = bernstein(total, squares, outputs["trials"], cap, level)
        found.append([mean, mean - radius, mean + radius])
    return found


def _slope(result: dict, kind: dict) -> float:
    return float(np.polyfit(result["x"], [size[0] for size in kind["sizes"]], 1)[0])


def _report(key: str, done: int, total: int) -> None:
    if sys.stdout.isatty():
        print(f"\r{key}: {done} of {total} rows", end="\n" if done == total else "", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
