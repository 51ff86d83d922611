"""Shards handed to SLURM by submitit, and rows measured on a Dask cluster; both are extras."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sltk.core.errors import SltkError
from sltk.harness.away.shards import ShardDone, run_shard
from sltk.harness.away.where import Away, Shard
from sltk.harness.catalogue import PACKAGE, find
from sltk.harness.study import Study, StudyOptions

Options = TypeVar("Options", bound=StudyOptions)
Parse = Callable[[Study[Any], Sequence[str]], Any]  # a study and its command line, to its options


def submit(study: Study[Options], arguments: Sequence[str], options: Options, parse: Parse) -> list[Any]:
    """Submit ``--shards`` shards of a study; the jobs, as submitit has them.

    Args:
        study: found by its module where the job runs, in a checkout that lies where this one does.
        arguments: of the study's command line, from which a job makes its options.
        options: the same, parsed.
        parse: how they are parsed.

    Raises:
        SltkError: submitit is not installed, or there is no SLURM here.
    """
    away = options.away
    executor = _executor(away, study.folder(study.preset(options)) / "jobs")
    executor.update_parameters(name=f"sltk-{study.slug}", timeout_min=away.minutes, cpus_per_task=options.jobs)
    module = type(study).__module__
    module = f"{PACKAGE}.{study.name}.study" if module == "__main__" else module
    task = partial(submitted, module, str(Path.cwd()), tuple(arguments), parse)
    shards = [str(Shard(index, away.shards)) for index in range(1, away.shards + 1)]
    arrays = [shards[first : first + away.array] for first in range(0, len(shards), away.array)]
    return [job for array in arrays for job in executor.map_array(task, array)]


def submitted(module: str, folder: str, arguments: Sequence[str], parse: Parse, shard: str) -> ShardDone:
    """One submitted shard: the study of ``module`` with the options of its command line, as if called in ``folder``."""
    os.chdir(folder)
    study = find(module)
    return run_shard(study, replace(parse(study, arguments), away=Away()), Shard.parse(shard))


def _executor(away: Away, folder: Path) -> Any:
    try:
        import submitit  # pyright: ignore[reportMissingImports]  # an extra
    except ImportError as error:
        raise SltkError(
            "--submit needs submitit, which is an extra: pip install 'sltk[cluster]'. Without it, start the shards "
            "yourself: --shard 1/8 to 8/8, or --shard slurm in an sbatch array."
        ) from error
    try:
        return submitit.AutoExecutor(folder=folder, cluster=away.submit)
    except RuntimeError as error:
        raise SltkError(f"--submit {away.submit} found no SLURM here ({error}); use --submit local.") from error


@contextmanager
def dask(address: str) -> Iterator[int]:
    """Parallel work goes to the workers of the scheduler at ``address``; their threads.

    A worker that is lost has its work done again by another one. Rows are written by the calling process alone.

    Raises:
        SltkError: Dask is not installed, or nobody answers.
    """
    try:
        from distributed import Client  # pyright: ignore[reportMissingImports]  # an extra
    except ImportError as error:
        raise SltkError(
            "--cluster needs Dask, which is an extra: pip install 'sltk[cluster]'. Without it, use --jobs here or "
            "--shard anywhere."
        ) from error
    from joblib import parallel_config

    try:
        client = Client(address, timeout="20s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise SltkError(f"--cluster finds no Dask scheduler at {address}: {error}. Is it tcp://HOST:PORT?") from error
    with client, parallel_config("dask", client=client):
        threads: Any = client.nthreads()  # by worker; typed as a coroutine, which only an asynchronous client gives
        yield sum(threads.values())
