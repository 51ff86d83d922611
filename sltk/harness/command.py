"""The command line of a study: parse, measure here or elsewhere, write, print."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

import tyro
from rich.console import Console

from sltk.core.errors import SltkError
from sltk.harness.away.gathered import ROWS, gather, ids_of
from sltk.harness.away.shards import run_shard
from sltk.harness.away.where import Shard
from sltk.harness.kept import keep, unlike
from sltk.harness.lines import row_id
from sltk.harness.progress import progress
from sltk.harness.rows import RowStore
from sltk.harness.study import Study, StudyOptions, StudyResult

Options = TypeVar("Options", bound=StudyOptions)


def study_main(study: Study[Options], arguments: Sequence[str] | None = None) -> int:
    """0 where the study found what it has to, 1 where not or where rows are missing, 2 for wrong input."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _run(study, parse(study, given), given, Console(width=study.width))
    except SltkError as error:
        Console(stderr=True, soft_wrap=True).print(f"{study.name}: {error}", markup=False, highlight=False)
        return 2


def parse(study: Study[Options], given: Sequence[str]) -> Options:
    """The options of a command line."""
    about = sys.modules[type(study).__module__].__doc__ or study.measures
    return tyro.cli(
        study.options, prog=f"sltk run {study.slug}", description=about, args=list(given),
        config=(tyro.conf.DisallowNone,),
    )  # fmt: skip


def _run(study: Study[Options], options: Options, given: list[str], console: Console) -> int:
    away = options.away
    if options.keep and study.unkept:
        raise SltkError(f"rows of the study {study.slug} are never kept: {study.unkept}. Leave out --keep.")
    if away.submit:
        return _submit(study, options, given, console)
    if away.shard:
        with progress(console) as report:
            done = run_shard(study, options, Shard.parse(away.shard), report)
        _say(console, f"shard {done.shard}: {done.rows} rows, {done.measured} of them measured now: {done.file.parent}")
        return 0
    if away.merge and (code := _merge(study, options, console)):
        return code
    with _workers(options) as here, progress(console) as report:
        result = study.run(here, report)
    study.write(result, " ".join(["sltk run", study.slug, *given]))
    _print(study, result, console)
    if options.keep:
        _say(console, f"kept: {keep(study, result)}")
    return 0 if result.holds else 1


def _submit(study: Study[Options], options: Options, given: list[str], console: Console) -> int:
    from sltk.harness.away.cluster import submit

    jobs = submit(study, given, options, parse)
    _say(console, f"{len(jobs)} shards submitted, the first as {jobs[0].job_id}.")
    if options.away.submit == "local":
        for job in jobs:
            job.result()
    _say(console, f"When they have ended: sltk run {study.slug} --merge, with the same options.")
    return 0


def _merge(study: Study[Options], options: Options, console: Console) -> int:
    """Take in the rows of shards; 1 where some are missing still."""
    asked = study.preset(options)
    folder = study.folder(asked)
    gather(folder, RowStore(folder / ROWS), study.clocks)
    names = {row_id(inputs) for inputs in study.tasks(asked).values()}
    missing = len(names - ids_of(folder))
    if missing:
        _say(console, f"{missing} of {len(names)} rows are missing still: {folder}")
    return 1 if missing else 0


@contextmanager
def _workers(options: Options) -> Iterator[Options]:
    """The options with as many jobs as there are workers, which are those of a cluster where one is named."""
    if options.away.cluster is None:
        yield options
        return
    from sltk.harness.away.cluster import dask

    with dask(options.away.cluster) as threads:
        yield replace(options, jobs=max(2, threads))  # one job would stay here


def _print(study: Study[Options], result: StudyResult, console: Console) -> None:
    for table in study.tables(result.document):
        console.print(table, markup=False, highlight=False, soft_wrap=isinstance(table, str))
    if result.damaged:
        console.print(f"{result.damaged} damaged rows were set aside and measured again.")
    for line in result.disputed:
        _say(console, line)
    for name in unlike(study, result):
        _say(console, f"unlike the row that is kept with the source: {name}")
    _say(console, f"{len(result.rows)} rows, {result.measured} of them measured now: {result.folder}")


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
