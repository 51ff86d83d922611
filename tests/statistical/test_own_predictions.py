"""Sources' own predictions against real tickets, and the quick estimates against plain counting.

Target and construction of ``test_product_formula``: one input, eight hidden neurons, n = 18, success in three of ten,
which differs from source to source since 144 problems share the 18 weights of the one input. Seeds from 50,000 on.
"""

from collections.abc import Iterator
from dataclasses import replace

import numba
import numpy as np
import pytest

from sltk.claims.product_formula import construction, network
from sltk.construct import Search
from sltk.construct.predict import given
from sltk.construct.predict.own import SourcePredictions, predict_sources
from sltk.construct.predict.success import Prediction
from sltk.core.statistics.poisson_binomial import power, test_successes

ALARM = 5e-10
SEEDS = range(50_000, 50_500)
DRAWS, COUNTED = 20_000, 2**21


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(before)


@pytest.fixture(scope="module")
def succeeded() -> int:
    asked = construction(network())
    return sum(asked.build(seed, Search("cardinality")).reached for seed in SEEDS)


@pytest.fixture(scope="module")
def own() -> SourcePredictions:
    return predict_sources(construction(network()), SEEDS, trials=4000, confidence=1.0 - ALARM)


def halved(own: SourcePredictions) -> SourcePredictions:
    """Half of the failures."""
    ends = ((1.0 + np.array(values)) / 2.0 for values in (own.p, own.low, own.high))
    return replace(own, **{name: tuple(v.tolist()) for name, v in zip(("p", "low", "high"), ends, strict=True)})


@pytest.mark.false_alarm(1e-9)
def test_successes_have_the_law_of_the_sources_own_probabilities(succeeded: int, own: SourcePredictions) -> None:
    """H0: each source succeeds with its own probability, in the limits. False alarm 5e-10 (limits) + 5e-10 (test).

    Power above 1 - 1e-9 against a prediction whose failures are halved: see the next test.
    """
    test = own.test(succeeded, ALARM)
    assert not test.rejected, test
    assert test.high - test.low < 0.1 * len(SEEDS)
    assert np.std(own.p) > 0.05  # sources differ by more than their estimates do


@pytest.mark.false_alarm(2e-9)
def test_a_prediction_whose_failures_are_halved_is_refuted(succeeded: int, own: SourcePredictions) -> None:
    """Control. Fails by chance with 5e-10 (limits) and the rest of 1e-9 (power, computed here)."""
    wrong = halved(own)
    for truth in (own.low, own.high):
        assert power(truth, wrong.low, wrong.high, ALARM) > 1.0 - 1e-9
    assert wrong.test(succeeded, ALARM).rejected


@pytest.mark.false_alarm(0.0)
def test_forty_sources_refute_it_at_one_in_a_hundred(own: SourcePredictions) -> None:
    """What the main job's number of sources can tell: power over .9 at .01. Nothing is drawn that was not before."""
    low, high = (np.array(values[:40]) for values in (own.low, own.high))
    wrong = halved(own)
    assert power(low, wrong.low[:40], wrong.high[:40], 0.01) > 0.9
    assert power((low + high) / 2.0, low, high, 0.01) <= 0.01
    assert test_successes(round(float(low.sum())), low, high, 0.01).p_value > 0.3


@pytest.fixture(scope="module")
def counted() -> Prediction:
    return construction(network()).predict(trials=COUNTED, confidence=1.0 - ALARM)


@pytest.mark.false_alarm(1e-9)
def test_quick_estimates_agree_with_plain_counting(counted: Prediction) -> None:
    """Both intervals hold the same number (5e-10 each), in all and part by part."""
    quick = construction(network()).predict(draws=DRAWS, confidence=1.0 - ALARM)
    assert max(quick.low, counted.low) <= min(quick.high, counted.high), (quick, counted)
    for (_, ours), (_, theirs) in zip(quick.parts, counted.parts, strict=True):
        assert max(ours.low, theirs.low) <= min(ours.high, theirs.high)
    assert quick.high - quick.low < 0.12
    assert construction(network()).predict(confidence=0.95).high - quick.low < 0.12


@pytest.mark.false_alarm(1e-9)
def test_trials_that_all_count_alike_are_refused(counted: Prediction, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: signs drawn from q and counted as if from the true law. Fails by chance as the test above."""
    tilted = given.tilted_for

    def unweighted(*asked: object) -> given.Tilted:
        found = tilted(*asked)  # pyright: ignore
        return given.Tilted(found.share, np.ones_like(found.ratio))

    monkeypatch.setattr(given, "tilted_for", unweighted)
    monkeypatch.setattr("sltk.construct.predict.success.WIDE", 2.0)  # what is added to the limits is wrong as well
    wrong = predict_sources(construction(network()), range(10), trials=400)
    assert max(wrong.high) < counted.low
