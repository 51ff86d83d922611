"""Verdicts of a claim under the quick preset, from one fixed seed.

Every claim is true as far as is known, so a test fails by chance with at most the declared false alarms of its cases
plus,
for each negative control, one minus its power; ``test_registry.py`` adds them up over the folder.
"""

from collections.abc import Callable

import pytest

from sltk.claims import claim
from sltk.harness.verdicts import judge_claim

SEED = 20261121


@pytest.fixture
def as_it_ought() -> Callable[[str], None]:
    """Assert that a claim's cases are consistent and its controls refuted, and that it has both."""

    def check(key: str) -> None:
        judged = judge_claim(claim(key), "quick", seed=SEED)
        for one in judged:
            wanted = "refuted" if one.case.control else "consistent"
            assert one.verdict.outcome == wanted, f"seed {SEED}, {one.case.name}: {one.verdict.reason}"
        assert {one.case.control for one in judged} == {True, False}

    return check
