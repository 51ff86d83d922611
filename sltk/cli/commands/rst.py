"""``sltk rst``: random sparse network transformation beside its baselines."""

from dataclasses import asdict
from functools import partial

from rich.console import Console

from sltk.cli.results import about, require_counts, run_tasks, write_summary
from sltk.cli.training_options import Rst
from sltk.plot.densities import draw_densities
from sltk.plot.style import publish
from sltk.studies.curves import KINDS, arm_curve
from sltk.studies.rst_arms import ARMS, RstJob, measure_arm
from sltk.studies.rst_claims import judge
from sltk.studies.tables import arm_table, emptied, findings_table
from sltk.studies.training.asked import content_of
from sltk.train.bases import basis_named
from sltk.train.device import require_device
from sltk.train.pruning.choose import require_density


def run_rst(options: Rst, console: Console) -> int:
    """Run the study; 0 whatever it finds."""
    job = _job(options)
    tasks = {arm: job.inputs(arm) for arm in ARMS}
    found, folder, seconds = run_tasks("rst", tasks, partial(measure_arm, job), options.out, options.jobs, console)
    judged = judge(job, found)
    console.print(arm_table(job, found))
    console.print(emptied(job, found), highlight=False)
    console.print(findings_table(judged, "rst against", "points"))
    command = asdict(job) | {"densities": list(job.densities), "hidden": list(job.hidden)}
    path = write_summary(folder, command, found, judged)
    if len(job.densities) > 1:
        panels = {f"by {said}": [arm_curve(arm, parts, part) for arm, parts in found.items()] for said, part in KINDS}
        note = f"RST and its rivals on {job.data}, {job.seeds} seeds"
        told = about("rst", found, job.inputs(""))
        publish(lambda paper: draw_densities(panels, note, paper), folder / "densities", told)
    console.print(f"{seconds:.0f} s. Rows and findings: {path}", highlight=False)
    return 0


def _job(options: Rst) -> RstJob:
    require_counts(options.seeds, min(options.epochs, options.final_epochs))
    basis_named(options.basis)
    require_device(options.device)
    for density in options.densities:
        require_density(density)
    folder = None if options.data_folder is None else str(options.data_folder)
    return RstJob(
        data=options.data,
        folder=folder,
        model=options.model,
        hidden=options.hidden,
        densities=options.densities,
        seeds=options.seeds,
        basis=options.basis,
        epochs=options.epochs,
        final_epochs=options.final_epochs,
        cap=options.cap,
        rate=options.rate,
        preset=options.preset,
        shrink=options.shrink,
        budgets=options.budgets,
        device=options.device,
        rates=options.rates,
        content=content_of(options.model, options.data, folder, options.hidden),
    )
