"""Shards of a construction: in any order, twice, killed, damaged; the file is that of one process, byte for byte."""

import sys

import numpy as np
import pytest
import torch
from torch import nn

from sltk.construct import Recipe, Run, Search, save
from sltk.construct.construction import Construction
from sltk.construct.pools.parts import PartsMissing, Share, cover
from sltk.core.errors import SltkError
from tests.construct.block_nets import SHAPE, Ended, PreActivationBlock, randomised

BUILDER = sys.modules["sltk.construct.build"]
TARGETS = {
    "dense": (lambda: nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 2)), (3,)),
    "conv": (lambda: nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 4)), (1, 4, 4)),
    "residual": (lambda: Ended(PreActivationBlock(2, 2)), SHAPE),
}  # fmt: skip
# Few samples, so that some pools fail: their order in the file is part of its bytes.
RECIPES = {
    "plus-one": (Recipe("plus-one", 11, 0.01, law="uniform(2.0)"), Search(copy_error=0.01)),
    "two-layer": (Recipe("two-layer", 11, 0.01, law="uniform(3.0)"), Search()),
}


def construction(target="dense", method="two-layer"):
    make, shape = TARGETS[target]
    torch.manual_seed(1)
    return Construction(randomised(make()), (-1.0, 1.0), RECIPES[method][0], input_shape=shape)


def shard(made, folder, index, count, search=None, method="two-layer"):
    return made.build_share(1, Share(index, count), search or RECIPES[method][1], Run(folder))


def merge(made, folder, search=None, method="two-layer"):
    return made.build(1, search or RECIPES[method][1], Run(folder, merge=True))


@pytest.mark.parametrize("method", RECIPES)
@pytest.mark.parametrize("target", TARGETS)
def test_shards_in_any_order_and_twice_give_the_bytes_of_one_process(tmp_path, target, method):
    made, parts = construction(target, method), tmp_path / "parts"
    whole = made.build(1, RECIPES[method][1])
    assert len(set(whole.failures.kind)) > 1, "some weights and some biases have to fail here, or order says nothing"
    save(whole, tmp_path / "whole")
    new = [shard(made, parts, index, 3, method=method) for index in (3, 1, 3, 2)]
    assert new[0] > 0
    assert new[2] == 0
    save(merge(made, parts, method=method), tmp_path / "merged")
    assert (tmp_path / "merged").read_bytes() == (tmp_path / "whole").read_bytes()


def test_a_shard_that_was_killed_goes_on_where_it_was(tmp_path, monkeypatch):
    made, parts, plain, calls = construction(), tmp_path / "parts", BUILDER.solve_stage, []

    def stopping(*task):
        calls.append(task[1].stage)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return plain(*task)

    monkeypatch.setattr(BUILDER, "solve_stage", stopping)
    with pytest.raises(KeyboardInterrupt):
        shard(made, parts, 1, 2)
    with pytest.raises(PartsMissing, match=r"no sound parts of outputs 3 to 5 of 5 of layer '0'\. Run the shards"):
        merge(made, parts)
    assert shard(made, parts, 1, 2) == 1
    assert calls == [0, 1, 2, 2]
    shard(made, parts, 2, 2)
    assert save_bytes(merge(made, parts), tmp_path) == save_bytes(made.build(1, RECIPES["two-layer"][1]), tmp_path)


def test_damaged_parts_and_those_of_another_construction_are_refused(tmp_path):
    made, parts = construction(), tmp_path / "parts"
    for index in (1, 2):
        shard(made, parts, index, 2)
    first, second = sorted(parts.glob("*-000-*"))
    sound = first.read_bytes()
    first.write_bytes(sound[:-9] + bytes([sound[-9] ^ 1]) + sound[-8:])
    with pytest.raises(PartsMissing, match=f"outputs 1 to 2 of 5 of layer '0'; damaged: {first.name}"):
        merge(made, parts)
    first.write_bytes(second.read_bytes())  # a whole part in another's place
    with pytest.raises(PartsMissing, match="damaged"):
        merge(made, parts)
    assert shard(made, parts, 1, 2) == 1
    assert first.read_bytes() == sound
    with pytest.raises(PartsMissing, match="6 files there belong to another construction"):
        made.build(2, RECIPES["two-layer"][1], Run(parts, merge=True))


def test_a_search_that_weighs_certified_errors_goes_stage_by_stage(tmp_path):
    made, parts, search = construction("dense", "plus-one"), tmp_path / "parts", Search()
    whole = save_bytes(made.build(1, search), tmp_path)
    for index, layer in ((1, "0"), (2, "2")):  # the first finds no other's part of layer 0, the second none of layer 2
        with pytest.raises(PartsMissing, match=f"no sound parts of outputs .* of layer '{layer}'"):
            shard(made, parts, index, 2, search)
    assert [shard(made, parts, index, 2, search) for index in (1, 2, 1)] == [2, 1, 0]
    assert save_bytes(merge(made, parts, search), tmp_path) == whole


def test_without_merge_what_is_missing_is_solved_here(tmp_path):
    made, parts, search = construction(), tmp_path / "parts", RECIPES["two-layer"][1]
    shard(made, parts, 2, 7)  # more shards than a stage has outputs
    assert save_bytes(made.build(1, search, Run(parts)), tmp_path) == save_bytes(made.build(1, search), tmp_path)
    assert not parts.exists()


def test_shares_are_all_outputs_once():
    for outputs in (1, 2, 10, 64):
        for count in (1, 3, 40):
            shares = [Share(index, count).of(outputs) for index in range(1, count + 1)]
            assert [place for share in shares for place in share] == list(range(outputs))
    with pytest.raises(SltkError, match="1/3 to 3/3, but got 4"):
        Share(4, 3)


def test_parts_of_another_number_of_shards_are_taken_where_they_fit():
    thirds, halves = [range(0, 3), range(3, 6), range(6, 10)], [range(0, 5), range(5, 10)]
    assert cover([*thirds, halves[0]], 10) == (thirds, [])
    assert cover([thirds[0], halves[1]], 10) == ([thirds[0], halves[1]], [range(3, 5)])
    assert cover([], 10) == ([], [range(0, 10)])
    assert cover([range(0, 10), *halves], 10) == ([range(0, 10)], [])


def test_a_whole_stage_solved_in_blocks_keeps_what_it_keeps_at_once():
    """Negative control of the tests above: other outputs are other problems."""
    made = construction()
    source, role = made.source(1), made.plan.roles[0]
    task = BUILDER._task(role, 0.01, Search("error"), made.network.stages[0].affine, None)
    one, two = (BUILDER._solve(source, role, task, part).kept for part in (range(0, 2), range(2, 5)))
    assert not np.array_equal(one, two)
    assert np.array_equal(np.union1d(one, two), BUILDER.solve_stage(source, role, task).kept)


def save_bytes(ticket, folder):
    save(ticket, folder / "ticket")
    return (folder / "ticket").read_bytes()
