"""``sltk figures``: figures of studies, from rows that are kept with the source."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from sltk.cli.papers.options import Figures
from sltk.core.errors import SltkError
from sltk.harness.catalogue import find, studies
from sltk.harness.kept import kept_file, making, recalled
from sltk.harness.progress import progress
from sltk.harness.study import Study, StudyResult


def run_figures(options: Figures, console: Console) -> int:
    """Draw; a line a study."""
    drawn = 0
    for study in _chosen(options):
        result = _result(study, options, console)
        command = f"sltk figures {study.slug}{' --quick' if options.quick else ''}"
        study.draw(result, options.out / study.slug, command)
        drawn += len(study.figures)
        names = ", ".join(study.figures)
        console.print(f"{study.slug}: {names}, from {len(result.rows)} rows", highlight=False, soft_wrap=True)
    console.print(f"{drawn} figures, each as PDF, SVG and PNG, a page and a column wide: {options.out}", soft_wrap=True)
    return 0


def _chosen(options: Figures) -> list[Study[Any]]:
    if not options.keys:
        every = [study for study in studies().values() if study.figures and study.standard() is not None]
        return [study for study in every if (not study.needs if options.quick else kept_file(study).is_file())]
    chosen = [find(key) for key in dict.fromkeys(options.keys)]
    for study in chosen:
        if not study.figures:
            raise SltkError(f"the study {study.slug} has no figure; it prints tables: sltk run {study.slug}.")
    return chosen


def _result(study: Study[Any], options: Figures, console: Console) -> StudyResult:
    asked = study.standard()
    if asked is None:
        raise SltkError(f"the study {study.slug} needs a target, which you name: sltk run {study.slug} --help.")
    if not options.quick:
        if not kept_file(study).is_file():
            raise SltkError(f"no rows of the study {study.slug} are kept; make them: {making(study)}.")
        return recalled(study, asked)
    folder: Path = options.out / study.slug / "quick"
    with progress(console) as report:
        return study.run(replace(asked, preset="quick", out=folder), report)
