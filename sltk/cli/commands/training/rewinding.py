"""``sltk rewinding``: early stopping, linear mode connectivity and overlap of masks against the rewinding step."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

from rich.console import Console
from rich.table import Table

from sltk.cli.results import about, require_counts, run_tasks, write_summary
from sltk.cli.training_options import Rewinding
from sltk.plot.rewinding import draw_rewinding
from sltk.plot.style import publish
from sltk.studies.training.asked import content_of
from sltk.studies.training.rewinding import ARMS, RewindJob, iou_against_first, measure_point, stopping_steps
from sltk.train.device import require_device
from sltk.train.pruning.choose import require_density

TICKET = ARMS[2]


def run_rewinding(options: Rewinding, console: Console) -> int:
    """Run the study; 0 whatever it finds."""
    job = _job(options)
    tasks = {str(point): job.inputs(point) for point in job.points}
    stored, folder, seconds = run_tasks(
        "rewinding", tasks, partial(_measure, job), options.out, options.jobs, console
    )  # fmt: skip
    found = {int(point): parts for point, parts in stored.items()}
    iou = iou_against_first(found)
    console.print(rewinding_table(job, found, iou))
    outputs = {
        str(point): {**{n: v for n, v in parts.items() if n != "masks"}, "iou": iou[point][0], "chance": iou[point][1]}
        for point, parts in found.items()
    }
    path = write_summary(folder, {"command": "rewinding", "points": list(job.points), **job.inputs(0)}, outputs, [])
    curves = {point: (parts["looks"], parts["arms"][TICKET]["loss"]) for point, parts in found.items()}
    barriers = {kind: {p: parts["barrier"][kind] for p, parts in found.items()} for kind in ("dense", "ticket")}
    note = f"Rewinding on {job.data}, density {job.density:g}, {job.seeds} seeds"
    told = about("rewinding", outputs, job.inputs(0))
    publish(lambda paper: draw_rewinding(curves, barriers, iou, note, paper), folder / "rewinding", told)
    console.print(f"{seconds:.0f} s. Rows: {path}", highlight=False, soft_wrap=True)
    return 0


def rewinding_table(job: RewindJob, found: Mapping[int, Mapping[str, Any]], iou: Mapping[int, Any]) -> Table:
    """One row a rewinding step; means over the seeds."""
    title = f"Rewinding on {job.data}: tickets of density {job.density:g}, mean of {job.seeds} seeds"
    table = Table(title=title, title_justify="left")
    for name in ("rewound\nto", "ticket,\ntest %", "dense,\ntest %", "barrier,\nticket", "barrier,\ndense",
                 "ticket stops\nat step", "IoU with\nfirst", "chance", "steps of\nthe IMP"):  # fmt: skip
        table.add_column(name, justify="right")
    for point, parts in found.items():
        arms, barrier = parts["arms"], parts["barrier"]
        test = [f"{100 * fmean(arms[arm]['test']):.2f}" for arm in (TICKET, ARMS[0])]
        barriers = [f"{100 * fmean(barrier[kind]):.2f}" for kind in ("ticket", "dense")]
        shared = [f"{fmean(part):.3f}" for part in iou[point]]
        stop = f"{fmean(stopping_steps(parts, TICKET)):.0f}"
        table.add_row(str(point), *test, *barriers, stop, *shared, f"{parts['steps']:,}")
    table.caption_justify = "left"
    table.caption = (
        "Barrier: largest error on the line between two ends, trained from the weights at that step in two orders of\n"
        "the data, less the mean error of the ends, in points; on the test part. Stops: least validation loss."
    )
    return table


def _measure(job: RewindJob, point: str, checkpoint: Path | None = None) -> dict[str, Any]:
    return measure_point(job, int(point), checkpoint)


def _job(options: Rewinding) -> RewindJob:
    require_counts(options.seeds, options.epochs, options.rounds)
    require_device(options.device)
    require_density(options.density)
    folder = None if options.data_folder is None else str(options.data_folder)
    left = ("out", "data_folder", "jobs")
    same: dict[str, Any] = {name: value for name, value in vars(options).items() if name not in left}
    content = content_of(options.model, options.data, folder, options.hidden)
    return RewindJob(**same, folder=folder, content=content)
