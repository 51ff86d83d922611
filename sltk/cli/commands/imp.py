"""``sltk imp``: lottery tickets across bases, as a table, findings and rows."""

from dataclasses import asdict
from functools import partial

from rich.console import Console

from sltk.cli.results import about, require_counts, run_tasks, write_summary
from sltk.cli.training_options import Imp
from sltk.plot.densities import DensityCurve, draw_densities
from sltk.plot.style import publish
from sltk.studies.curves import KINDS, curve
from sltk.studies.imp_bases import BASES, ImpJob, measure_basis
from sltk.studies.imp_claims import judge
from sltk.studies.tables import basis_table, findings_table
from sltk.studies.training.asked import content_of
from sltk.train.bases import basis_named
from sltk.train.device import require_device
from sltk.train.pruning.followers import LEADER


def run_imp(options: Imp, console: Console) -> int:
    """Run the study; 0 whatever it finds, since a claim that fails is a result."""
    job = _job(options)
    tasks = {basis: job.inputs(basis) for basis in job.tasks}
    found, folder, seconds = run_tasks("imp", tasks, partial(measure_basis, job), options.out, options.jobs, console)
    judged = judge(job, found)
    console.print(basis_table(job, found))
    console.print(findings_table(judged, "basis", "points"))
    command = asdict(job) | {"bases": list(job.bases), "hidden": list(job.hidden)}
    path = write_summary(folder, command, found, judged)
    note = f"IMP, {job.data}, {job.seeds} seeds: mean and middle half"
    panels, said = density_panels(job, found), about("imp", found, job.inputs(""))
    publish(lambda paper: draw_densities(panels, note, paper), folder / "densities", said)
    console.print(f"{seconds:.0f} s. Rows and findings: {path}", highlight=False)
    return 0


def _job(options: Imp) -> ImpJob:
    require_counts(options.seeds, options.epochs, options.rounds)
    require_device(options.device)
    bases = options.bases or BASES
    for basis in bases:
        basis_named(basis)
    folder = None if options.data_folder is None else str(options.data_folder)
    return ImpJob(
        data=options.data,
        folder=folder,
        model=options.model,
        hidden=options.hidden,
        bases=tuple(dict.fromkeys(bases)),
        seeds=options.seeds,
        rounds=options.rounds,
        removed=options.removed,
        epochs=options.epochs,
        rate=options.rate,
        rewind=options.rewind,
        batch=options.batch,
        stack=options.stack,
        augment=options.augment,
        controls=options.controls,
        classifier=options.classifier,
        device=options.device,
        rates=options.rates,
        content=content_of(options.model, options.data, folder, options.hidden),
    )


def density_panels(job: ImpJob, found: dict) -> dict[str, list[DensityCurve]]:
    """Curves of accuracy against density: of all tickets, as kept and as live; of two bases beside their controls."""
    panels = {
        f"Tickets, by {said}": [curve(basis, arms[LEADER], part) for basis, arms in found.items()]
        for said, part in KINDS
    }
    if not job.controls:
        return panels
    shown = [basis for basis in ("canonical", "dct") if basis in found] or list(found)[:1]
    controls = [curve(f"{basis}, {arm}", parts) for basis in shown for arm, parts in found[basis].items()]
    return panels | {"Tickets and their controls": controls}
