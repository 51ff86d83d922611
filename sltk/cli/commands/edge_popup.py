"""``sltk edge-popup``: strong tickets by search, and a planted one."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from sltk.cli.results import require_counts, run_tasks, write_summary
from sltk.cli.training_options import EdgePopup
from sltk.studies.edge_search import SearchJob, measure_planted, measure_search
from sltk.studies.training.asked import content_of
from sltk.train.device import require_device
from sltk.train.pruning.choose import require_density


def run_edge_popup(options: EdgePopup, console: Console) -> int:
    """Run the search on data and on the planted ticket."""
    job = _job(options)
    tasks = job.tasks | {"planted": job.inputs("planted")}
    found, folder, seconds = run_tasks("edge-popup", tasks, partial(_measure, job), options.out, options.jobs, console)
    planted = found["planted"]
    console.print(_table(job, {name: found[name] for name in job.tasks}))
    console.print(
        f"Planted tickets of {job.seeds} random networks: {planted['found']} of the {planted['planted']} planted "
        f"weights are among the {planted['planted']} kept of {planted['total']}; chance finds {planted['chance']:.0f}, "
        f"and as many or more with probability {planted['p_value']:.2g} (exact).",
        highlight=False,
    )
    path = write_summary(folder, {"command": "edge-popup", **job.inputs("summary")}, found, [])
    console.print(f"{seconds:.0f} s. Rows: {path}", highlight=False)
    return 0


def _measure(job: SearchJob, name: str, checkpoint: Path | None = None) -> dict[str, Any]:
    return measure_planted(job, checkpoint) if name == "planted" else measure_search(job, name, checkpoint)


def _job(options: EdgePopup) -> SearchJob:
    require_counts(options.seeds, options.epochs)
    require_device(options.device)
    for density in options.densities:
        require_density(density)
    folder = None if options.data_folder is None else str(options.data_folder)
    return SearchJob(
        data=options.data,
        folder=folder,
        model=options.model,
        hidden=options.hidden,
        densities=options.densities,
        seeds=options.seeds,
        epochs=options.epochs,
        device=options.device,
        rates=options.rates,
        content=content_of(options.model, options.data, folder, options.hidden),
    )


def _table(job: SearchJob, found: dict) -> Table:
    title = f"Test accuracy on {job.data} without training a weight, {job.seeds} seeds"
    table = Table(title=title, title_justify="left")
    for name in ("law, scope, density", "mean", "least", "largest", "kept", "live", "weights trained"):
        table.add_column(name, justify="left" if "," in name else "right")
    for name, parts in found.items():
        seen = np.asarray(parts["test"])
        cells = (f"{100 * value:.1f}" for value in (seen.mean(), seen.min(), seen.max()))
        densities = (f"{np.mean(parts[part]):.3g}" for part in ("density", "live"))
        table.add_row(name, *cells, *densities, f"{parts['weights trained']}")
    return table
