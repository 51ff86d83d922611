"""A recipe that chooses itself: what it sees, what it promises, and what comes of it on networks that it never saw."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from sltk.certify.findings import probes
from sltk.certify.intervals import Box
from sltk.construct import Construction, Search, load, save, strong_ticket
from sltk.construct.choose import straight
from sltk.construct.choose.choose import FAILURES, Choice, choose
from sltk.construct.choose.forecast import forecast
from sltk.construct.choose.target_class import Sizes, TargetClass
from sltk.construct.recipe import Recipe
from sltk.construct.source import Source
from sltk.core.errors import SltkError
from sltk.core.rng import torch_stream
from sltk.networks.network import Network
from sltk.networks.reading.read import read
from sltk.verify.check import check

BOX = Box(-1.0, 1.0)
SHAPE = (1, 6, 6)


def drawn(seed: int, phi: type[nn.Module] = nn.ReLU, size: float = 1.0) -> Network:
    """A convolutional network of two hidden layers, its weights uniform of variance about ``2 / fan-in``."""
    module = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), phi(), nn.Conv2d(4, 4, 3, padding=1), phi(), nn.AvgPool2d(2), nn.Flatten(),
        nn.Linear(36, 3),
    )  # fmt: skip
    for name, tensor in module.named_parameters():
        bound = size * (6.0 / tensor[0].numel()) ** 0.5 if tensor.ndim > 1 else 0.3
        draw = torch.rand(tensor.shape, generator=torch_stream(seed, "choose", name))
        tensor.data = (2.0 * draw - 1.0) * bound
    return read(module, SHAPE)


def perturbed(network: Network, seed: int) -> Network:
    """Another network of the same class: every parameter elsewhere in its half octave, signs drawn anew."""
    stages = []
    for index, stage in enumerate(network.stages):
        generator = torch_stream(seed, "perturbed", index)
        moved = {name: _moved(getattr(stage.affine, name), generator) for name in ("weight", "bias")}
        stages.append(replace(stage, affine=replace(stage.affine, **moved)))
    return replace(network, stages=tuple(stages))


def _moved(values: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    half = torch.ceil(2.0 * values.abs().log2())
    size = 2.0 ** ((half - 1.0 + 0.05 + 0.9 * torch.rand(values.shape, generator=generator)) / 2.0)
    return size * (1.0 - 2.0 * torch.randint(2, values.shape, generator=generator))


def test_sizes_count_half_octaves() -> None:
    sizes = Sizes.of(np.array([0.0, 1.0, -1.0, 0.9, 0.5, 0.6, 1e-9]))
    assert sizes.counts == {-40: 1, -2: 1, -1: 1, 0: 3}
    assert (sizes.octave, sizes.total) == (0, 6)
    assert Sizes.of(np.zeros(3)).octave == 0
    assert sizes.in_units(1).counts == {-42: 1, -4: 1, -3: 1, -2: 3}


def test_targets_of_one_class_get_one_recipe() -> None:
    """The choice cannot depend on what the class does not say: signs, places, and sizes within a half octave."""
    network = drawn(1)
    other = perturbed(network, 2)
    assert not torch.equal(network.stages[0].affine.weight, other.stages[0].affine.weight)
    one, two = choose(network, BOX, {"method": "two-layer"}), choose(other, BOX, {"method": "two-layer"})
    assert one.target_class.weights == two.target_class.weights
    assert (one.recipe, one.search) == (two.recipe, two.search)


def test_a_choice_draws_no_source(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a source was drawn")

    for name in ("weights", "biases", "block"):
        monkeypatch.setattr(Source, name, refuse)
    choice = choose(drawn(1), BOX)
    assert forecast(drawn(1), BOX, choice).missed == choice.missed


@pytest.mark.parametrize(
    ("method", "phi"),
    [("two-layer", phi) for phi in (nn.ReLU, nn.Tanh, nn.GELU, nn.Sigmoid, nn.SiLU, nn.Softplus)]
    + [("plus-one", phi) for phi in (nn.ReLU, nn.Softplus, nn.Tanh)],
)
def test_tickets_compute_their_targets_without_an_option(method: str, phi: type[nn.Module]) -> None:
    """Seeds, weights and half of the activations were not at hand when the recipes were tuned."""
    network = drawn(7, phi)
    choice = choose(network, BOX, {"method": method})
    assert choice.missed <= FAILURES
    ticket = Construction(network, BOX, choice).build(seed=11)
    findings = ticket.findings()
    assert findings.word in ("proved", "faithful"), findings
    assert len(ticket.failures) == 0
    assert findings.measured[-1].error <= 10.0 * forecast(network, BOX, choice).error


def test_scales_follow_the_size_of_the_parameters() -> None:
    """A network of weights sixteen times as large gets samples sixteen times as large, and tolerances too."""
    small, large = (choose(drawn(1, size=size), BOX, {"method": "two-layer", "n": 26}).recipe for size in (0.25, 4.0))
    assert [b - a for a, b in zip(small.stage_exponents, large.stage_exponents, strict=True)] == [4, 4, 4]
    assert large.stage_tolerance(0) == 16.0 * small.stage_tolerance(0)


def test_the_shallow_construction_is_taken_where_its_copies_hold_together() -> None:
    assert choose(drawn(1), BOX).recipe.method == "plus-one"


def test_too_few_samples_are_said() -> None:
    choice = choose(drawn(1), BOX, {"method": "plus-one", "n": 12})
    assert choice.missed > FAILURES
    assert not choice.meets
    assert "more than the 0.05 aimed at" in choice.reasons()[1]


def test_what_is_given_stays() -> None:
    choice = choose(drawn(1), BOX, {"method": "two-layer", "n": 23, "law": "uniform(1.5)"})
    assert (choice.recipe.method, choice.recipe.n, choice.recipe.law) == ("two-layer", 23, "uniform(1.5)")
    with pytest.raises(SltkError, match=r"leaves alone .* but got param_eps; pass param_eps or eps"):
        choose(drawn(1), BOX, {"param_eps": 0.1})


def test_the_file_keeps_the_choice_and_check_makes_it_again(tmp_path) -> None:
    network, path = drawn(3), tmp_path / "a.ticket"
    ticket = strong_ticket(network, domain=BOX, seed=5, method="two-layer")
    save(ticket, path)
    again = load(path, network)
    assert again.choice == ticket.choice
    assert again.choice is not None
    assert again.choice["given"] == {"method": "two-layer"}
    said = {v.statement: v for v in check(again).verdicts}
    assert said["the recipe follows from the target's class alone"].holds
    assert all(v.holds for v in said.values())


def test_a_recipe_that_was_fitted_by_hand_does_not_pass_as_chosen() -> None:
    """Negative control: another n under the same reasons, all else in order."""
    network = drawn(3)
    choice = choose(network, BOX, {"method": "two-layer"})
    fitted = replace(choice, recipe=replace(choice.recipe, n=choice.recipe.n + 1))
    found = check(Construction(network, BOX, fitted).build(seed=5))
    assert [v.statement for v in found.verdicts if not v.holds] == ["the recipe follows from the target's class alone"]


def test_nothing_given_chooses_and_a_tolerance_given_does_not() -> None:
    network = drawn(3)
    assert Construction(network, BOX).choice is not None
    assert Construction(network, BOX, Recipe(n=20, param_eps=0.01)).choice is None
    assert strong_ticket(network, domain=BOX, seed=1, n=14, param_eps=0.1).choice is None


def test_constants_against_intercepts_are_as_large_as_intercepts_are() -> None:
    """Control: those that hold whatever the subsets round several times more in float32 than all the rest."""
    network, x = drawn(7, nn.Sigmoid), probes(BOX, SHAPE, 3)
    choice = choose(network, BOX, {"method": "two-layer"})
    whatever = replace(choice, recipe=replace(choice.recipe, cascade_exponents=()))
    assert min(w - c for w, c in zip(coarsest(network, whatever), coarsest(network, choice), strict=True)) >= 2
    rounded = []
    for one in (choice, whatever):
        ticket = Construction(network, BOX, one).build(seed=12)
        assert ticket.reached
        module = ticket.module("sparse")
        rounded.append(float((deepcopy(module).double()(x.double()) - module(x)).square().mean().sqrt()))
    assert rounded[1] > 3.0 * rounded[0]


def test_large_hidden_values_leave_a_univariate_layer_less_straight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: straight to a hundredth everywhere, float32 rounding is all that such a ticket computes."""
    network = drawn(9, nn.Softplus, size=8.0)
    assert TargetClass.of(network, BOX).reach >= 6
    choice = choose(network, BOX, {"method": "two-layer"})
    assert isinstance(choice.recipe.curvature, tuple)
    assert choice.recipe.curvature[0] <= 0.1 < max(choice.recipe.curvature)
    assert Construction(network, BOX, choice).build(seed=11).findings().word in ("proved", "faithful")
    assert not forecast(network, BOX, choice).lost
    monkeypatch.setattr(straight, "CURVATURES", (0.01,))
    straightest = choose(network, BOX, {"method": "two-layer"})
    assert forecast(network, BOX, straightest).lost
    lost = Construction(network, BOX, straightest).build(seed=11).findings()
    assert lost.word == "reached only"
    assert lost.rounded_away or lost.bound > lost.limit


def test_curvature_by_stage_is_as_many_as_stages() -> None:
    network = drawn(1)
    with pytest.raises(SltkError, match="curvature is one number, or one a stage, of which the target has 3"):
        Construction(network, BOX, Recipe("two-layer", n=8, param_eps=0.1, curvature=(0.1, 1.0)))
    with pytest.raises(SltkError, match="curvature must be positive and finite"):
        Construction(network, BOX, Recipe("two-layer", n=8, param_eps=0.1, curvature=(0.1, 0.0, 1.0)))


def coarsest(network: Network, choice: Choice) -> list[int]:
    """Exponent of the largest constants, layer by layer."""
    plan = Construction(network, BOX, choice).plan
    return [max(e for _, e in plan.layers[role.combine].columns) for role in plan.roles]


def test_the_largest_hidden_value_is_in_the_class() -> None:
    assert TargetClass.of(drawn(1, size=8.0), BOX).reach > TargetClass.of(drawn(1), BOX).reach


def test_exponents_and_errors_by_stage_are_as_many_as_stages() -> None:
    network = drawn(1)
    with pytest.raises(SltkError, match="stage_exponents has one exponent a stage, of which the target has 3"):
        Construction(network, BOX, Recipe(n=8, param_eps=0.1, stage_exponents=(1, 2)))
    with pytest.raises(SltkError, match="go with param_eps"):
        Construction(network, BOX, Recipe(n=8, eps=0.1, stage_exponents=(0, 0, 0)))
    with pytest.raises(SltkError, match="copy_error has 1 numbers, but the target has a stage 2"):
        Construction(network, BOX, Recipe("two-layer", n=8, param_eps=0.1)).build(1, Search(copy_error=(0.1,)))
    with pytest.raises(SltkError, match="copy_error is a positive number, or one a stage"):
        Construction(network, BOX, Recipe(n=8, param_eps=0.1)).build(1, Search(copy_error=(0.1, -1.0, 0.1)))
