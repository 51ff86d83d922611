"""Widths of a whole network: the sizes are those of the allocated question, and the certificate is within eps."""

from functools import cache

import pytest
import torch
from scipy.stats import binom
from torch import nn

from sltk.certify.a_priori import Pools, a_priori
from sltk.certify.intervals import Box
from sltk.construct.methods.base import method_named
from sltk.construct.predict.widths import drawn_for_certain, required_widths
from sltk.core.errors import SltkError
from sltk.networks.activations.table import activation
from sltk.networks.reading.read import read
from sltk.subset_sum.laws import LogUniform, Product, Uniform
from sltk.subset_sum.widths.required_size import required_size
from tests.construct.building import build_ticket

QUESTIONS = ((0.5, 0.2), (0.25, 0.05))


def dense(phi: nn.Module, biases: bool = True) -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(2, 3, bias=biases), phi, nn.Linear(3, 1, bias=biases)).double()


@cache
def of_relu(method="plus-one"):
    """Of the dense network with a ReLU, which several tests look at."""
    return widths(dense(nn.ReLU()), method)


def widths(net, method="plus-one", eps=0.5, delta=0.05, **options):
    question = {"method": method, "eps": eps, "delta": delta, "domain": (-1.0, 1.0), "law": "uniform(1.0)"}
    return required_widths(net, input_shape=(2,), **(question | options))


@pytest.mark.parametrize("method", ["plus-one", "two-layer"])
def test_sizes_are_those_of_the_question_asked_of_each_pool(method):
    found = of_relu(method)
    product = Product(Uniform(1.0), Uniform(1.0))
    for pool in found.pools:
        law = Uniform(1.0) if pool.law == "uniform(1.0)" else product
        for name, way in (("floor", "floor"), ("certificate", "certificate"), ("closed_form", "closed-form")):
            size = required_size(pool.tolerance, pool.delta, law=law, method=way, window=pool.window)
            assert getattr(pool, name) == size
        assert pool.floor <= pool.certificate <= pool.closed_form
    assert found.certificate.bound <= 0.5


def test_failures_add_up_to_delta():
    """Problems of a stage, a draw for each input and sign, and one of constants, share what a stage may fail with."""
    found = of_relu()
    first, constants = (pool for pool in found.pools if pool.stage == "0")
    last, carried = (pool for pool in found.pools if pool.stage == "2")
    assert first.problems == 2 * 6 * last.certificate  # two sides, and as many copies as the next pool has samples
    assert (first.problems + constants.problems + 2 * 2 + 1) * first.delta == pytest.approx(0.025)
    assert (last.problems + carried.problems + 1) * last.delta == pytest.approx(0.025)


def test_a_priori_certificate_is_the_one_of_the_sizes_and_sees_a_looser_tolerance():
    net = read(dense(nn.ReLU()), (2,))
    found = of_relu()
    weights = [pool for pool in found.pools if pool.kind == "weight"]

    def bound(factor: float) -> float:
        offers = [Pools(pool.certificate * (2 - i), 1.0, 1.0) for i, pool in enumerate(weights)]
        eps = [pool.tolerance * factor for pool in weights]
        relu = activation("relu")
        return a_priori(net, Box(-1.0, 1.0), eps, offers, method=method_named("plus-one"), univariate=relu).bound

    assert bound(1.0) == found.certificate.bound
    assert bound(4.0) > 0.5


def test_wider_where_more_is_asked():
    net = dense(nn.ReLU(), biases=False)
    easy, harder = (sum(pool.certificate for pool in widths(net, eps=e, delta=d).pools) for e, d in QUESTIONS)
    assert easy < harder


def test_a_built_ticket_needs_no_more_than_is_certified():
    net = dense(nn.ReLU())
    ticket = build_ticket(net, method="two-layer", n=24, seed=0, domain=(-1.0, 1.0), input_shape=(2,), eps=0.5)
    assert ticket.succeeded
    assert all(pool.certificate >= 24 for pool in of_relu("two-layer").pools)


def test_a_curved_first_activation_gets_small_weights():
    found = widths(dense(nn.Tanh(), biases=False), "two-layer")
    assert found.scale < 0
    assert found.certificate.bound <= 0.5


@pytest.mark.parametrize(("usable", "share"), [(5, 0.5), (30, 0.5), (12, 1.0)])
def test_drawn_is_least(usable, share):
    drawn = drawn_for_certain(usable, share, 1e-6)
    assert binom.cdf(usable - 1, drawn, share) <= 1e-6
    assert drawn == usable or binom.cdf(usable - 1, drawn - 1, share) > 1e-6


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: widths(dense(nn.Sigmoid())), "intercept"),
        (lambda: widths(dense(nn.Tanh())), "'0' has biases over constants"),
        (lambda: widths(dense(nn.ReLU()), eps=0.0), "eps=0.0"),
        (lambda: widths(dense(nn.ReLU()), delta=1.0), "delta=1.0"),
        (lambda: widths(dense(nn.ReLU()), law=Uniform(1.0).__class__(-1.0)), "half_width"),
        (lambda: widths(dense(nn.ReLU()), law=LogUniform(0.1)), "density 0"),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(SltkError, match=message):
        call()
