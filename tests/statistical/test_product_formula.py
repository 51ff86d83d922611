"""Real tickets over thousands of seeds against the conditional product formula.

Target: one input in [0, 1], eight hidden ReLU neurons with weights of size .7, one output; no biases, n = 18, uniform
sources, tolerance .1: 152 problems a ticket, and success in about three of ten. All 144 problems of the first
layer share the 18 univariate weights of the one input, so success must be averaged over them, not failure.

``SEEDS = 6500``, tests at ``ALARM = 5e-10`` beside prediction intervals at confidence ``1 - 5e-10``.
Prediction .28 to .33, product of marginals .18 to .22 (their own widths included), five sigma of a frequency .029.
"""

from collections.abc import Iterator

import numba
import pytest
import torch

from sltk.construct import Construction, Recipe, Search
from sltk.construct.predict.success import Prediction
from sltk.core.statistics.stats import power, test_proportion
from sltk.networks.activations.table import activation
from sltk.networks.network import Network, Stage
from sltk.networks.ops.act import Act
from sltk.networks.ops.linear import Linear

SEEDS = 6500
ALARM = 5e-10
HIDDEN = (0.7, -0.7, 0.7, -0.7, 0.7, 0.7, -0.7, -0.7)
OUTPUT = (1.2, -1.2, 1.2, 1.2, -1.2, 1.2, -1.2, -1.2)


def network(neurons: int = len(HIDDEN)) -> Network:
    """The target, or its first ``neurons`` hidden neurons."""
    first = torch.tensor(HIDDEN[:neurons], dtype=torch.float64)[:, None]
    last = torch.tensor(OUTPUT[:neurons], dtype=torch.float64)[None, :]
    relu = (Act(activation("relu")),)
    return Network((1,), (
        Stage(Linear("hidden", first, torch.zeros(neurons, dtype=torch.float64)), relu),
        Stage(Linear("output", last, torch.zeros(1, dtype=torch.float64))),
    ))  # fmt: skip


def question(target: Network) -> Construction:
    return Construction(target, (0.0, 1.0), Recipe("plus-one", 18, 0.1, law="uniform(1.0)", biases=False))


def predicted(target: Network, trials: int, conditional: bool = True, repeats: int = 1) -> Prediction:
    return question(target).predict(trials=trials, conditional=conditional, repeats=repeats, confidence=1.0 - ALARM)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """A ticket of this size is done before a second thread has started."""
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(before)


@pytest.fixture(scope="module")
def succeeded() -> int:
    """Seeds without a failure, counted on the real construction."""
    asked = question(network())
    return sum(asked.build(seed, Search("cardinality")).reached for seed in range(SEEDS))


@pytest.fixture(scope="module")
def conditional() -> Prediction:
    return predicted(network(), trials=2_800_000)


@pytest.fixture(scope="module")
def marginal() -> Prediction:
    return predicted(network(), trials=1_500_000, conditional=False)


@pytest.mark.false_alarm(1e-9)
def test_success_agrees_with_the_conditional_product(succeeded: int, conditional: Prediction) -> None:
    """H0: success has a probability in the predicted interval. False alarm 5e-10 (interval) + 5e-10 (test).

    Power against the product of marginals above 1 - 1e-9; see the next test.
    """
    test = test_proportion(succeeded, SEEDS, conditional.low, conditional.high, ALARM)
    assert not test.rejected, (test, conditional)
    assert conditional.high - conditional.low < 0.04


@pytest.mark.false_alarm(2e-9)
def test_the_product_of_marginals_is_off(succeeded: int, conditional: Prediction, marginal: Prediction) -> None:
    """The same test refuses it. Fails by chance with 1e-9 (its power, computed here) and 1e-9 (both intervals)."""
    assert power(SEEDS, conditional.low, marginal.low, marginal.high, ALARM) > 1.0 - 1e-9
    assert test_proportion(succeeded, SEEDS, marginal.low, marginal.high, ALARM).rejected


@pytest.mark.false_alarm(2e-9)
def test_a_formula_for_half_of_the_neurons_is_refuted(succeeded: int, conditional: Prediction) -> None:
    """Negative control: factors left out. Fails by chance as the test above."""
    halved = predicted(network(4), trials=2**19)
    assert power(SEEDS, conditional.high, halved.low, halved.high, ALARM) > 1.0 - 1e-9
    assert test_proportion(succeeded, SEEDS, halved.low, halved.high, ALARM).rejected


@pytest.mark.false_alarm(1e-9)
def test_powers_from_more_pools_than_copies_agree(conditional: Prediction) -> None:
    """``C(S, r) / C(R, r)`` at R = 3 r is unbiased too: both intervals hold the same number (5e-10 each)."""
    repeated = predicted(network(), trials=2**19, repeats=3)
    assert max(repeated.low, conditional.low) <= min(repeated.high, conditional.high)
    assert repeated.parts[0][1].trials > conditional.parts[0][1].trials / 8
