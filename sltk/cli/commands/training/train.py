"""``sltk train``: one method of the registry on one network and one task."""

import csv
import io
from statistics import fmean
from typing import Any

from rich.console import Console
from rich.table import Table

from sltk.cli.results import about, require_counts, run_tasks, write_summary
from sltk.cli.training_options import Train
from sltk.core.files import write_atomic
from sltk.plot.densities import draw_densities
from sltk.plot.outcomes import row_curves
from sltk.plot.style import publish
from sltk.studies.training.asked import content_of
from sltk.studies.training.one_method import Rows, TrainJob, measure_training
from sltk.train.bases import basis_named
from sltk.train.device import require_device


def run_train(options: Train, console: Console) -> int:
    """Run the method; 0 whatever comes of it."""
    job = _job(options)
    tasks = {job.method: job.inputs()}
    found, folder, seconds = run_tasks(
        "train", tasks, lambda _, place: measure_training(job, place.parents[1], place), options.out, 1, console
    )
    rows = found[job.method]["rows"]
    console.print(rows_table(rows, f"{job.method} on {job.data}: mean of {job.seeds} seeds, in percent"))
    path = write_summary(folder, job.record(), found, [])
    write_atomic(folder / "rows.csv", table_text(rows).encode())
    panels, note = {"Test accuracy": row_curves({job.method: rows})}, f"{job.method} on {job.data}"
    told = about("train", found, job.inputs())
    publish(lambda paper: draw_densities(panels, note, paper), folder / "densities", told)
    kept = "weights/, rows.csv, densities.pdf, .svg and .png" + (", levels/" if job.levels else "")
    console.print(f"{seconds:.0f} s. {path}; beside it {kept}", highlight=False, soft_wrap=True)
    return 0


def rows_table(rows: Rows, title: str) -> Table:
    """Density and accuracies by measurement and arm, means over the seeds."""
    table = Table(title=title, title_justify="left")
    for name in ("at", "arm", "density", "validation", "test", "least", "largest"):
        table.add_column(name, justify="left" if name in ("at", "arm") else "right")
    for label, arm in dict.fromkeys((row["label"], row["arm"]) for row in rows):
        own = [row for row in rows if (row["label"], row["arm"]) == (label, arm)]
        density, held, seen = (fmean(row[part] for row in own) for part in ("density", "validation", "test"))
        ends = (min(row["test"] for row in own), max(row["test"] for row in own))
        cells = [f"{100 * value:.1f}" for value in (held, seen, *ends)]
        table.add_row(label, arm, f"{density:.4g}", *cells)
    return table


def table_text(rows: Rows) -> str:
    """The rows as CSV, a column a name."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer: Any = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _job(options: Train) -> TrainJob:
    require_counts(options.seeds, options.epochs)
    require_device(options.device)
    basis_named(options.basis)
    folder = None if options.data_folder is None else str(options.data_folder)
    left = ("out", "data_folder", "scope", "corrupt")
    same: dict[str, Any] = {name: value for name, value in vars(options).items() if name not in left}
    content = content_of(options.model, options.data, folder, options.hidden)
    job = TrainJob(**same, scope=options.scope or "", corrupt=options.corrupt or "", folder=folder, content=content)
    job.made()
    return job
