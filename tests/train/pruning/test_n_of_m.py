"""N:M structure: exact in every group, by index among equals, in linear and convolutional layers, and out as usual."""

import itertools

import pytest
import torch
from torch import nn

from sltk.core.errors import SltkError
from sltk.core.rng import torch_stream
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.methods.after_training import AfterTraining
from sltk.train.methods.dynamic.acdc import Acdc
from sltk.train.methods.imp import Imp
from sltk.train.phases.prune import Prune
from sltk.train.pruning.n_of_m import kept_of, largest_of_groups, obeys
from sltk.train.pruning.scopes import Scope
from sltk.train.runner import run, start
from sltk.train.setup import Setup
from tests.train.engine_task import dense, small_task, state_of

TASK = small_task()
SETUP = Setup(seeds=(0, 1), epochs=1, recipe=TrainingRecipe(rate=0.05, batch=40))


def wide_conv(seed: int) -> nn.Sequential:
    module = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 4)
    )
    with torch.no_grad():
        for name, p in module.named_parameters():
            p.copy_(torch.randn(p.shape, generator=torch_stream(seed, "wide conv", name)) * 0.3)
    return module


def naive(scores: torch.Tensor, n: int, m: int) -> torch.Tensor:
    """Group by group, by (score, index)."""
    kept = torch.zeros_like(scores, dtype=torch.bool)
    replicas, outs, ins, *taps = scores.shape
    for r, o, g in itertools.product(range(replicas), range(outs), range(ins // m)):
        for tap in itertools.product(*map(range, taps)):
            group = [(-float(scores[(r, o, g * m + i, *tap)]), i) for i in range(m)]
            for size, i in sorted(group)[:n]:
                kept[(r, o, g * m + i, *tap)] = size < torch.inf
    return kept


@pytest.mark.parametrize(
    ("shape", "n", "m"),
    [((2, 3, 8), 2, 4), ((2, 3, 8), 1, 2), ((2, 3, 8, 2, 3), 2, 4), ((2, 3, 8, 2, 3), 4, 4), ((1, 2, 6), 3, 6)],
)
def test_it_is_the_naive_choice_group_by_group(shape: tuple[int, ...], n: int, m: int) -> None:
    drawn = torch.rand(shape, generator=torch_stream(0, "n of m"))
    for scores in (drawn, (3 * drawn).floor(), torch.where(drawn < 0.4, -torch.inf, drawn)):
        assert torch.equal(largest_of_groups(scores, n, m), naive(scores, n, m))


def test_of_equal_scores_the_lower_index_stays() -> None:
    kept = largest_of_groups(torch.ones(1, 1, 8), 2, 4)
    assert kept.flatten().tolist() == [True, True, False, False] * 2


def test_the_prune_phase_keeps_two_of_four_of_every_layer_it_covers() -> None:
    state = state_of()
    Prune(0.5, scope=Scope("n:m")).run(state)
    for ticket in state.replicas.tickets.values():
        assert torch.equal(ticket.gate, ticket.mask)
        assert (ticket.mask.unflatten(-1, (-1, 4)).sum(-1) == 2).all()
    state = state_of()
    Prune(0.25, scope=Scope("n:m", m=8, dense=("3.weight",))).run(state)
    assert state.replicas.tickets["3.weight"].mask.all()
    assert (state.replicas.tickets["1.weight"].mask.unflatten(-1, (-1, 8)).sum(-1) == 2).all()


def test_masks_of_imp_are_nested_and_whole_in_every_group() -> None:
    method = Imp(0.25, densities=(0.75, 0.5, 0.25), scope=Scope("n:m"))
    outcome = run(method, dense, TASK, SETUP)
    densities = [row["density"] for row in outcome.rows if row["seed"] == 0]
    assert densities == [1.0, 0.75, 0.5, 0.25]
    assert all((mask.unflatten(-1, (-1, 4)).sum(-1) == 1).all() for mask in outcome.masks.values())


def test_masks_are_chosen_again_and_again_in_training() -> None:
    setup = Setup(steps=60, recipe=TrainingRecipe(rate=0.3, batch=40, decay=0.05))
    method = Acdc(0.5, cycles=2, scope=Scope("n:m"))
    state = start(method, dense, TASK, setup)
    seen = []
    for phase in method.phases(setup, len(TASK.train.y)):
        state.inside = 0
        phase.run(state)
        if isinstance(phase, Prune):
            seen.append(state.replicas.tickets["1.weight"].mask.clone())
            assert (seen[-1].unflatten(-1, (-1, 4)).sum(-1) == 2).all()
    assert len(seen) == 2
    assert (seen[-1] & ~seen[0]).any()  # a weight that was dropped came back


def test_a_convolution_leaves_as_an_ordinary_dense_checkpoint() -> None:
    method = AfterTraining(0.5, scope=Scope("n:m", dense_first=True))
    outcome = run(method, wide_conv, TASK, SETUP)
    plain = wide_conv(7)
    plain.load_state_dict(outcome.module(1).state_dict(), strict=True)
    with torch.no_grad():
        right = (plain.eval()(TASK.test.x).argmax(1) == TASK.test.y).double().mean()
    assert outcome.accuracy("final")[1] == pytest.approx(float(right))
    for layer in (plain[2], plain[5]):
        assert obeys(layer.weight, 2, 4)
        assert int((layer.weight != 0).sum()) == layer.weight.numel() // 2
    unstructured = run(AfterTraining(0.5), wide_conv, TASK, SETUP).module(1)
    assert not obeys(unstructured[2].weight, 2, 4)  # negative control: half of the weights, without the structure


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: kept_of(0.3, 4), "whole number"),
        (lambda: kept_of(0.5, 1), "m >= 2"),
        (lambda: obeys(torch.ones(2, 6), 2, 4), "must divide"),
        (lambda: run(AfterTraining(0.5, scope=Scope("n:m")), wide_conv, TASK, SETUP), "dense=\\('0.weight',\\)"),
        (lambda: run(AfterTraining(0.5, scope=Scope("n:m")), dense, TASK, Setup(basis="dct")), "canonical"),
        (lambda: Prune(0.5, scope=Scope(dense=("fc",))).run(state_of()), "take their names"),
        (lambda: Prune(0.5, scope=Scope(dense_first=True, dense=("3.weight",))).run(state_of()), "no layer"),
    ],
)
def test_what_has_no_such_structure_is_refused(make, named: str) -> None:
    with pytest.raises(SltkError, match=named) as told:
        make()
    assert "\n" not in str(told.value)
