"""Settings of the whole suite."""

import os
from collections.abc import Iterator

import pytest
import torch
from hypothesis import settings

from sltk.construct.certified.ticket import EXPANDING, REFINING, SEARCHING

os.environ["COLUMNS"] = "112"  # what is printed is asserted, whatever the terminal that the suite runs in


# A busy machine makes an example slow, and no example wrong.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")


def pytest_runtest_setup() -> None:
    """One thread, whatever the test before has asked for.

    The nets of the tests are tiny: a second thread costs more than it brings, and on a busy machine, where threads wait
    for each other in loops, a hundred times more.
    """
    torch.set_num_threads(1)


@pytest.fixture(autouse=True, scope="session")
def certificates_without_bisection() -> Iterator[None]:
    """Hundreds of small tickets are certified here, and a second or two of bisection each would be most of the suite.

    What bisection does is tested for itself; who asks for ``bisecting_certificates`` gets certificates as users do.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sltk.construct.certified.ticket.REFINING", 0.0)
        patch.setattr("sltk.construct.certified.ticket.SEARCHING", 0.0)
        patch.setattr("sltk.construct.certified.ticket.EXPANDING", 0.0)
        yield


@pytest.fixture
def bisecting_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Certificates with the bisection that a user's have."""
    monkeypatch.setattr("sltk.construct.certified.ticket.REFINING", REFINING)
    monkeypatch.setattr("sltk.construct.certified.ticket.SEARCHING", SEARCHING)
    monkeypatch.setattr("sltk.construct.certified.ticket.EXPANDING", EXPANDING)
