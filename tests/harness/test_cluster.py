"""A study on a Dask cluster of two workers, one of which is killed half-way: the rows of one process."""

import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from sltk.harness.away.gathered import ROWS
from sltk.harness.catalogue import find
from sltk.harness.lines import lines_of


def kill_after_a_row(pid: int, file: Path) -> None:
    while not (file.is_file() and file.stat().st_size):
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)


@pytest.mark.filterwarnings("default")  # of Dask's own, when it loses a worker
def test_a_cluster_that_loses_a_worker_measures_the_same_rows(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="Dask is an extra: pip install 'sltk[cluster]'")
    study = find("epsilon-perturbation")
    options = replace(study.standard(), preset="quick")  # pyright: ignore[reportArgumentType]
    study.run(replace(options, out=tmp_path / "here"))
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, local_directory=str(tmp_path / "dask")
    ) as cluster:
        first = next(iter(cluster.workers.values()))
        killer = threading.Thread(target=kill_after_a_row, args=(first.pid, tmp_path / "there" / ROWS), daemon=True)
        killer.start()
        asked = ["--preset", "quick", "--out", str(tmp_path / "there"), "--cluster", cluster.scheduler_address]
        assert study.main(asked) == 0
        killer.join(10)
        assert not killer.is_alive()
    here, there = (sorted(lines_of((tmp_path / name / ROWS).read_bytes())) for name in ("here", "there"))
    assert len(here) == 7
    assert there == here
