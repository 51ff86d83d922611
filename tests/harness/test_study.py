"""The shell of a study: options, presets, exit codes, processes; and studies that the contract refuses."""

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sltk.core.files import canonical_json
from sltk.core.rng import stream
from sltk.harness.study import ROWS, Study, StudyOptions
from tests.harness.study_contract import complaints, strange_imports


@dataclass(frozen=True, kw_only=True)
class CoinOptions(StudyOptions):
    """What is asked."""

    shares: tuple[float, ...] = (0.25, 0.75)
    """Probabilities of heads."""
    trials: int = 100
    """Throws of a coin."""
    out: Path = Path("out/coin")


class Coin(Study[CoinOptions]):
    """One coin a cell."""

    name = "coin"
    measures = "Heads of coins."
    options = CoinOptions
    quick = {"trials": 10}  # noqa: RUF012

    def cells(self, options: CoinOptions) -> dict[str, dict[str, Any]]:
        return {f"share {p}": {"p": p, "trials": options.trials} for p in options.shares}

    def measure(self, cell: Mapping[str, Any], options: CoinOptions) -> dict[str, Any]:
        generator = stream(0, "coin", canonical_json(dict(cell)).decode())
        return {"heads": int((generator.random(cell["trials"]) < cell["p"]).sum())}

    def holds(self, document: Mapping[str, Any]) -> bool:
        return all(row.get("heads") for row in document["rows"])

    def tables(self, document: Mapping[str, Any]) -> Iterator[str]:
        return (f"{row['p']}: {row['heads']}" for row in document["rows"])


def test_a_sound_study_keeps_the_contract(tmp_path: Path):
    assert complaints(Coin(), CoinOptions(out=tmp_path)) == []


class Nameless(Coin):
    """Broken: draws from a stream without a name."""

    def measure(self, cell: Mapping[str, Any], options: CoinOptions) -> dict[str, Any]:
        return {"heads": random.getrandbits(60)}


class Forgetful(Coin):
    """Broken: its cells are never the same."""

    calls = 0

    def cells(self, options: CoinOptions) -> dict[str, dict[str, Any]]:
        self.calls += 1
        return {name: {**cell, "call": self.calls} for name, cell in super().cells(options).items()}


class Silent(Coin):
    """Broken: measures, and keeps the findings to itself."""

    def measure(self, cell: Mapping[str, Any], options: CoinOptions) -> dict[str, Any]:
        return {}


class Keyless(Coin):
    """Broken: concludes under another key."""

    def conclude(self, rows: Any, options: CoinOptions) -> dict[str, Any]:
        return {**super().conclude(rows, options), "key": "tails"}


class Scattering(Coin):
    """Broken: its rows lie somewhere else each time."""

    calls = 0

    def folder(self, options: CoinOptions) -> Path:
        self.calls += 1
        return options.out / str(self.calls)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (Nameless, "have no name"),
        (Forgetful, "asked again"),
        (Silent, "empty"),
        (Keyless, "does not carry the key"),
        (Scattering, "asked again"),
    ],
)
def test_a_broken_study_does_not(broken: type[Coin], said: str, tmp_path: Path):
    assert any(said in line for line in complaints(broken(), CoinOptions(out=tmp_path)))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("from sltk.cli.main import main", "sltk.cli"),
        ("def run():\n    import sltk.cli.commands.imp", "sltk.cli"),
        ("import subprocess", "subprocess"),
        ("from argparse import ArgumentParser", "argparse"),
    ],
)
def test_a_study_that_starts_a_command_line_is_seen(line: str, said: str, tmp_path: Path):
    (tmp_path / "study.py").write_text(f"from sltk.harness.study import Study\n{line}\n")
    assert any(said in one for one in strange_imports(tmp_path))
    (tmp_path / "study.py").write_text("from sltk.harness.study import Study\n")
    assert strange_imports(tmp_path) == []


def test_exit_codes(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = ["--out", str(tmp_path)]
    assert Coin().main([*out, "--shares", ".5"]) == 0
    said = capsys.readouterr().out
    assert "1 rows, 1 of them measured now" in said
    assert Coin().main([*out, "--shares", ".5", "0"]) == 1
    assert "0.0: 0" in capsys.readouterr().out
    assert Coin().main([*out, "--jobs", "0"]) == 2
    assert capsys.readouterr().err.strip() == "coin: --jobs must be at least 1, but got 0."
    with pytest.raises(SystemExit) as wrong:
        Coin().main(["--trials", "many"])
    assert wrong.value.code == 2


def test_the_command_line_writes_what_python_returns(tmp_path: Path):
    assert Coin().main(["--out", str(tmp_path / "a"), "--preset", "quick"]) == 0
    found = Coin().run(CoinOptions(out=tmp_path / "b", preset="quick"))
    assert json.loads((tmp_path / "a" / "study.json").read_text()) == found.document
    assert [row.cell["trials"] for row in found.rows] == [10, 10]
    assert (tmp_path / "a" / ROWS).read_bytes() == (tmp_path / "b" / ROWS).read_bytes()


def test_processes_measure_the_same_rows(tmp_path: Path):
    options = CoinOptions(out=tmp_path / "a", shares=(0.2, 0.4, 0.6))
    two = Coin().run(CoinOptions(**{**vars(options), "out": tmp_path / "b", "jobs": 2}))
    assert Coin().run(options).rows == two.rows


def test_damage_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = ["--out", str(tmp_path)]
    Coin().main(out)
    (tmp_path / ROWS).write_bytes((tmp_path / ROWS).read_bytes()[:-5])
    capsys.readouterr()
    assert Coin().main(out) == 0
    said = capsys.readouterr().out
    assert "1 damaged rows were set aside and measured again." in said
    assert "2 rows, 1 of them measured now" in said


def test_equal_cells_are_measured_once(tmp_path: Path):
    class Twice(Coin):
        def cells(self, options: CoinOptions) -> dict[str, dict[str, Any]]:
            return {name: {"p": 0.5, "trials": 10} for name in ("first", "second")}

    found = Twice().run(CoinOptions(out=tmp_path))
    assert (len(found.rows), found.measured) == (2, 1)
    assert found.rows[0].outputs == found.rows[1].outputs
