"""Sources' own predictions: factors read from the source itself, streams, limits, and what they refuse."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from torch import nn

from sltk.construct import Construction, Search
from sltk.construct.pools.samples import constant_pools, flat_index, sides
from sltk.construct.pools.weight_pools import weight_pools
from sltk.construct.predict import own
from sltk.construct.predict.factors import own_factors
from sltk.construct.predict.given import failures_given, fresh
from sltk.construct.predict.own import predict_sources
from sltk.construct.predict.parts import SharedRows, bracket
from sltk.core.errors import SltkError
from sltk.core.threads import limit
from sltk.subset_sum.laws import Uniform
from tests.construct.predict.families import conv, shared_families, small


class Lopsided(Uniform):
    """Says of itself that it is not symmetric."""

    @property
    def symmetric(self) -> bool:
        return False


CONSTRUCTIONS: dict[str, Callable[[], Construction]] = {
    "plus-one, split": small,
    "two-layer, split": lambda: small(method="two-layer"),
    "plus-one, smooth": lambda: small(nn.Tanh),
    "two-layer, smooth": lambda: small(nn.Tanh, method="two-layer"),
    "conv": conv,
    "conv, plus-one": lambda: conv(method="plus-one"),
    "larger than the law": lambda: small(scale=3.0, method="two-layer"),
}


def weight_pools_differ(asked: Construction, seed: int) -> float:
    """Largest distance of the construction's pools from ``law * scale * factors``."""
    source, plan, families = asked.source(seed), asked.plan, asked.families()[0]
    worst = 0.0
    for part, factors in zip(families, own_factors(source, plan, families), strict=True):
        if factors is None or part.kind == "bias":
            continue
        role, weight = plan.roles[part.stage], asked.network.stages[part.stage].affine.weight
        shaped = weight.numpy().reshape(role.outputs, role.fan, role.inner)
        inputs = np.unique(part.group)
        for number, side in enumerate(sides(source, role)):
            tolerance = asked.tolerances()[part.stage]
            for batch in weight_pools(source, role, side, shaped, tolerance, Search().pruned(tolerance)):
                channel = batch.input[:, None] * role.copies_in + np.maximum(batch.neurons, 0)
                drawn = batch.outgoing / plan.layers[role.combine].column_factors[channel]
                said = drawn * part.scale * factors[np.searchsorted(inputs, batch.input), number]
                worst = max(worst, float(np.abs(said - batch.pool).max()))
    return worst


def bias_pools_differ(asked: Construction, seed: int) -> float:
    """The same for the pools of the biases."""
    source, plan, families = asked.source(seed), asked.plan, asked.families()[0]
    worst = 0.0
    for part, factors in zip(families, own_factors(source, plan, families), strict=True):
        if factors is None or part.kind == "weight":
            continue
        role = plan.roles[part.stage]
        pool, zero = constant_pools(source, role)[-1], np.zeros((1, 1), dtype=np.int64)
        outgoing = source.weights(role.combine, flat_index(role, zero, zero, pool.channels[None], pool.taps[None]))
        drawn = outgoing / plan.layers[role.combine].column_factors[pool.channels]
        said = drawn * (part.scale * factors[0, 0])[: pool.values.size]
        worst = max(worst, float(np.abs(said - outgoing * pool.values).max()))
        assert not factors[0, 0, pool.values.size :].any()
    return worst


@pytest.mark.parametrize("name", CONSTRUCTIONS)
def test_pools_of_a_source_are_its_law_times_scale_times_its_factors(name: str) -> None:
    asked = CONSTRUCTIONS[name]()
    for seed in range(3):
        assert weight_pools_differ(asked, seed) < 1e-12
        assert bias_pools_differ(asked, seed) < 1e-12


def test_factors_of_another_source_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, other = small(method="two-layer"), small(method="two-layer").source(7)
    wrong = own_factors(other, asked.plan, asked.families()[0])
    monkeypatch.setitem(globals(), "own_factors", lambda *_: wrong)
    assert weight_pools_differ(asked, 0) > 0.01
    assert bias_pools_differ(asked, 0) > 0.01


def test_trials_depend_on_the_seed_alone() -> None:
    for part in shared_families(method="two-layer"):
        found = failures_given(part, fresh(part), 40, 6, 1)
        with limit(1):
            assert failures_given(part, fresh(part), 40, 6, 1).tobytes() == found.tobytes()
        assert failures_given(part, fresh(part), 40, 6, 2).tobytes() != found.tobytes()
        assert found.shape == (40, 6)
        assert found.min() >= 0.0


def test_sources_have_predictions_of_their_own_and_the_order_of_seeds_is_theirs() -> None:
    asked = small(method="two-layer")
    found = predict_sources(asked, [3, 1, 2], trials=400)
    assert len(set(found.p)) == 3
    assert all(0 <= low <= p <= high <= 1 for low, p, high in zip(found.low, found.p, found.high, strict=True))
    assert predict_sources(asked, [3, 1, 2], trials=400) == found
    assert not found.left_out
    test = found.test(2, 0.05)
    assert (test.successes, test.trials) == (2, 3)
    assert test.low <= sum(found.p) <= test.high


def test_more_trials_narrow_the_limits() -> None:
    asked = small(method="two-layer", n=10)
    few, many = (predict_sources(asked, range(6), trials=trials) for trials in (300, 6000))
    assert sum(many.high) - sum(many.low) < sum(few.high) - sum(few.low)


def test_own_predictions_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = small(method="two-layer")
    found = predict_sources(asked, range(3), trials=200, folder=tmp_path)

    def never(*_: object) -> None:
        raise AssertionError("estimated again")

    monkeypatch.setattr(own, "_moments", never)
    assert predict_sources(asked, range(3), trials=200, folder=tmp_path) == found
    with pytest.raises(AssertionError, match="again"):
        predict_sources(asked, range(1, 4), trials=200, folder=tmp_path)


def test_what_is_left_out_cannot_be_tested_by_successes() -> None:
    found = predict_sources(small(nn.Sigmoid, method="two-layer"), range(2), trials=100)
    assert found.left_out
    with pytest.raises(SltkError, match="leave out"):
        found.test(1, 0.05)


def test_what_it_refuses() -> None:
    with pytest.raises(SltkError, match="two different seeds"):
        predict_sources(small(), [1])
    with pytest.raises(SltkError, match="two different seeds"):
        predict_sources(small(), [1, 1])
    part = shared_families()[0]
    lopsided = replace(part, law=Lopsided(1.0))
    for wrong in ({"rows": 0}, {"trials": 0}):
        with pytest.raises(SltkError, match="failures_given"):
            failures_given(part, fresh(part), **({"rows": 2, "trials": 2} | wrong))
    with pytest.raises(SltkError, match="symmetric"):
        failures_given(lopsided, fresh(lopsided), 2, 2)
    with pytest.raises(SltkError, match="share nothing"):
        fresh(replace(part, shared=None))


def test_a_bracket_holds_every_way_to_spread_the_failures() -> None:
    """``(1 - L/R)_+^R <= prod (1 - p)^R <= exp(-L)``, with equality where one target has them all."""
    generator = np.random.default_rng(0)
    for copies in (1, 3, 22):
        for _ in range(50):
            p = generator.random(5) ** 4 * generator.random()
            least, most = bracket(copies * float(p.sum()), copies)
            assert least - 1e-12 <= float(np.prod((1.0 - p) ** copies)) <= most
        assert bracket(copies * 0.2, copies)[0] == pytest.approx(0.8**copies)
    assert bracket(5.0, 4)[0] == 0.0


def test_rows_and_what_their_limits_add() -> None:
    part = replace(shared_families()[0], copies=2)
    trials = np.array([[0.0, 0.0, 2.0, 0.0], [8.0, 0.0, 0.0, 0.0]])
    rows = SharedRows.of(part, trials)
    assert rows.success.tolist() == [0.5, 0.0]
    assert rows.failures.tolist() == [0.5, 2.0]
    assert rows.above == pytest.approx(1.25 / (4.0 * np.e))
    assert rows.below == pytest.approx(0.5 + 0.0)  # one trial of 8/4 is cut at 1; the halves' product is 0
    both = rows.and_of(rows)
    assert both.success.tolist() == [0.25, 0.0]
    assert both.above == 2.0 * rows.above
