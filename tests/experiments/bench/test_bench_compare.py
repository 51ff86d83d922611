"""Rates of a benchmark over those of the run before."""

import json
from pathlib import Path

import pytest

from experiments.bench.compare import over_before


def row(program: str, n: int, *seconds: float) -> dict[str, object]:
    return {"program": program, "n": n, "objective": "minimum error", "targets": 100, "seconds": list(seconds)}


def test_ratios_are_of_medians_and_of_the_same_rows(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    path.write_text(json.dumps({"measured": [row("sltk", 15, 1.0, 2.0, 9.0), row("plain C", 15, 4.0)]}))
    now = [row("sltk", 15, 1.0, 1.0, 30.0), row("sltk", 20, 1.0), row("plain C", 15, 8.0)]
    assert over_before(path, now) == {
        ("sltk", 15, "minimum error"): pytest.approx(2.0),
        ("plain C", 15, "minimum error"): pytest.approx(0.5),
    }


@pytest.mark.parametrize("text", ["", "[]", "{}"])
def test_without_an_earlier_run_there_is_nothing_to_compare(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bench.json"
    assert over_before(path, [row("sltk", 15, 1.0)]) == {}
    path.write_text(text)
    assert over_before(path, [row("sltk", 15, 1.0)]) == {}
