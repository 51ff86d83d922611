"""The ledger of false alarms: every test here declares its own, and together they stay under one in a million.

A correct program fails one of these tests with probability at most the total, by the union bound. A test declares by
``@pytest.mark.false_alarm(p)``, 0 where it cannot fail by chance; each case of a parametrised test counts.
"""

from collections.abc import Iterable
from pathlib import Path

import pytest
import torch
from torch import nn

from sltk.core.errors import SltkError
from sltk.core.statistics.stats import FalseAlarmLedger
from sltk.networks.network import Network
from sltk.networks.reading.read import read

BUDGET = 1e-6
HERE = Path(__file__).parent
LEDGER = pytest.StashKey[FalseAlarmLedger]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "false_alarm(p): probability that the test fails although all is right")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    try:
        config.stash[LEDGER] = ledger_of(item for item in items if item.path.is_relative_to(HERE))
    except SltkError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    ledger = config.stash.get(LEDGER, None)
    if ledger is not None and ledger.declared:
        terminalreporter.write_line(
            f"declared false alarms: {ledger.total:.3g} in {len(ledger.declared)} tests, budget {ledger.budget:.3g}"
        )


def ledger_of(items: Iterable[pytest.Item]) -> FalseAlarmLedger:
    """Ledger of ``items``; SltkError where one declares nothing, or all of them too much."""
    ledger = FalseAlarmLedger(BUDGET)
    for item in items:
        marker = item.get_closest_marker("false_alarm")
        if marker is None or len(marker.args) != 1 or marker.kwargs:
            raise SltkError(f"{item.nodeid} declares no false alarm; mark it with @pytest.mark.false_alarm(p).")
        ledger.declare(item.nodeid, marker.args[0])
    ledger.require_within()
    return ledger


@pytest.fixture(scope="module")
def network() -> Network:
    """One input, four neurons, four outputs: weights from .2 to .9, no biases."""
    module = nn.Sequential(nn.Linear(1, 4, bias=False), nn.ReLU(), nn.Linear(4, 4, bias=False))
    with torch.no_grad():
        for layer in (module[0], module[2]):
            layer.weight.copy_(torch.linspace(0.2, 0.9, layer.weight.numel()).view_as(layer.weight))
    return read(module, (1,))
