"""The folder: a page with all of its style and script inside, figures, and rows to download."""

import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from sltk import __version__
from sltk.core.commit import commit
from sltk.core.files import write_atomic
from sltk.core.report import Report
from sltk.harness.lines import joined
from sltk.studies.report.collect import Reported, reported, verdicts


def write_report(out: Path, claims: Path, keys: Sequence[str] = (), report: Report | None = None) -> tuple[int, int]:
    """Write the report to ``out``; how many verdicts and studies it has.

    Args:
        out: folder, made where it is not there.
        claims: ``claims.json`` of ``sltk verify``.
        keys: of studies, these alone; none for all.
        report: told how many studies are drawn.
    """
    found, cases = list(reported(keys)), verdicts(claims)
    for done, one in enumerate(found):
        if report:
            report("figures", done, len(found))
        one.study.draw(one.result, out / "figures" / one.study.slug, f"sltk report {out}")
        lines = sorted({one.study.sealed_line(row) for row in one.result.rows})
        write_atomic(out / "rows" / f"{one.study.slug}.jsonl", joined(lines))
    if report:
        report("figures", len(found), len(found))
    write_atomic(out / "index.html", page(found, cases).encode())
    return len(cases), len(found)


def page(found: list[Reported], cases: list[Any]) -> str:
    """The page itself."""
    loader = PackageLoader("sltk.studies.report", "templates")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    about = {"version": __version__, "commit": commit(), "machine": f"{platform.system()} {platform.machine()}",
             "cores": os.cpu_count(), "python": platform.python_version()}  # fmt: skip
    return made.get_template("report.html.jinja").render(studies=found, cases=cases, about=about)
