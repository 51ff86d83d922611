"""Shards of a study: whoever measures a row, however often, in whatever order, the rows are the same bytes."""

import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sltk.core.errors import SltkError
from sltk.harness.away.gathered import ROWS, SHARDS
from sltk.harness.away.shards import run_shard
from sltk.harness.away.where import Away, Shard
from sltk.harness.catalogue import find, modules
from sltk.harness.lines import lines_of
from sltk.harness.rows import RowStore
from tests.harness.test_study import Coin, CoinOptions

CHECKOUT = Path(__file__).resolve().parents[2]
KEY = "epsilon-perturbation"
QUICK = ["--preset", "quick", "--trials", "110"]


def sorted_rows(folder: Path) -> list[bytes]:
    return sorted(lines_of((folder / ROWS).read_bytes()))


def started(*arguments: str, key: str = KEY) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "sltk.cli", "run", key, *QUICK, *arguments]
    return subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def killed_after_a_row(folder: Path, shard: str) -> int:
    """Rows that a shard had written when it was killed."""
    process = started("--out", str(folder), "--shard", shard)
    while process.poll() is None:
        written = [line for file in (folder / SHARDS).glob("*.jsonl") for line in lines_of(file.read_bytes())]
        if written:
            process.send_signal(signal.SIGKILL)
        time.sleep(0.002)
    process.communicate()
    assert process.returncode in (0, -signal.SIGKILL)
    return sum(len(list(lines_of(file.read_bytes()))) for file in (folder / SHARDS).glob("*.jsonl"))


def test_one_process_two_and_three_shards_measure_the_same_bytes(tmp_path: Path) -> None:
    """A real study: in one process, in two, and in three shards, one of them twice and one killed and run again."""
    study = find(KEY)
    options = replace(study.standard(), preset="quick", trials=110)  # pyright: ignore[reportArgumentType]
    one = study.run(replace(options, out=tmp_path / "one"))
    study.run(replace(options, out=tmp_path / "two", jobs=2))
    shards = replace(options, out=tmp_path / "three")
    assert killed_after_a_row(tmp_path / "three", "2/3") >= 1
    for shard in (Shard(3, 3), Shard(2, 3), Shard(3, 3), Shard(1, 3)):
        run_shard(study, shards, shard)
    assert run_shard(study, shards, Shard(3, 3)).measured == 0
    merged = study.run(shards)
    wanted = sorted_rows(tmp_path / "one")
    assert len(wanted) == len(one.rows) == 7
    assert sorted_rows(tmp_path / "two") == wanted
    assert sorted_rows(tmp_path / "three") == wanted
    assert merged.document == one.document


def coins(out: Path, **asked: Any) -> CoinOptions:
    return CoinOptions(out=out, shares=tuple(p / 16 for p in range(1, 16)), **asked)


def test_shards_that_ran_at_once_wrote_the_same_rows(tmp_path: Path) -> None:
    """Two workers of one shard that know nothing of each other: both measure it, and the merged rows are one run's."""
    study, options = Coin(), coins(tmp_path / "a")
    study.run(coins(tmp_path / "b"))
    for out in ("a", "c"):
        run_shard(study, coins(tmp_path / out), Shard(1, 2))
    (file,) = (tmp_path / "c" / SHARDS).glob("*.jsonl")
    file.rename(tmp_path / "a" / SHARDS / f"other-{file.name}")
    run_shard(study, options, Shard(2, 2))
    study.run(options)
    assert sorted_rows(tmp_path / "a") == sorted_rows(tmp_path / "b")


def test_a_torn_line_is_no_row_and_is_told(tmp_path: Path) -> None:
    study, options = Coin(), coins(tmp_path)
    done = run_shard(study, options, Shard(1, 1))
    done.file.write_bytes(done.file.read_bytes()[:-20])
    assert run_shard(study, options, Shard(1, 1)).measured == 1
    assert study.run(options).damaged == 1


def test_shards_that_disagree_are_refused(tmp_path: Path) -> None:
    """Negative control: a worker with other code writes another output under the same name."""

    class Other(Coin):
        def measure(self, cell: Any, options: CoinOptions) -> dict[str, Any]:
            return {"heads": -1}

    options = coins(tmp_path)
    first = run_shard(Coin(), options, Shard(1, 1))
    first.file.rename(tmp_path / "aside")
    run_shard(Other(), options, Shard(1, 1))
    (tmp_path / "aside").rename(first.file)
    with pytest.raises(SltkError, match="differ, though their inputs are"):
        Coin().run(options)


def test_clocks_may_disagree(tmp_path: Path) -> None:
    class Timed(Coin):
        clocks = frozenset({"seconds"})

        def measure(self, cell: Any, options: CoinOptions) -> dict[str, Any]:
            return {**super().measure(cell, options), "seconds": time.perf_counter()}

    for out in ("a", "b"):
        run_shard(Timed(), coins(tmp_path / out), Shard(1, 1))
    (file,) = (tmp_path / "b" / SHARDS).glob("*.jsonl")
    file.rename(tmp_path / "a" / SHARDS / file.name)
    assert len(Timed().run(coins(tmp_path / "a")).rows) == 15


@pytest.mark.parametrize("count", [1, 2, 7, 40])
def test_shards_share_all_rows_and_no_row_twice(count: int) -> None:
    ids = [f"{7919 * number % 104729:06x}" for number in range(23)]
    shares = [Shard(index, count).of(ids[::-1]) for index in range(1, count + 1)]
    assert sorted(one for share in shares for one in share) == sorted(ids)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_slurm_names_the_shard() -> None:
    job = {"SLURM_ARRAY_TASK_ID": "12", "SLURM_ARRAY_TASK_MIN": "10", "SLURM_ARRAY_TASK_COUNT": "1000"}
    assert Shard.parse("slurm", job) == Shard(3, 1000)
    assert Shard.parse("slurm+1000/3000", job) == Shard(1003, 3000)
    assert Shard.parse("2/8", {}) == Shard(2, 8)


@pytest.mark.parametrize(
    ("text", "said"), [("2", "--shard takes"), ("0/3", "a shard is one of"), ("4/3", "a shard is"), ("slurm", "sbatch")]
)
def test_a_shard_that_is_none_is_refused(text: str, said: str) -> None:
    with pytest.raises(SltkError, match=said):
        Shard.parse(text, {})


def test_ways_exclude_one_another() -> None:
    with pytest.raises(SltkError, match="--shard and --merge exclude"):
        Away(shard="1/2", merge=True)


def test_merge_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--out", str(tmp_path), "--shares", ".25", ".5", ".75"]
    assert Coin().main([*given, "--shard", "1/2"]) == 0
    assert "shard 1/2: 2 rows, 2 of them measured now" in capsys.readouterr().out
    assert Coin().main([*given, "--merge"]) == 1
    assert "1 of 3 rows are missing still" in capsys.readouterr().out
    assert len(RowStore(tmp_path / ROWS)) == 2
    assert Coin().main([*given, "--shard", "2/2"]) == 0
    assert Coin().main([*given, "--merge"]) == 0


def test_submitit_runs_shards_in_processes_of_their_own(tmp_path: Path) -> None:
    """Its local executor stands in for SLURM."""
    pytest.importorskip("submitit", reason="submitit is an extra: pip install 'sltk[cluster]'")
    study = find("quantised")
    asked = ["--preset", "quick", "--out", str(tmp_path / "a")]
    assert study.main([*asked, "--submit", "local", "--shards", "2"]) == 0
    assert len(list((tmp_path / "a" / SHARDS).glob("*.jsonl"))) == 2
    assert study.main([*asked, "--merge"]) == 0
    study.run(replace(study.standard(), preset="quick", out=tmp_path / "b"))  # pyright: ignore[reportArgumentType]
    assert sorted_rows(tmp_path / "a") == sorted_rows(tmp_path / "b")


def test_extras_that_are_absent_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sltk.harness.away.cluster import dask

    monkeypatch.setitem(sys.modules, "submitit", None)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SltkError, match=r"pip install 'sltk\[cluster\]'"), dask("tcp://127.0.0.1:1"):
        pass
    assert Coin().main(["--out", str(tmp_path), "--submit", "local"]) == 2


def test_a_cluster_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="Dask is an extra: pip install 'sltk[cluster]'")
    from sltk.harness.away.cluster import dask

    with pytest.raises(SltkError, match="no Dask scheduler at udp"), dask("udp://nowhere"):
        pass


def test_every_study_is_found_by_its_name_and_none_is_imported_before() -> None:
    assert modules()[KEY] == "experiments.epsilon_perturbation.study"
    assert find("epsilon_perturbation") is find(KEY)
    with pytest.raises(SltkError, match="no study is called 'nothing'; `sltk run` lists them: "):
        find("nothing")
    with pytest.raises(SltkError, match="cannot import the study 'no\\.such'"):
        find("no.such")


def test_where_no_studies_are_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sltk.harness.catalogue.CHECKOUT", tmp_path)
    with pytest.raises(SltkError, match="no studies here"):
        modules()
