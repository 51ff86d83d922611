"""How many draws of a source have no range obstruction, by the samples of a pool: what no search can mend.

Run ``python -m experiments.obstructions.study --target FILE --arch "..." --input-shape ... --n 28 32 36``; it prints a
table and writes ``out/obstructions/TARGET.json``. A draw takes seconds, since nothing is searched: this is where the
width of a construction is chosen, before it is built. The interval of the share is exact (Clopper-Pearson, 95%).
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from sltk.construct.strong_ticket import first_activation_of, recipe_on, target_and_box

from sltk.construct import Recipe, range_obstructions
from sltk.core.files import canonical_json, write_atomic
from sltk.core.stats import clopper_pearson
from sltk.models.text import load_target
from sltk.networks.network import Network
from sltk.subset_sum.laws import parse_law


def main(arguments: list[str]) -> None:
    """Count, print, write."""
    options = _options(arguments)
    network = load_target(options.target, options.arch, tuple(options.input_shape))
    rows = [row(network, n, options) for n in options.n]
    about = {"target": options.target.name, "architecture": options.arch, "law": options.law,
             "scale_exponents": options.scale_exponents, "param_eps": options.param_eps,
             "prune_below": options.prune_below}  # fmt: skip
    write_atomic(Path("out/obstructions") / f"{options.target.stem}.json", canonical_json(about | {"rows": rows}))
    Console().print(table(rows))


def row(network: Network, n: int, options: argparse.Namespace) -> dict[str, Any]:
    """Obstructions of every seed at ``n``, and where they are."""
    counts, layers = [], set()
    for seed in range(1, options.seeds + 1):
        found = range_obstructions(network, recipe(n, network, options), seed, prune_below=options.prune_below)
        counts.append(len(found))
        layers |= {network.stages[int(stage)].affine.name for stage in found.stage}
    clear = counts.count(0)
    low, high = clopper_pearson(clear, len(counts), 0.95)
    return {"n": n, "counts": counts, "clear": clear, "low": low, "high": high, "layers": sorted(layers)}


def recipe(n: int, network: Network, options: argparse.Namespace) -> Recipe:
    """The source's recipe as ``strong_ticket`` would have it."""
    network, box = target_and_box(network, tuple(options.box), None)
    return recipe_on(
        network, box, first_activation_of(network, None), method=options.method, n=n, law=parse_law(options.law).spec(),
        aim="param_eps", tolerance=options.param_eps, scale_exponents=tuple(options.scale_exponents),
        bias_exponent=options.bias_exponent,
    )  # fmt: skip


def table(rows: list[dict[str, Any]]) -> Table:
    """One row for each n."""
    sheet = Table(title="Draws without a range obstruction", title_justify="left")
    for column in ("n", "draws", "without", "95% interval", "obstructions, by seed", "layers"):
        sheet.add_column(column, justify="left" if column in ("obstructions, by seed", "layers") else "right")
    for one in rows:
        sheet.add_row(
            str(one["n"]), str(len(one["counts"])), str(one["clear"]), f"{one['low']:.2f} to {one['high']:.2f}",
            " ".join(map(str, one["counts"])), ", ".join(one["layers"]),
        )  # fmt: skip
    return sheet


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", type=Path, required=True)
    parser.add_argument("--arch", required=True)
    parser.add_argument("--input-shape", type=int, nargs="+", required=True)
    parser.add_argument("--box", type=float, nargs=2, default=(-1.0, 1.0), help="low and high of the input")
    parser.add_argument("--method", choices=["plus-one", "two-layer"], default="plus-one")
    parser.add_argument("--n", type=int, nargs="+", default=[28, 30, 32, 34, 36])
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--param-eps", type=float, default=0.008)
    parser.add_argument("--prune-below", type=float, default=0.001)
    parser.add_argument("--law", default="uniform(2.0)")
    parser.add_argument("--scale-exponents", type=int, nargs="+", default=[-3, -2, -1, 0, 1, 2, 3])
    parser.add_argument("--bias-exponent", type=int, default=3)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
