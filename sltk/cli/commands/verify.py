"""``sltk verify``: the main job, as tables, JSON and figures."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from sltk import __version__
from sltk.cli.facts import peak_memory
from sltk.cli.options import Verify
from sltk.cli.verify_table import reading, verify_table
from sltk.core.about import About
from sltk.core.commit import commit
from sltk.core.errors import SltkError
from sltk.core.files import canonical_json, sha256, write_atomic
from sltk.harness.progress import progress
from sltk.plot.bracket import Bracket, draw_brackets
from sltk.plot.parameter_errors import counted as counted_errors
from sltk.plot.parameter_errors import draw_parameter_errors
from sltk.plot.style import publish
from sltk.plot.success import SuccessCurve, draw_success
from sltk.studies.digits import ARMS, Job, TicketRow, count_successes, measure_all, trained_subjects
from sltk.studies.digits_summary import Success, record, successes, summaries


def run_verify(options: Verify, console: Console) -> int:
    """Run the main job; 1 where an error lies outside its bracket."""
    job = _job(options)
    options.out.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    console.print("Training two small networks on handwritten digits, then looking for them in random sources.")
    with progress(console) as report:
        report("training", 0, 1)
        subjects = trained_subjects()
        report("training", 1, 1)
        rows, errors = measure_all(job, subjects, report)
        counted = successes(job, count_successes(job, subjects, report, options.out / "predicted"))
    found = summaries(job, rows, counted)
    seconds = time.perf_counter() - started
    facts = record(job, rows, found, counted)
    about = About(study="verify", claim="none", command=_command(options), rows=sha256(canonical_json(facts)),
                  commit=commit()).noting(seeds=f"0 to {job.seeds - 1}")  # fmt: skip
    document = {**facts, "seconds": seconds, "version": __version__, "about": about.entries()}
    write_atomic(options.out / "verify.json", canonical_json(document))
    _draw(job, rows, errors, counted, options.out, about)
    console.print(verify_table(job, found))
    console.print(reading(job, found), highlight=False)
    console.print(
        f"{seconds:.0f} s, peak memory {peak_memory()}. All rows: {options.out / 'verify.json'}; figures beside it."
    )
    return 0 if all(s.bracketed for s in found) else 1


def _job(options: Verify) -> Job:
    if options.seeds < 1:
        raise SltkError(f"--seeds must be at least 1, but got {options.seeds}.")
    job = Job(seeds=options.seeds, n=options.n, param_eps=options.param_eps)
    job = replace(job, sweep=tuple(n for n in job.sweep if n < job.n), sources=max(job.sources, job.seeds))
    if options.quick:
        return replace(job, seeds=min(2, job.seeds), sources=10, sweep=(), restarts=3, steps=8, draws=300)
    return job


def _command(options: Verify) -> str:
    quick = " --quick" if options.quick else ""
    return f"sltk verify --seeds {options.seeds} --n {options.n} --param-eps {options.param_eps:g}{quick}"


def _draw(
    job: Job,
    rows: list[TicketRow],
    errors: dict[str, NDArray[np.float64]],
    counted: list[Success],
    folder: Path,
    about: About,
) -> None:
    brackets = [_bracket(rows, k.method, k.activation, k.label) for k in ARMS]
    publish(lambda paper: draw_brackets(brackets, paper), folder / "errors", about)
    kinds = [counted_errors(label, values, job.param_eps) for label, values in errors.items()]
    publish(lambda paper: draw_parameter_errors(kinds, job.param_eps, paper), folder / "parameters", about)
    curves = [_curve(counted, k.method, k.activation, k.label) for k in ARMS]
    if job.sweep:
        publish(lambda paper: draw_success(curves, job.sources, job.confidence, paper), folder / "success", about)


def _bracket(rows: list[TicketRow], method: str, activation: str, label: str) -> Bracket:
    own = [r for r in rows if (r.method, r.activation) == (method, activation)]
    return Bracket(
        label,
        data=[r.data_error for r in own],
        adversarial=[r.adversarial_error for r in own],
        certified=[r.certified_bound for r in own],
        largest=own[0].largest_output,
    )


def _curve(counted: list[Success], method: str, activation: str, label: str) -> SuccessCurve:
    own = sorted((s for s in counted if (s.method, s.activation) == (method, activation)), key=lambda s: s.n)
    return SuccessCurve(
        label,
        n=[s.n for s in own],
        observed=[s.share for s in own],
        interval=[(s.low, s.high) for s in own],
        predicted=[s.expected / s.sources for s in own],
        predicted_interval=[(s.expected_low / s.sources, s.expected_high / s.sources) for s in own],
    )
