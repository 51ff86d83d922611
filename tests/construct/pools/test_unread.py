"""Copies that nothing reads: neither solved nor kept, the ticket computes the same, and a file that says so is held."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from sltk.construct import Recipe, Run, Search, load, save
from sltk.construct.construction import Construction
from sltk.construct.pools.parts import Share
from sltk.construct.recipe import from_record
from sltk.construct.unread import read_neurons, unread_weights
from sltk.core.errors import SltkError
from sltk.verify.check import check
from sltk.verify.derived import derive
from tests.construct.block_nets import SHAPE, depthwise_separable, pre_activation, randomised

RECIPE, SEARCH, SEED = Recipe("plus-one", 12, 0.02, law="uniform(2.0)"), Search(copy_error=0.01), 3
SKIPPING = replace(SEARCH, skip_unread=True)
COARSE = "the ticket computes its target"  # to 5% of outputs that hardly vary, which .02 of a parameter does not give
TARGETS = {
    "dense": (lambda: nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 4), nn.Sigmoid(), nn.Linear(4, 2)), (3,)),
    "conv": (lambda: nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 1)), (1, 4, 4)),
    "groups": (depthwise_separable, SHAPE),
    "residual": (pre_activation, SHAPE),
}


def construction(kind="dense", recipe=RECIPE):
    make, shape = TARGETS[kind]
    torch.manual_seed(1)
    return Construction(randomised(make()), (-1.0, 1.0), recipe, input_shape=shape)


def failing(ticket):
    return {verdict.statement for verdict in check(ticket).verdicts if not verdict.holds}


def unread(ticket):
    roles, masks = ticket.plan.roles, ticket.masks
    return unread_weights(roles, masks, read_neurons(ticket.source, roles, masks))


@pytest.mark.parametrize("kind", TARGETS)
def test_a_ticket_without_unread_copies_computes_the_same_bits_from_fewer_problems(kind):
    made = construction(kind)
    whole, lean = made.build(SEED, SEARCH), made.build(SEED, SKIPPING)
    assert unread(whole) > 0, "nothing is unread here, so that nothing is tested"
    assert unread(lean) == 0
    assert lean.problems < whole.problems
    assert lean.sizes.kept < whole.sizes.kept
    x = torch.rand(20, *made.network.input_shape) * 2 - 1
    assert torch.equal(lean.module("sparse")(x), whole.module("sparse")(x))
    for own, all_of in zip(lean.masks, whole.masks, strict=True):
        assert set(own.weight) <= set(all_of.weight)
    assert set(lean.failures) <= set(whole.failures)


@pytest.mark.parametrize("kind", ["dense", "conv"])
def test_it_is_certified_and_checked_as_any_ticket(kind):
    made = construction(kind, replace(RECIPE, n=20))
    whole, lean = made.build(SEED, SEARCH), made.build(SEED, SKIPPING)
    assert not lean.failures
    assert lean.certificate.bound <= whole.certificate.bound
    assert failing(lean) == failing(whole) <= {COARSE}
    # Said to hold all copies, the same mask lacks the parameters of some.
    assert failing(replace(lean, search=SEARCH)) >= {
        "every effective parameter is within param_eps", "what the file says follows from its mask and recipe",
    }  # fmt: skip


def test_a_mask_that_keeps_unread_copies_does_not_follow_from_a_search_that_skips_them():
    made = construction()
    whole, lean = made.build(SEED, SEARCH), made.build(SEED, SKIPPING)
    forged = replace(lean, masks=whole.masks)
    count = unread(whole)
    assert f"it leaves out copies that nothing reads, but keeps {count:,} weights of some" in derive(forged).differences
    assert derive(replace(lean, problems=whole.problems)).differences != ()


def test_what_is_read_is_told_from_the_output_down():
    made = construction()
    ticket = made.build(SEED, SKIPPING)
    first, second, last = read_neurons(ticket.source, ticket.plan.roles, ticket.masks)
    assert last.all()
    assert 0 < second.sum() < second.size
    # By hand: the last stage's weights name the copies that they read, input by input.
    role = ticket.plan.roles[2]
    channel = ticket.masks[role.combine].weight // role.inner % role.width
    carried = {int(c) for c in channel if c < role.inputs * role.copies_in}
    assert {int(j * role.copies_in + k) for k, j in zip(*second.nonzero(), strict=True)} == carried
    assert first.sum() > second.sum() / 2


def test_shards_and_parts_give_the_same_bytes(tmp_path):
    made = construction()
    save(made.build(SEED, SKIPPING), tmp_path / "whole")
    for index in (2, 1):  # a share cannot know what reads it, and solves all of its own
        made.build_share(SEED, Share(index, 2), SKIPPING, Run(tmp_path / "parts"))
    save(made.build(SEED, SKIPPING, Run(tmp_path / "parts", merge=True)), tmp_path / "merged")
    save(made.build(SEED, SKIPPING, Run(tmp_path / "resumed", device="torch:cpu")), tmp_path / "device")
    for name in ("merged", "device"):
        assert (tmp_path / name).read_bytes() == (tmp_path / "whole").read_bytes()
    assert load(tmp_path / "whole").search == SKIPPING


def test_a_search_from_before_it_was_asked_is_read_and_written_as_it_was():
    record = SEARCH.record()
    assert "skip_unread" not in record
    assert from_record(Search, record) == SEARCH
    assert from_record(Search, SKIPPING.record()) == SKIPPING


def test_a_search_that_has_to_know_the_stages_below_is_refused():
    with pytest.raises(SltkError, match="skip_unread=True solves the stages from the last to the first"):
        construction().build(SEED, Search(skip_unread=True))
