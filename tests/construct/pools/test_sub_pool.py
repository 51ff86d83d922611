"""Searching some samples of each pool first: the failures of the whole pool, at the cost of the smaller one."""

import numpy as np
import pytest
from torch import nn

from sltk.construct.pools.sub_pool import solve_sub_pool_first
from sltk.core.errors import SltkError
from sltk.core.rng import stream
from sltk.subset_sum import solve
from sltk.subset_sum.laws import Uniform
from tests.construct.building import build_ticket

EPS = 0.05


def pools(count: int = 4000, n: int = 14):
    generator = stream(5, "search-first")
    return generator.uniform(-1, 1, (count, n)), generator.uniform(-1, 1, count)


@pytest.mark.parametrize("objective", ["error", "mass", "weighted", "cardinality"])
def test_what_some_samples_solve_is_their_answer_and_the_rest_is_the_whole_pools(objective):
    pool, target = pools()
    costs, alpha = np.abs(pool), np.full(target.size, 2.0)
    extra = {"costs": costs, "alpha": alpha} if objective == "weighted" else {}
    found = solve_sub_pool_first(pool, target, 7, eps=EPS, objective=objective, **extra)
    some = np.arange(7) * 2
    part = {"costs": costs[:, some], "alpha": alpha} if objective == "weighted" else {}
    small = solve(pool[:, some], target, eps=EPS, objective=objective, **part)
    whole = solve(pool, target, eps=EPS, objective=objective, **extra)
    assert 0 < small.reached.sum() < whole.reached.sum()  # both ways are taken
    np.testing.assert_array_equal(found.mask[small.reached][:, some], small.mask[small.reached])
    assert not found.mask[small.reached][:, np.setdiff1d(np.arange(14), some)].any()
    np.testing.assert_array_equal(found.mask[~small.reached], whole.mask[~small.reached])
    np.testing.assert_array_equal(found.error[~small.reached], whole.error[~small.reached])
    np.testing.assert_array_equal(found.reached, whole.reached)
    np.testing.assert_allclose(found.value, (pool * found.mask).sum(axis=1), atol=1e-12, rtol=0)


@pytest.mark.parametrize("first", [None, 14, 20])
def test_all_samples_at_once_is_the_plain_search(first):
    pool, target = pools(50)
    found, plain = (
        solve_sub_pool_first(pool, target, first, eps=EPS, objective="mass"),
        solve(pool, target, eps=EPS, objective="mass"),
    )
    np.testing.assert_array_equal(found.mask, plain.mask)


def test_no_problems_are_no_answers():
    assert solve_sub_pool_first(np.zeros((0, 6)), np.zeros(0), 3, eps=EPS, objective="error").mask.shape == (0, 6)


def built(**changes):
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1))
    generator = stream(1, "search-first-target")
    for parameter in model.parameters():
        parameter.data = parameter.data.new_tensor(generator.uniform(-1, 1, parameter.shape))
    settings = {"method": "plus-one", "n": 12, "seed": 1, "domain": (-1.0, 1.0), "input_shape": (3,)}
    return build_ticket(model, **(settings | {"param_eps": 0.05, "law": Uniform(2.0)} | changes))


def weights(ticket) -> set[tuple[int, int, int, int, int]]:
    return {(f.stage, f.output, f.input, f.tap, f.copy) for f in ticket.failures if f.kind == "weight"}


def test_a_ticket_has_the_failures_of_the_whole_pools():
    plain, first = built(), built(sub_pool=8)
    assert weights(first) == weights(plain)
    assert weights(plain)  # so that there is something to agree on
    assert first.sizes.kept != plain.sizes.kept
    assert first.certificate.bound > 0


def test_pools_of_that_size_alone_have_more_failures():
    """The negative control: what the samples left out are there for."""
    alone = built(n=8, param_eps=0.05)
    assert len(weights(alone)) / alone.problems > 2 * len(weights(built(sub_pool=8))) / built().problems


@pytest.mark.parametrize("first", [0, 13, -1])
def test_a_number_that_is_not_between_one_and_n_is_refused(first):
    with pytest.raises(SltkError, match="sub_pool is a number of samples from 1 to n = 12"):
        built(sub_pool=first)


def test_a_construction_resumes_only_parts_of_the_same_search(tmp_path):
    stopped = []

    def stop(name: str, stage: int, stages: int) -> None:
        if stage == 2 and not stopped:
            stopped.append(name)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        built(sub_pool=8, checkpoint=tmp_path / "checkpoint", report=stop)
    other = built(checkpoint=tmp_path / "checkpoint")
    assert all(np.array_equal(a.weight, b.weight) for a, b in zip(other.masks, built().masks, strict=True))
