"""Sizes of pools by four methods, three laws and four questions (claim ``width-certificate``).

Run ``python -m experiments.width_certificate.study``; it prints the table, and writes ``study.json`` and ``sizes.png``
under ``out/width_certificate``. Targets fill ``[-L/2, L/2]`` of each law. A measured size is the smallest one whose
rate of success over ``--trials`` random pools, each decided exactly, has a lower Clopper-Pearson limit of at least
``1 - delta``.
"""

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from experiments.width_certificate.figure import draw
from sltk.core.files import canonical_json, write_atomic
from sltk.subset_sum.laws import parse_law
from sltk.subset_sum.widths.required_size import METHODS, required_size

QUESTIONS = ((0.1, 0.05), (0.01, 0.05), (0.01, 0.01), (0.001, 0.05), (0.01, 0.001))
LAWS = ("uniform(1.0)", "normal(1.0)", "product(uniform(1.0), uniform(1.0))")


def main(arguments: list[str]) -> None:
    """Compute, print, write and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=20_000)
    parser.add_argument("--confidence", type=float, default=0.99)
    parser.add_argument("--out", type=Path, default=Path("out/width_certificate"))
    options = parser.parse_args(arguments)
    rows = [
        {"law": law, "L": parse_law(law).constants().L, "eps": eps, "delta": delta, **_sizes(law, eps, delta, options)}
        for law in LAWS
        for eps, delta in QUESTIONS
    ]
    result = {"key": "width-certificate", "trials": options.trials, "confidence": options.confidence, "rows": rows}
    write_atomic(options.out / "study.json", canonical_json(result))
    draw(
        result,
        options.out / "sizes.png",
        f"python -m experiments.width_certificate.study {' '.join(arguments)}".strip(),
    )
    Console(width=112).print(table(rows))


def _sizes(law: str, eps: float, delta: float, options: argparse.Namespace) -> dict[str, int]:
    return {
        method: required_size(
            eps, delta, law=parse_law(law), method=method, trials=options.trials, confidence=options.confidence
        )
        for method in METHODS
    }


def table(rows: list[dict]) -> Table:
    """One row a question."""
    made = Table(title="Samples of a pool that reaches every target of its window", title_justify="left")
    for name in ("law", "eps", "delta", *METHODS):
        made.add_column(name, justify="left" if name == "law" else "right")
    before = rows[0]["law"]
    for row in rows:
        if row["law"] != before:
            made.add_section()
        before = row["law"]
        made.add_row(row["law"], *(f"{row[name]:g}" for name in ("eps", "delta", *METHODS)))
    return made


if __name__ == "__main__":
    main(sys.argv[1:])
