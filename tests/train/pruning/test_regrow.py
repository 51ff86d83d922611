"""RigL, SET and GraSP against naive computations of their own: plain modules, whole Hessians, sorted lists."""

import math

import pytest
import torch
from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.core.rng import torch_stream
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.loop.samples import batch_rows
from sltk.train.loop.state import State
from sltk.train.methods.dynamic.rigl import Rigl
from sltk.train.methods.dynamic.set import Set
from sltk.train.phases.prune import Prune
from sltk.train.phases.regrow import Regrow
from sltk.train.phases.train import Train
from sltk.train.pruning.regrow import exchanged, share_at
from sltk.train.pruning.scopes import ERK, LAYERWISE
from sltk.train.pruning.scores import grasp, random
from sltk.train.runner import run
from sltk.train.setup import Setup
from sltk.train.tickets.attach import detach
from tests.train.engine_task import conv, dense, small_task, state_of

BATCH = 40


def naive_exchange(mask: list[bool], sizes: list[float], growth: list[float], share: float) -> list[bool]:
    kept = [i for i, on in enumerate(mask) if on]
    moved = math.floor(share * len(kept))
    stay = set(sorted(kept, key=lambda i: (-sizes[i], i))[: len(kept) - moved])
    rest = [i for i in range(len(mask)) if i not in stay]
    return [i in stay | set(sorted(rest, key=lambda i: (-growth[i], i))[:moved]) for i in range(len(mask))]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99, 1.0])
@pytest.mark.parametrize("kept", [0, 1, 7, 12])
def test_an_exchange_is_that_of_sorted_lists(share: float, kept: int) -> None:
    g = torch_stream(0, "tests", "exchange", kept)
    mask = torch.zeros(3, 12, dtype=torch.bool)
    for row in mask:
        row[torch.randperm(12, generator=g)[:kept]] = True
    sizes, growth = (torch.randint(0, 4, (3, 12), generator=g).double() for _ in range(2))  # with ties
    new = exchanged(mask, sizes, growth, share)
    assert new.tolist() == [
        naive_exchange(*row, share) for row in zip(mask.tolist(), sizes.tolist(), growth.tolist(), strict=True)
    ]
    assert new.sum(1).tolist() == [kept] * 3


def pruned(make=dense, basis: str = "canonical", steps: int = 3) -> State:
    """A float64 state that was pruned at random and trained for a few steps."""
    state = state_of(make, basis=basis, dtype=torch.float64)
    Prune(0.4, random, ERK).run(state)
    Train(steps, TrainingRecipe(rate=0.05, batch=BATCH)).run(state)
    return state


def plain_gradients(state: State, replica: int) -> dict[str, Tensor]:
    """Gradients of every weight, zeros included, of one replica as an ordinary module."""
    net = detach(state.replicas.module(replica)).train()
    rows = batch_rows(state.replicas.seeds, state.position, BATCH, len(state.task.train.y))[replica]
    nn.functional.cross_entropy(net(state.task.train.x[rows]), state.task.train.y[rows]).backward()
    return {name: p.grad for name, p in net.named_parameters()}


@pytest.mark.parametrize(("make", "basis"), [(dense, "canonical"), (conv, "canonical"), (dense, "dct")])
def test_rigl_drops_the_smallest_and_grows_the_largest_gradient(make, basis: str) -> None:
    state, share = pruned(make, basis), 0.3
    wanted = {}
    for r in range(2):
        for name, gradient in plain_gradients(state, r).items():
            if name in state.replicas.tickets:
                ticket = state.replicas.tickets[name]
                growth = ticket.basis.analyse(gradient).abs()  # B is orthonormal: the adjoint is the inverse
                parts = (ticket.mask[r], ticket.coefficients[r].detach().abs(), growth)
                wanted[name, r] = naive_exchange(*(part.flatten().tolist() for part in parts), share)
    before = {name: ticket.mask.clone() for name, ticket in state.replicas.tickets.items()}
    values = {name: ticket.coefficients.detach().clone() for name, ticket in state.replicas.tickets.items()}
    statistics = {name: value.clone() for name, value in state.replicas.statistics.items()}
    Regrow(share, True, BATCH, ERK).run(state)
    for (name, r), mask in wanted.items():
        assert state.replicas.tickets[name].mask[r].flatten().tolist() == mask, (name, r)
    for name, ticket in state.replicas.tickets.items():
        come = ticket.mask & ~before[name]
        assert int(come.sum()) > 0
        assert torch.equal(ticket.gate, ticket.mask)
        assert not ticket.coefficients[come].any()
        assert torch.equal(ticket.coefficients[~come], values[name][~come])
        assert state.optimiser is not None
        momentum = state.optimiser.state[ticket.coefficients]["momentum_buffer"]
        assert not momentum[come].any()
        assert momentum[before[name] & ~come].any()
    assert all(torch.equal(value, state.replicas.statistics[name]) for name, value in statistics.items())


def test_set_grows_at_random_from_its_own_stream() -> None:
    state, share = pruned(), 0.5
    wanted = {}
    for name, ticket in state.replicas.tickets.items():
        for r, seed in enumerate(state.replicas.seeds):
            drawn = torch.rand(ticket.mask.shape[1:], generator=torch_stream(seed, "regrow", name, state.position))
            parts = (ticket.mask[r], ticket.coefficients[r].detach().abs(), drawn)
            wanted[name, r] = naive_exchange(*(part.flatten().tolist() for part in parts), share)
    Regrow(share, False, BATCH, ERK).run(state)
    assert all(state.replicas.tickets[n].mask[r].flatten().tolist() == m for (n, r), m in wanted.items())


def test_exchanges_come_when_they_should_and_layers_keep_their_counts() -> None:
    setup = Setup(seeds=(0, 1), steps=20, recipe=TrainingRecipe(rate=0.05, batch=BATCH))
    phases = Rigl(0.25, every=4).phases(setup, 240)
    assert [p.steps for p in phases if isinstance(p, Train)] == [4, 4, 4, 8]  # at 4, 8, 12 of 15; none after
    shares = [p.share for p in phases if isinstance(p, Regrow)]
    assert shares == [pytest.approx(0.15 * (1 + math.cos(math.pi * t / 15))) for t in (4, 8, 12)]
    assert share_at(0.3, 15, 15) == pytest.approx(0.0)
    outcomes = {kind: run(kind(0.25, every=4), dense, small_task(), setup) for kind in (Rigl, Set)}
    start = run(Rigl(0.25, every=4, share=1e-9), dense, small_task(), setup)  # too small a share to move any
    for outcome in outcomes.values():
        for name, mask in outcome.masks.items():
            assert torch.equal(mask.flatten(1).sum(1), start.masks[name].flatten(1).sum(1))
            assert not torch.equal(mask, start.masks[name])
    assert not torch.equal(outcomes[Rigl].masks["1.weight"], outcomes[Set].masks["1.weight"])


def test_a_share_of_nothing_is_training_without_exchange() -> None:
    state, other = pruned(steps=6), pruned(steps=3)
    Regrow(0.0, True, BATCH, ERK).run(other)
    other.inside = 0  # as between two phases of a run
    Train(3, TrainingRecipe(rate=0.05, batch=BATCH), start=3, fresh=False).run(other)
    own, others = state.values(), other.values()
    assert all(torch.equal(value, others[name]) for name, value in own.items())


def hessian_scores(state: State, replica: int, temperature: float) -> Tensor:
    """``c (H g)`` from the whole Hessian of an ordinary module's loss, over the open weights."""
    net = detach(state.replicas.module(replica)).train()
    names = list(state.replicas.tickets)
    weights = {name: dict(net.named_parameters())[name].detach() for name in names}
    flat = torch.cat([w.flatten() for w in weights.values()])
    gate = torch.cat([state.replicas.tickets[name].gate[replica].flatten() for name in names])
    total = len(state.task.train.y)
    rows = batch_rows(state.replicas.seeds, 0, min(256, total), total)[replica]
    x, y = state.task.train.x[rows], state.task.train.y[rows]

    def loss(open_: Tensor) -> Tensor:
        whole = flat.clone().masked_scatter(gate, open_)
        parts = whole.split([w.numel() for w in weights.values()])
        filled = {name: part.view_as(weights[name]) for name, part in zip(names, parts, strict=True)}
        return nn.functional.cross_entropy(torch.func.functional_call(net, filled, (x,)) / temperature, y)

    point = flat[gate]
    gradient = torch.autograd.functional.jacobian(loss, point)
    scores = torch.zeros_like(flat)
    scores[gate] = point * (torch.autograd.functional.hessian(loss, point) @ gradient)
    return scores


@pytest.mark.parametrize("temperature", [1.0, 200.0])
@pytest.mark.parametrize("sparse", [False, True], ids=["at init", "half of it pruned"])
def test_grasp_is_the_product_with_the_whole_hessian(sparse: bool, temperature: float) -> None:
    state = state_of(dtype=torch.float64)
    if sparse:
        Prune(0.5, random, LAYERWISE).run(state)
    found = grasp(state, state.replicas.tickets, temperature=temperature)
    for r in range(2):
        own = torch.cat([found[name][r].flatten() for name in found])
        naive = hessian_scores(state, r, temperature)
        assert torch.allclose(own, naive, rtol=1e-8, atol=1e-12 * float(naive.abs().max()))
        assert (own > 0).any()
        assert (own < 0).any()


def test_grasp_keeps_what_the_gradient_flows_by() -> None:
    """Shrinking one weight changes ``||g||^2`` by ``-2 c (H g)`` of it, by central differences."""
    state = state_of(seeds=(0,), dtype=torch.float64)
    score = grasp(state, state.replicas.tickets, temperature=1.0)["3.weight"][0]
    place = divmod(int(score.abs().argmax()), score.shape[1])
    weight = state.replicas.tickets["3.weight"].coefficients

    def flow(factor: float) -> float:
        net = detach(state.replicas.module(0))
        with torch.no_grad():
            net[3].weight[place] *= factor
        rows = batch_rows(state.replicas.seeds, 0, 240, 240)[0]
        loss = nn.functional.cross_entropy(net(state.task.train.x[rows]), state.task.train.y[rows])
        grads = torch.autograd.grad(loss, [net[1].weight, net[3].weight])
        return sum(float(g.square().sum()) for g in grads)

    step = 1e-4
    slope = (flow(1 - step) - flow(1 + step)) / (2 * step)
    assert slope == pytest.approx(-2 * float(score[place]), rel=1e-5)
    assert weight.requires_grad


@pytest.mark.parametrize("share", [-0.1, 1.5])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(SltkError, match="share"):
        Regrow(share)
