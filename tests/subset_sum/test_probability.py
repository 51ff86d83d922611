"""Failure probabilities against closed forms, what a prediction covers, and the checks' own ability to fail."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import nn

from sltk.construct import Construction, Search
from sltk.construct.pools.problems import problem_families
from sltk.construct.predict.counting import expected_failures
from sltk.core.errors import SltkError
from sltk.networks.reading.read import read
from sltk.subset_sum.laws import LogUniform, Masked, Product, Uniform
from sltk.subset_sum.probability import Estimate, FailureCurve, failure_curve, failure_probability, range_obstruction
from tests.construct.building import construction
from tests.subset_sum.pools import direct_pool, given_pool, product_pool

CONFIDENCE = 1.0 - 1e-9


def two_samples(z: float, eps: float, a: float) -> float:
    """``P(no subset of two samples of U[-a, a] within eps of z)``, by one integral of exact interval lengths."""
    x = (np.arange(200_000) + 0.5) / 200_000 * 2 * a - a
    x = x[np.abs(x - z) > eps]
    first = np.maximum(0, np.minimum(z + eps, a) - max(z - eps, -a))
    low, high = np.maximum(z - x - eps, -a), np.minimum(z - x + eps, a)
    second = np.maximum(0.0, high - low)
    overlap = np.maximum(0.0, np.minimum(high, z + eps) - np.maximum(low, z - eps))
    return float(np.sum(1.0 - (first + second - overlap) / (2 * a)) / 200_000)


def test_range_obstruction_is_the_closed_form_up_to_the_half_width():
    for n, t, a in ((5, 0.7, 1.0), (20, 1.3, 2.0), (26, 0.01, 0.5)):
        closed = sum(math.comb(n, k) * (Fraction(t) / Fraction(a)) ** k / math.factorial(k) for k in range(n + 1))
        assert math.isclose(range_obstruction(n, t, Uniform(a)), float(closed / 2**n), rel_tol=1e-15)
    # The closed form ends there: beyond it, it is no probability at all.
    assert sum(math.comb(5, k) * 4.0**k / math.factorial(k) for k in range(6)) / 2**5 > 1.0
    assert range_obstruction(5, 4.0, Uniform(1.0)) < 1.0


def test_range_obstruction_by_hand_beyond_the_half_width():
    # K = 0, 1, 2 with weights 1/4, 1/2, 1/4; Irwin-Hall of two at 1.5 is 1 - .5**2 / 2.
    assert range_obstruction(2, 1.5, Uniform(1.0)) == 0.25 + 0.5 + 0.25 * 0.875
    assert range_obstruction(2, 3.0, Uniform(2.0)) == 0.25 + 0.5 + 0.25 * 0.875
    assert range_obstruction(3, 3.0, Uniform(1.0)) == 1.0
    assert range_obstruction(3, 0.0, Uniform(1.0)) == range_obstruction(3, -1.0, Uniform(1.0)) == 0.0
    assert range_obstruction(0, 0.1, Uniform(1.0)) == 1.0


@pytest.mark.parametrize(("z", "eps", "a"), [(0.5, 0.05, 1.0), (0.3, 0.01, 2.0), (-1.2, 0.1, 1.0)])
def test_one_and_two_samples_have_their_closed_form(z: float, eps: float, a: float):
    reach = max(0.0, min(z + eps, a) - max(z - eps, -a)) / (2 * a)
    one = failure_probability(1, z, eps, direct_pool(Uniform(a), 1), trials=2**16, confidence=CONFIDENCE)
    two = failure_probability(2, z, eps, direct_pool(Uniform(a), 2), trials=2**18, confidence=CONFIDENCE)
    assert one.low <= 1.0 - reach <= one.high
    assert two.low <= two_samples(z, eps, a) <= two.high
    # Negative control: the intervals are narrow enough to refuse a tolerance that is twice as large.
    assert not two.low <= two_samples(z, 2 * eps, a) <= two.high


def test_strata_agree_with_plain_trials_and_tell_seven_samples_from_eight():
    draw = product_pool(Uniform(1.0), Uniform(1.0), 8)
    strata = failure_probability(8, 0.4, 0.05, draw, trials=2**17, confidence=CONFIDENCE)
    plain = failure_probability(8, 0.4, 0.05, draw, trials=2**17, confidence=CONFIDENCE, symmetric=False, seed=1)
    fewer = failure_probability(7, 0.4, 0.05, product_pool(Uniform(1.0), Uniform(1.0), 7), trials=2**17,
                                confidence=CONFIDENCE)  # fmt: skip
    assert max(strata.low, plain.low) <= min(strata.high, plain.high)
    assert strata.low <= strata.p <= strata.high
    assert fewer.low > strata.high


def test_product_pools_are_given_pools_averaged_and_pools_of_the_product_law():
    generator = np.random.default_rng(5)
    kwargs = {"trials": 2**11, "confidence": CONFIDENCE}
    given = [
        failure_probability(6, 0.3, 0.05, given_pool(Uniform(1.0), np.abs(w)), seed=i, **kwargs).p
        for i, w in enumerate(Uniform(1.0).sample(generator, (300, 6)))
    ]
    product = failure_probability(6, 0.3, 0.05, product_pool(Uniform(1.0), Uniform(1.0), 6), trials=2**17)
    law = failure_probability(6, 0.3, 0.05, direct_pool(Product(Uniform(1.0), Uniform(1.0)), 6), trials=2**17, seed=2)
    error = 6.0 * np.std(given) / math.sqrt(len(given))
    assert abs(np.mean(given) - product.p) < error
    assert max(product.low, law.low) <= min(product.high, law.high)
    assert np.std(given) > 0.05  # the incoming weights matter, which is why success must be conditioned on them


def test_dead_samples_leave_the_empty_subset():
    dead = failure_probability(4, 0.3, 0.05, given_pool(Uniform(1.0), np.zeros(4)), trials=2**10)
    assert dead.p == 1.0
    within = failure_probability(4, 0.04, 0.05, given_pool(Uniform(1.0), np.zeros(4)), trials=2**10)
    assert within.p == 0.0
    mixed = failure_probability(4, [0.3, 0.04], 0.05, given_pool(Uniform(1.0), np.zeros(4)), trials=2**14,
                                confidence=CONFIDENCE)  # fmt: skip
    assert mixed.low <= 0.5 <= mixed.high


@pytest.mark.parametrize("n", [20, 24])
def test_rare_failures_are_bracketed_above_the_obstruction(n: int):
    rare = failure_probability(n, 1.0, 0.01, direct_pool(Uniform(2.0), n), trials=2**17)
    floor = range_obstruction(n, 0.99, Uniform(2.0))
    assert floor < rare.p < 10 * floor
    assert rare.low > 0.0
    assert rare.high < 20.0 / 2**17 + 3 * rare.p


def test_laws_with_an_atom_or_decades_of_scale_are_covered():
    for law in (Masked(Uniform(1.0), 0.5), LogUniform(0.01, 1.0)):
        strata = failure_probability(6, 0.3, 0.05, direct_pool(law, 6), trials=2**15, confidence=CONFIDENCE)
        plain = failure_probability(6, 0.3, 0.05, direct_pool(law, 6), trials=2**15, confidence=CONFIDENCE,
                                    symmetric=False)  # fmt: skip
        assert max(strata.low, plain.low) <= min(strata.high, plain.high)


def test_the_same_seed_gives_the_same_numbers():
    draw = direct_pool(Uniform(1.0), 6)
    first, again, other = (failure_probability(6, 0.4, 0.05, draw, trials=2**12, seed=s) for s in (3, 3, 4))
    assert first == again
    assert first != other


def test_a_curve_returns_its_nodes_and_is_monotone_between():
    sizes = np.array([0.06, 0.2, 0.5, 1.0, 1.5])
    curve = failure_curve(8, sizes, 0.05, direct_pool(Uniform(1.0), 8), trials=2**14)
    p, low, high = curve.at(np.linspace(-1.5, 1.5, 301))
    assert np.all(low <= p + 1e-15)
    assert np.all(p <= high + 1e-15)
    assert np.all(np.diff(p[150:]) >= -1e-15)
    np.testing.assert_allclose(p, p[::-1], rtol=1e-12)
    assert np.all(curve.at([0.0, 0.05, -0.05])[0] == 0.0)
    for z, node in zip(sizes, curve.nodes, strict=True):
        at = curve.at(z)
        assert at[1] >= node.low
        assert at[2] <= node.high
    between = failure_probability(8, 0.75, 0.05, direct_pool(Uniform(1.0), 8), trials=2**16, confidence=CONFIDENCE)
    assert abs(curve.at(0.75)[0] - between.p) < 0.1 * between.p


def test_a_curve_turns_nodes_out_of_order_into_a_monotone_one():
    nodes = tuple(Estimate(p, p - 0.05, p + 0.05, 0.99, 100) for p in (0.2, 0.18, 0.4))
    curve = FailureCurve(np.array([0.1, 0.2, 0.3]), nodes, 0.05, 0.97)
    p, low, high = curve.at([0.1, 0.2, 0.3])
    np.testing.assert_allclose(p, [0.19, 0.19, 0.4])
    np.testing.assert_allclose(low, [0.15, 0.15, 0.35])
    np.testing.assert_allclose(high, [0.23, 0.23, 0.45])


@pytest.mark.parametrize(
    "call",
    [
        lambda draw: failure_probability(4, 0.3, 0.0, draw),
        lambda draw: failure_probability(4, float("nan"), 0.1, draw),
        lambda draw: failure_probability(4, [], 0.1, draw),
        lambda draw: failure_probability(0, 0.3, 0.1, draw),
        lambda draw: failure_probability(4, 0.3, 0.1, draw, trials=0),
        lambda draw: failure_probability(4, 0.3, 0.1, draw, confidence=1.0),
        lambda draw: failure_curve(4, [0.3, 0.2], 0.1, draw),
        lambda draw: failure_curve(4, [0.05, 0.2], 0.1, draw),
        lambda draw: failure_curve(4, [0.2], 0.1, draw, trials=100).at(0.3),
        lambda draw: range_obstruction(-1, 0.1, Uniform(1.0)),
        lambda draw: range_obstruction(3, float("inf"), Uniform(1.0)),
        lambda draw: range_obstruction(3, 0.1, LogUniform(0.1)),  # pyright: ignore[reportArgumentType]  # refused
    ],
)
def test_bad_arguments_are_refused(call):
    with pytest.raises(SltkError):
        call(direct_pool(Uniform(1.0), 4))


ACTIVATIONS = {"relu": nn.ReLU(), "tanh": nn.Tanh(), "sigmoid": nn.Sigmoid()}


def question(name: str, method: str, low: float, **changes) -> Construction:
    """A small conv net with biases whose second stage is flattened."""
    generator = torch.Generator().manual_seed(4)
    conv, linear = nn.Conv2d(1, 2, 3, padding=1), nn.Linear(2 * 9, 2)
    with torch.no_grad():
        for tensor in (*conv.parameters(), *linear.parameters()):
            tensor.copy_(torch.rand(tensor.shape, generator=generator) - 0.5)
    network = read(nn.Sequential(conv, ACTIVATIONS[name], nn.Flatten(), linear), (1, 3, 3))
    return construction(network, domain=(low, 1.0), **({"method": method, "n": 8, "param_eps": 0.05} | changes))


@pytest.mark.parametrize("name", ["relu", "tanh"])
@pytest.mark.parametrize("method", ["plus-one", "two-layer"])
@pytest.mark.parametrize("low", [-1.0, 0.0])
def test_a_prediction_counts_the_problems_of_the_ticket(name: str, method: str, low: float):
    asked = question(name, method, low)
    expected = asked.expected_failures(trials=2000)
    assert sum(e.problems for e in expected) == asked.build(1, Search("cardinality")).problems
    assert {(e.stage, e.kind) for e in expected} == {(s, k) for s in (0, 1) for k in ("weight", "bias")}
    assert all(e.low <= e.mean <= e.high <= e.problems for e in expected)
    prediction = asked.predict(trials=2000)
    assert 0.0 <= prediction.low <= prediction.p <= prediction.high < 0.5
    assert not prediction.left_out


def test_biases_with_random_targets_are_left_out_and_named():
    prediction = question("sigmoid", "two-layer", -1.0).predict(trials=2000)
    assert {e.kind for e, _ in prediction.parts} == {"weight"}
    assert [text.split(":")[0] for text in prediction.left_out] == ["biases of stage 1", "biases of stage 2"]
    # Under plus-one the constants of later stages are phi(0), and only the first stage's targets are random.
    plus_one = question("sigmoid", "plus-one", -1.0).predict(trials=2000)
    assert [(e.stage, e.kind) for e, _ in plus_one.parts] == [(0, "weight"), (1, "weight"), (1, "bias")]
    assert len(plus_one.left_out) == 1


def test_an_aim_at_the_sup_error_has_tolerances_of_its_own():
    asked = question("tanh", "plus-one", 0.0, param_eps=None, eps=2.0)
    own = sum(e.mean for e in asked.expected_failures(Search(prune_below=0.0), trials=4000))
    given = asked.network, asked.plan, asked.declaration.law
    loose, tight = (
        sum(
            e.mean for e in expected_failures(problem_families(*given, [t, t], Search(prune_below=0.0))[0], trials=4000)
        )
        for t in (0.2, 1e-4)
    )
    assert loose < own < tight
