"""Levels on disk, and branches from them: what each keeps, and what it changes."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from sltk.core.errors import SltkError
from sltk.core.rng import key
from sltk.train.branches import KINDS, branch
from sltk.train.levels import level_path, load_level
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.methods.imp import Imp
from sltk.train.methods.rst import Rst
from sltk.train.outcome import Outcome
from sltk.train.phases.wear import Wear
from sltk.train.runner import REINITIALISED, run, start
from sltk.train.setup import Setup
from tests.train.engine_task import conv, dense, small_task

TASK = small_task()
METHOD = Imp(0.25, rounds=2, rewind=3)
SETUP = Setup(seeds=(0, 1), epochs=1, recipe=TrainingRecipe(rate=0.05, batch=40))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("levels")
    run(METHOD, conv, TASK, replace(SETUP, levels=place))
    return place


@pytest.fixture(scope="module")
def whole() -> Outcome:
    return run(METHOD, conv, TASK, SETUP)


def counts(outcome: Outcome) -> dict[str, list[int]]:
    return {name: mask.flatten(1).sum(1).tolist() for name, mask in outcome.masks.items()}


def test_every_measurement_is_a_level_and_storing_changes_nothing(folder: Path, whole: Outcome) -> None:
    assert sorted(path.name for path in folder.iterdir()) == ["0.level", "1.level", "2.level"]
    held = load_level(level_path(folder, "2"))
    assert (held.label, held.seeds, held.arms) == ("2", (0, 1), ("ticket", "ticket"))
    assert all(torch.equal(mask, whole.masks[name]) for name, mask in held.masks.items())
    state = start(METHOD, conv, TASK, SETUP)
    held.fill(state.replicas)
    own = whole.state.replicas.state_dict()
    assert all(torch.equal(value, own[name]) for name, value in state.replicas.state_dict().items())


@pytest.mark.parametrize("label", ["1", "2"])
def test_retrain_is_the_round_itself_bit_for_bit(label: str, folder: Path, whole: Outcome) -> None:
    again = run(branch(level_path(folder, label), rewind=3), conv, TASK, SETUP)
    for part in ("test", "validation", "loss", "density"):
        assert again.accuracy("retrain", part=part) == whole.accuracy(label, part=part)
    if label == "2":
        own = whole.state.replicas.state_dict()
        assert all(torch.equal(value, own[name]) for name, value in again.state.replicas.state_dict().items())


def test_another_rewind_point_is_another_training_of_the_same_mask(folder: Path, whole: Outcome) -> None:
    path = level_path(folder, "2")
    other = run(branch(path, rewind=0), conv, TASK, SETUP)
    assert all(torch.equal(mask, whole.masks[name]) for name, mask in other.masks.items())
    assert other.accuracy("retrain", part="loss") != whole.accuracy("2", part="loss")
    by_hand = run(branch(path), conv, TASK, replace(SETUP, seeds=(1,)))  # one seed of two
    assert by_hand.accuracy("retrain", part="loss")[0] == pytest.approx(other.accuracy("retrain", part="loss")[1])


def test_reinitialise_keeps_the_mask_on_another_network(folder: Path, whole: Outcome) -> None:
    method = branch(level_path(folder, "2"), "reinitialise", rewind=3)
    own = run(method, conv, TASK, SETUP)
    assert all(torch.equal(mask, whole.masks[name]) for name, mask in own.masks.items())
    first = start(method, conv, TASK, SETUP).replicas.tickets["0.weight"].coefficients[1]
    assert torch.equal(first, conv(key(1, REINITIALISED))[0].weight)


@pytest.mark.parametrize("kind", ["shuffle", "random-mask", "random-mask-uniform", "random-mask-erk", "invert"])
def test_controls_change_the_mask_and_keep_its_count(kind: str, folder: Path, whole: Outcome) -> None:
    method = branch(level_path(folder, "2"), kind)
    own = run(method, conv, TASK, SETUP)
    assert not all(torch.equal(mask, whole.masks[name]) for name, mask in own.masks.items())
    assert {row["density"] for row in own.last} == {method.density}
    if kind in ("shuffle", "random-mask"):
        assert counts(own) == counts(whole)
    if kind == "invert":
        assert all(torch.equal(mask, ~whole.masks[name]) for name, mask in own.masks.items())
    else:
        assert sum(map(sum, counts(own).values())) == sum(map(sum, counts(whole).values()))
    again = run(method, conv, TASK, SETUP)
    assert own.rows == again.rows


def test_levels_of_a_soft_method_hold_its_masks_before_and_after_the_cut(tmp_path: Path) -> None:
    run(Rst(0.5, final_epochs=1), dense, TASK, replace(SETUP, levels=tmp_path))
    assert {path.name for path in tmp_path.iterdir()} == {"transformed.level", "cut.level", "final.level"}
    before = load_level(level_path(tmp_path, "transformed")).tensors
    assert bool(before["_tickets.0.gate"].all())
    assert not bool(before["_tickets.0.mask"].all())


def test_a_branch_that_was_stopped_knows_its_level(folder: Path, tmp_path: Path) -> None:
    setup = replace(SETUP, checkpoint=tmp_path)
    for label in ("1", "2"):
        run(branch(level_path(folder, label), "shuffle"), conv, TASK, setup)
    assert len(list(tmp_path.glob("*.state"))) == 2


def test_damage_and_wrong_branches_are_refused(folder: Path, tmp_path: Path) -> None:
    good = level_path(folder, "2").read_bytes()
    path = tmp_path / "x.level"
    for text in (b"", good[:-3], bytes([*good[:-1], good[-1] ^ 1])):
        path.write_bytes(text)
        with pytest.raises(SltkError, match="level"):
            load_level(path)
    with pytest.raises(SltkError, match="cannot read"):
        load_level(tmp_path / "none.level")
    for make, named in (
        (lambda: branch(level_path(folder, "2"), "twist"), "a branch is one of"),
        (lambda: branch(level_path(folder, "0"), "invert"), "keeps nothing"),
        (lambda: branch(level_path(folder, "2"), rewind=-1), "rewind"),
        (lambda: Wear(path, "twisted"), "change must be"),  # type: ignore[arg-type]
        (lambda: run(branch(level_path(folder, "2"), rewind=6), conv, TASK, SETUP), "within the training"),
        (lambda: run(branch(level_path(folder, "2")), conv, TASK, replace(SETUP, seeds=(7,))), "ticket of seed 7"),
        (lambda: run(branch(level_path(folder, "2")), dense, TASK, SETUP), "another network"),
    ):
        with pytest.raises(SltkError, match=named):
            make()
    assert set(KINDS) >= {"retrain", "reinitialise", "shuffle", "random-mask"}
