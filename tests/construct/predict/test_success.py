"""Predictions: what they refuse, what they fall back on, and that limits are those of the parts together."""

from dataclasses import replace

import pytest

from sltk.construct.predict import success
from sltk.construct.predict.success import predict_success
from sltk.core.errors import SltkError
from sltk.subset_sum.laws import Uniform
from tests.construct.predict.families import small


class Lopsided(Uniform):
    """Says of itself that it is not symmetric."""

    @property
    def symmetric(self) -> bool:
        return False


@pytest.mark.parametrize("wrong", [{"draws": 1}, {"conditional": False}, {"repeats": 3}])
def test_what_is_only_known_by_counting_asks_for_trials(wrong: dict[str, int]) -> None:
    with pytest.raises(SltkError, match="trials=2"):
        small().predict(**wrong)


def test_a_law_that_is_not_symmetric_is_counted() -> None:
    """The law is the same, and only says otherwise: both ways answer alike, to their limits at .999."""
    families = small(n=14, method="two-layer").families()[0]
    plain = tuple(replace(part, law=Lopsided(1.0)) for part in families)
    quick, counted = (predict_success(parts, draws=2000, confidence=0.999) for parts in (families, plain))
    assert max(quick.low, counted.low) <= min(quick.high, counted.high)
    assert 0.0 < quick.low <= quick.p <= quick.high < 1.0


def test_parts_say_what_is_expected_of_each() -> None:
    asked = small(method="two-layer", n=12)
    found = asked.predict(draws=400)
    assert [(e.stage, e.kind, e.problems) for e, _ in found.parts] == [
        (part.stage, part.kind, part.problems) for part in asked.families()[0]
    ]
    for expected, part in found.parts:
        assert expected.low <= expected.mean <= expected.high
        assert part.low <= part.p <= part.high
    assert found == asked.predict(draws=400)
    assert found != asked.predict(draws=400, seed=1)


def test_rows_that_are_off_by_too_much_are_counted_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    part = next(part for part in small(n=6).families()[0] if part.shared is not None)
    counts = list[int]()

    def simulated(_: object, draws: int, *__: object) -> object:
        counts.append(draws)
        return success.SharedRows.none(draws).success

    monkeypatch.setattr(success, "simulated", simulated)
    predict_success([part], draws=100)
    assert counts == [100]
    monkeypatch.setattr(success, "WIDE", 1e9)
    predict_success([part], draws=100)
    assert counts == [100]
