"""The study of lines between tickets: the lemma, in rationals and on real tickets; symmetries; halves; verdicts."""

import copy
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from experiments.ticket_lines import units
from experiments.ticket_lines.along import Probe, arc, barrier, mixed, path, straight
from experiments.ticket_lines.lemma import apart_from_lemma, effective, on_the_way, with_stages
from experiments.ticket_lines.pairs import (
    APART,
    BESIDE,
    DRAWN,
    FIRST,
    KINDS,
    PAIRS,
    SAME,
    SCALED,
    SEEDS,
    measured,
    state,
)
from experiments.ticket_lines.source import Ticket, build, construction, half, module_of, names, with_all_below
from experiments.ticket_lines.study import STUDY
from experiments.ticket_lines.summary import NONE, SOURCE, judged
from experiments.ticket_lines.symmetry import alike, beside, blocks, copied, placed, rescaled
from sltk.construct import Construction, Recipe
from sltk.core.rng import stream, torch_stream
from sltk.models.dense import dense_network
from sltk.models.digits import digits_conv
from sltk.train.analyse.connectivity import error_path

SHAPE, SIZES = (6,), (6, 5, 4, 3)
TOLERANCE = 0.05
ROWS = torch.rand((40, *SHAPE), generator=torch_stream(0, "rows"), dtype=torch.float64)
PROBE = Probe(ROWS, torch.zeros(40, dtype=torch.int64), 3)


def a_target(biases: bool = True) -> nn.Module:
    """64-bit, so that a ticket's distance from it is the ticket's."""
    own = dense_network(SIZES, 3).double()
    for number, layer in enumerate(units.layers_of(own)):
        if biases:
            nn.init.uniform_(layer.get_parameter("bias"), -0.5, 0.5, generator=torch_stream(1, "bias", number))
    return own


def asked_for(
    method: str = "two-layer", target: nn.Module | None = None, tolerance: float = TOLERANCE, n: int = 20
) -> Construction:
    recipe = Recipe(method, n=n, param_eps=tolerance, law="uniform(3.0)", hidden_reach=20.0)
    return construction(a_target() if target is None else target, recipe, SHAPE)


def halves(asked: Construction, apart: Any) -> tuple[Ticket, Ticket]:
    source, roles = asked.source(1), asked.plan.roles
    first, second = (build(asked, half(source, roles, apart, side)) for side in (0, 1))
    return first, second


def run(asked: Construction, ticket: Ticket) -> torch.Tensor:
    return PROBE.outputs(module_of(asked), ticket.weights)


def relative(first: torch.Tensor, second: torch.Tensor) -> float:
    return float((first - second).abs().max() / second.abs().max())


def exact_stage(cross: int = 1) -> bool:
    """The lemma of one stage in rationals, on random numbers; ``cross`` other than 1 is not the lemma."""
    draw = stream(5, "exact stage")

    def numbers(low: int) -> list[Fraction]:
        return [Fraction(int(k), 7) for k in draw.integers(low, 20, 6)]

    for _ in range(50):
        (u, w), (v, z), x = (numbers(0), numbers(0)), (numbers(-20), numbers(-20)), numbers(0)
        a, b = Fraction(int(draw.integers(0, 9)), 8), Fraction(int(draw.integers(1, 9)), 8)
        run_ = sum((a * v[k] + b * z[k]) * max(Fraction(0), (a * u[k] + b * w[k]) * x[k]) for k in range(6))
        pairs = ((a * a, v, u), (b * b, z, w), (cross * a * b, v, w), (cross * a * b, z, u))
        said = sum(share * out[k] * into[k] * x[k] for share, out, into in pairs for k in range(6))
        if run_ != said:
            return False
    return True


def test_the_lemma_is_exact_in_rationals_and_another_formula_is_not():
    assert exact_stage()
    assert not exact_stage(cross=0)
    assert not exact_stage(cross=2)


@pytest.mark.parametrize("way", [straight, arc])
def test_networks_on_a_path_are_what_the_lemma_says(way: Any):
    """Tickets of two sources, whose masks overlap; as the control, an incoming weight that is negative breaks it."""
    asked, module = asked_for(), module_of(asked_for())
    first, second = (build(asked, asked.source(seed)) for seed in (1, 2))
    assert 0 < first.meets(second) < first.kept
    assert apart_from_lemma(PROBE, asked, module, a_target(), (first, second), way) < 1e-13
    broken = copied(second)
    for block in blocks(asked, broken):
        block.incoming.neg_()
        block.outgoing.neg_()
    assert apart_from_lemma(PROBE, asked, module, a_target(), (first, broken), way) > 0.1


def test_the_lemma_holds_for_convolutions_and_pools():
    target = digits_conv("relu", 2)
    asked = construction(target, replace(KINDS["conv"].recipe, n=6), (1, 8, 8))
    probe = Probe(torch.rand((5, 1, 8, 8), generator=torch_stream(0, "images")), torch.zeros(5), 3)
    pair = [build(asked, asked.source(seed)) for seed in (1, 2)]
    assert apart_from_lemma(probe, asked, module_of(asked), target, (pair[0], pair[1]), straight) < 1e-12


def test_apart_the_line_has_a_factor_of_each_stage_and_the_arc_has_none():
    asked, stages = asked_for(), len(SIZES) - 1
    first, second = halves(asked, "neurons")
    assert first.meets(second) == 0
    ends, middle = (run(asked, one) for one in (first, second)), straight(0.5)
    target = [effective(asked, role, first, first) for role in asked.plan.roles]
    for (weight, bias), (w, b) in zip(on_the_way(asked, first, second, middle), target, strict=True):
        assert torch.allclose(weight, 0.5 * w, atol=TOLERANCE)  # half of it to half of twice the tolerance
        assert torch.allclose(bias, 0.5 * b, atol=TOLERANCE)
    own, other = ends
    on_arc = PROBE.outputs(module_of(asked), mixed(first.weights, second.weights, arc(0.5)))
    on_line = PROBE.outputs(module_of(asked), mixed(first.weights, second.weights, middle))
    assert relative(on_arc, own) < 2 * relative(other, own)
    assert relative(on_line, own) > 0.5
    plain = a_target(biases=False)
    asked = asked_for(target=plain)
    first, second = halves(asked, "neurons")
    scaled = PROBE.outputs(module_of(asked), mixed(first.weights, second.weights, middle)) * 2.0**stages
    assert relative(scaled, run(asked, first)) < 2 * relative(run(asked, second), run(asked, first))


def test_apart_under_plus_one_there_is_one_factor_whatever_the_depth():
    """To what the tickets' copies err by; as the control, with a factor of each stage it would be far off."""
    asked = asked_for("plus-one", tolerance=0.001, n=28)
    first, second = (build(asked, asked.source(seed)) for seed in (1, 2))
    moved = placed(asked, first, second, beside)
    middle = PROBE.outputs(module_of(asked), mixed(first.weights, moved.weights, straight(0.5)))
    assert relative(run(asked, second), run(asked, first)) < 0.05
    assert relative(2.0 * middle, run(asked, first)) < 0.05
    assert relative(8.0 * middle, run(asked, first)) > 2.0


def test_one_first_layer_is_convex_and_changes_no_function():
    asked = asked_for()
    first, second = halves(asked, "weights")
    filled = with_all_below(asked, first, second)
    for before, after in zip((first, second), filled, strict=True):
        assert torch.equal(run(asked, before), run(asked, after))
    combining = [f"{names(asked)[role.combine]}.weight" for role in asked.plan.roles]
    assert all(not ((first.weights[n] != 0) & (second.weights[n] != 0)).any() for n in combining)
    below = [name for name in first.weights if name not in combining]
    assert all(torch.equal(filled[0].weights[n], filled[1].weights[n]) for n in below)
    ends = [[effective(asked, role, one, one) for role in asked.plan.roles] for one in filled]
    for place, (weight, _) in enumerate(on_the_way(asked, *filled, straight(0.25))):
        assert torch.allclose(weight, 0.75 * ends[0][place][0] + 0.25 * ends[1][place][0], atol=1e-13)
    apart = on_the_way(asked, first, second, straight(0.25))  # the control: own first layers are not convex
    assert not torch.allclose(apart[0][0], 0.75 * ends[0][0][0] + 0.25 * ends[1][0][0], atol=TOLERANCE)


def test_what_was_pruned_beforehand_is_in_no_mask():
    asked = asked_for("plus-one")
    source = asked.source(1)
    for apart in ("neurons", "weights"):
        sides = [half(source, asked.plan.roles, apart, side) for side in (0, 1)]
        first, second = (build(asked, side) for side in sides)
        for index, name in enumerate(names(asked)):
            there = first.weights[f"{name}.weight"].flatten().numpy() != 0
            assert not there[~sides[0].weight_left[index]].any()
            assert np.array_equal(
                first.weights[f"{name}.weight"].flatten()[there], source.weights(index, np.flatnonzero(there))
            )
        if apart == "neurons":
            assert first.meets(second) == 0


def test_symmetries_of_the_source_change_no_function():
    asked = asked_for()
    first, second = (build(asked, asked.source(seed)) for seed in (1, 2))
    before = run(asked, second)
    for moved in (rescaled(asked, second), placed(asked, first, second, beside), placed(asked, first, second, alike)):
        assert relative(run(asked, moved), before) < 1e-13
    assert first.meets(placed(asked, first, second, beside)) == 0 < first.meets(second)
    halved = copied(second)  # the control: a scale of one side alone
    for block in blocks(asked, halved):
        block.incoming *= 0.5
    assert relative(run(asked, halved), before) > 0.1


def test_neurons_in_another_order_are_found_again():
    asked = asked_for()
    first = build(asked, asked.source(1))
    draw = stream(2, "orders")
    moved = placed(asked, first, first, lambda fixed, own: draw.permutation(own.incoming.numel()))
    assert moved.meets(first) < first.kept
    back = placed(asked, first, moved, alike)
    assert all(torch.equal(value, back.weights[name]) for name, value in first.weights.items())


@pytest.mark.parametrize(
    ("target", "shape"), [(dense_network((6, 9, 8, 3), 4), (6,)), (digits_conv("relu", 4), (1, 8, 8))]
)
def test_units_in_another_order_are_the_same_function_and_are_found_again(target: nn.Module, shape: tuple[int, ...]):
    x = torch.rand((7, *shape), generator=torch_stream(0, "x"))
    shuffled = units.shuffled(target, 1)
    assert torch.allclose(shuffled(x), target(x), atol=1e-5)
    assert any(not torch.equal(a, b) for a, b in zip(target.parameters(), shuffled.parameters(), strict=True))
    back = units.matched(target, shuffled)
    assert all(torch.equal(a, b) for a, b in zip(target.parameters(), back.parameters(), strict=True))
    wrong = copy.deepcopy(target)  # the control: rows alone are another function
    layer = units.layers_of(wrong)[0]
    with torch.no_grad():
        layer.weight.copy_(layer.weight.flip(0).clone())
    assert not torch.allclose(wrong(x), target(x), atol=1e-2)


def test_errors_along_the_line_are_those_of_linear_mode_connectivity():
    first, second = dense_network(SIZES, 1), dense_network(SIZES, 2)
    x = ROWS.float()
    y = first(x).argmax(1)
    theirs = error_path(first, second, x, y, plain=first, places=5)
    ours = path(Probe(x, y, 5), first, state(first), state(second))
    assert ours["error"] == pytest.approx(theirs.errors, abs=1e-6)
    assert barrier(ours["error"]) == pytest.approx(theirs.barrier, abs=1e-6)
    assert theirs.barrier > 0
    assert ours["off"][0] == ours["off"][-1] == 0.0 < ours["off"][2]


def test_stages_of_the_target_are_the_target():
    target = a_target()
    own = [
        (layer.weight.detach().flatten(1), layer.get_parameter("bias").detach()) for layer in units.layers_of(target)
    ]
    assert torch.equal(with_stages(target, own)(ROWS), target(ROWS))


def test_a_cell_has_all_pairs_and_tickets_of_two_targets_have_the_line_of_the_targets(monkeypatch: pytest.MonkeyPatch):
    small = replace(KINDS["dense"], network=lambda seed: dense_network((64, 4, 10), seed))
    monkeypatch.setitem(KINDS, "dense", small)
    outputs = measured({"kind": "dense", "seed": 7, "epochs": 1, "places": 3})
    assert set(outputs["error"]) == set(outputs["off"]) == set(PAIRS)
    assert outputs["lemma"] < 1e-12
    assert outputs["lifted"] < 0.2 < max(outputs["off"][SEEDS])
    assert outputs["both keep"][APART] == outputs["both keep"][BESIDE] == 0 < outputs["both keep"][DRAWN]
    assert max(outputs["off"][SAME]) < 1e-6
    assert max(outputs["off"][SCALED]) < 0.05 < max(outputs["off"][DRAWN])  # with the scale, and as drawn


def rows(shift: float) -> list[dict[str, Any]]:
    found = []
    for seed in range(12):
        high = 0.5 + 0.001 * seed
        error = {pair: [0.05, 0.05 + shift if pair in (FIRST, SCALED) else 0.05, 0.05] for pair in PAIRS}
        error |= {"two sources": [0.05, high, 0.05], SAME: [0.05, 0.05, 0.05]}
        found.append({"kind": "dense", "seed": 100 + seed, "epochs": 20, "places": 3, "error": error,
                      "multiply_adds": 1.0, "lemma": 0.0})  # fmt: skip
    return found


def test_verdicts_are_of_barriers():
    for shift, word in ((0.002, "supported"), (0.03, "contradicted")):
        said = {(one.claim, one.basis): one.finding for one in judged(rows(shift))}
        assert said[NONE, f"dense: {FIRST}"] == said[NONE, f"dense: {SCALED}"] == word
        assert said[SOURCE, "dense: two sources"] == "supported"


def test_a_network_that_the_lemma_does_not_know_fails_the_study():
    document = {"rows": rows(0.0)}
    assert STUDY.holds(document)
    document["rows"][3]["lemma"] = 1e-3
    assert not STUDY.holds(document)
    document = {"rows": rows(0.0)}
    document["rows"][3]["error"][SAME][1] = 0.06
    assert not STUDY.holds(document)
