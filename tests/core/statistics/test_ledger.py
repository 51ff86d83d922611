"""The ledger of false alarms, and the suite's check that rests on it: both can fail."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sltk.core.errors import SltkError
from sltk.core.statistics.stats import FalseAlarmLedger

CONFTEST = Path(__file__).parents[2] / "statistical" / "conftest.py"
ROOT = Path(__file__).parents[3]  # the package that is tested, whichever is installed
HEADER = "import pytest\n"
DECLARED = "@pytest.mark.false_alarm({})\ndef test_{}():\n    pass\n"


def run_suite(folder: Path, text: str) -> tuple[int, str]:
    """Run a suite of one file under the real conftest; exit status and output."""
    shutil.copy(CONFTEST, folder / "conftest.py")
    (folder / "test_it.py").write_text(HEADER + text)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-W",
        "error",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:hypothesispytest",
        "-p",
        "no:xdist",
        "--rootdir",
        folder,
        folder,
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, cwd=folder, check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_total_is_the_exact_sum():
    ledger = FalseAlarmLedger(1.0)
    for i in range(10):
        ledger.declare(f"test {i}", 0.1)
    assert ledger.total == 1.0  # a running sum would give 0.9999999999999999
    ledger.require_within()


def test_over_the_budget_is_refused_by_name():
    ledger = FalseAlarmLedger(1e-6)
    ledger.declare("small", 1e-9)
    ledger.declare("large", 1e-6)
    with pytest.raises(SltkError, match=r"over the budget of 1e-06; the largest are large \(1e-06\), small"):
        ledger.require_within()


@pytest.mark.parametrize("probability", [-1e-12, 1.5, float("nan"), True])
def test_no_probability_is_refused(probability):
    with pytest.raises(SltkError, match=r"must lie in \[0, 1\]"):
        FalseAlarmLedger().declare("a", probability)


def test_declaring_twice_is_refused():
    ledger = FalseAlarmLedger()
    ledger.declare("a", 0.0)
    with pytest.raises(SltkError, match="already"):
        ledger.declare("a", 0.0)


def test_suite_within_the_budget_passes_and_prints_its_total(tmp_path):
    status, output = run_suite(tmp_path, DECLARED.format("4e-7", "a") + DECLARED.format("5e-7", "b"))
    assert status == 0
    assert "declared false alarms: 9e-07 in 2 tests, budget 1e-06" in output


def test_suite_over_the_budget_fails(tmp_path):
    status, output = run_suite(tmp_path, DECLARED.format("4e-7", "a") + DECLARED.format("7e-7", "b"))
    assert status == pytest.ExitCode.USAGE_ERROR
    assert "add up to 1.1e-06" in output


def test_cases_of_a_parametrised_test_count_one_by_one(tmp_path):
    text = "@pytest.mark.parametrize('i', range(11))\n@pytest.mark.false_alarm(1e-7)\ndef test_a(i):\n    pass\n"
    status, output = run_suite(tmp_path, text)
    assert status == pytest.ExitCode.USAGE_ERROR
    assert "add up to 1.1e-06" in output


@pytest.mark.parametrize("text", ["def test_a():\n    pass\n", DECLARED.format("", "a"), DECLARED.format("'1'", "a")])
def test_a_test_that_declares_nothing_fails_the_suite(tmp_path, text):
    status, output = run_suite(tmp_path, text)
    assert status == pytest.ExitCode.USAGE_ERROR
    assert "test_it.py::test_a" in output
