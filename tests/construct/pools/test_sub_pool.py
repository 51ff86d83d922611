"""Searching some samples of each pool first: the failures of the whole pool, at the cost of the smaller one."""

import numpy as np
import pytest
from torch import nn

from sltk.construct.pools.sub_pool import smallest, solve_sub_pool_first
from sltk.construct.recipe import Search, from_record
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
    found = solve_sub_pool_first(pool, target, np.arange(7) * 2, eps=EPS, objective=objective, **extra)
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


def test_all_samples_at_once_is_the_plain_search():
    pool, target = pools(50)
    found, plain = (
        solve_sub_pool_first(pool, target, np.arange(14), eps=EPS, objective="mass"),
        solve(pool, target, eps=EPS, objective="mass"),
    )
    np.testing.assert_array_equal(found.mask, plain.mask)


def test_no_problems_are_no_answers():
    assert solve_sub_pool_first(np.zeros((0, 6)), np.zeros(0), np.arange(3), eps=EPS, objective="error").mask.shape == (
        0,
        6,
    )


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


SCALES = np.array([4.0, 4.0, 1.0, 1.0, 2.0, 1.0])


@pytest.mark.parametrize(("first", "some"), [(1, [5]), (3, [2, 3, 5]), (4, [2, 3, 4, 5]), (5, [1, 2, 3, 4, 5])])
def test_the_smallest_samples_are_nested(first, some):
    assert smallest(SCALES, first).tolist() == some


def test_few_copies_are_searched_first_and_the_others_where_these_do_not_do():
    """Of the copies that a stage reads, by far most are among the smallest ones; failures are those of all copies."""
    changes = {"scale_exponents": (1, 1, 0, 0, -1, -1), "copy_error": 0.01, "n": 16}
    plain, few = built(**changes), built(**changes, first_copies=(16, 9, 9))
    assert weights(few) == weights(plain)
    for role in few.plan.roles[1:]:
        some = smallest(few.source.layers[role.combine].column_factors[: role.samples], 9)
        channels = [ticket.masks[role.combine].weight // role.inner % role.width for ticket in (few, plain)]
        share, usual = (np.isin(c[c < role.fan * 16] % 16, some).mean() for c in channels)  # without the constants
        assert share > 0.9 > usual


def test_one_number_of_copies_is_that_of_every_stage_and_is_stored():
    assert Search(first_copies=5).first_copies_of(3) == 5
    assert Search().first_copies_of(3) is None
    for given in (5, (5, 6)):
        search = Search(copy_error=0.1, first_copies=given)
        assert from_record(Search, search.record()) == search
    assert "first_copies" not in Search().record()
    with pytest.raises(SltkError, match="first_copies has 2 numbers, but the target has a stage 3"):
        Search(first_copies=(5, 6)).first_copies_of(2)


@pytest.mark.parametrize("first", [0, 13, (8, 0, 8), 2.5, ()])
def test_numbers_of_copies_that_cannot_be_are_refused(first):
    with pytest.raises(SltkError, match="first_copies is a number of copies from 1 to n = 12"):
        built(first_copies=first)
    with pytest.raises(SltkError, match="without sub_pool"):
        built(first_copies=8, sub_pool=8)
