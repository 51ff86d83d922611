"""The bound as run against modules in float32: a million inputs, exact targets, overflow."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from sltk.certify.as_run.recursion import certify_as_run
from sltk.certify.intervals import Box
from sltk.construct.ticket import StrongTicket
from sltk.core.errors import SltkError
from sltk.core.numerics.formats import FLOAT32
from sltk.networks.activations.activation import Rounding
from sltk.networks.activations.characterise import characterise
from sltk.networks.network import Network
from tests.construct.building import build_ticket
from tests.construct.test_small_nets import CASES, built, inputs

METHODS = ("plus-one", "two-layer")
MILLION = 2**20


def dense(phi: nn.Module) -> nn.Module:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(3, 4), phi, nn.Linear(4, 4), phi, nn.Linear(4, 2))


def ticket(method: str, phi: nn.Module) -> StrongTicket:
    return build_ticket(dense(phi), domain=(-1.0, 1.0), input_shape=(3,), seed=2, method=method, n=20, param_eps=0.01)


def worst(built: StrongTicket, dtype: torch.dtype, rows: int) -> float:
    assert built.target is not None
    module, found = built.module().to(dtype), 0.0
    generator = torch.Generator().manual_seed(9)
    with torch.no_grad():
        for _ in range(rows // 2**16):
            x = (torch.rand(2**16, 3, generator=generator) * 2 - 1).to(dtype)
            found = max(found, float((module(x).double() - built.target(x.double())).abs().max()))
    return found


@pytest.mark.parametrize("phi", [nn.ReLU(), nn.Tanh()])
@pytest.mark.parametrize("method", METHODS)
def test_a_million_inputs_in_float32_stay_within_the_bound(method: str, phi: nn.Module) -> None:
    one = ticket(method, phi)
    bound = one.as_run()
    assert worst(one, torch.float32, MILLION) <= bound.bound
    assert one.certificate.bound < bound.bound < one.certificate.bound + 0.01
    assert one.as_run(torch.float64).bound < one.certificate.bound * (1 + 1e-8)


@pytest.mark.parametrize(("name", "method"), CASES)
def test_networks_of_all_kinds_stay_within_the_bound(name: str, method: str) -> None:
    one = built(name, method)
    assert one.target is not None
    x = inputs(one.target, 200).float()
    with torch.no_grad():
        error = float((one.module()(x).double() - one.target(x.double())).abs().max())
    found = one.as_run()
    assert error <= found.bound
    assert one.certificate.bound <= found.bound <= 1.05 * one.certificate.bound + 0.1
    assert [layer.name for layer in found.layers] == [stage.affine.name for stage in one.target.stages]
    assert all(layer.evaluation > 0 for layer in found.layers)


@pytest.mark.parametrize(("name", "method"), CASES)
def test_computed_values_are_as_near_the_tickets_own_as_is_said(name: str, method: str) -> None:
    """Held against a certificate of 0, the bound is that of the rounding alone; float64 stands for real arithmetic."""
    one = built(name, method)
    assert one.target is not None
    none = torch.zeros(one.target.output_shape, dtype=torch.float64)
    found = certify_as_run(one.target, one.domain, one.realised, one.evaluations, FLOAT32, none)
    x = inputs(one.target, 300).float()
    with torch.no_grad():
        lost = float((one.module()(x).double() - one.module().double()(x.double())).abs().max())
    assert 0.0 < lost <= found.bound < 1e6 * lost


def effective(one: StrongTicket) -> Network:
    """The target whose parameters are the ticket's own, to float64: what a ReLU ticket computes in real arithmetic."""
    assert one.target is not None
    stages = []
    for stage, known in zip(one.target.stages, one.realised, strict=True):
        delta: Tensor = known.delta_positive.value[0, :, :, 0, 0]  # pyright: ignore[reportAttributeAccessIssue]
        bias: Tensor = known.bias.value[0]
        affine = replace(stage.affine, weight=stage.affine.weight - delta, bias=stage.affine.bias - bias)
        stages.append(replace(stage, affine=affine))
    return replace(one.target, stages=tuple(stages))


def test_without_rounding_the_bound_is_passed() -> None:
    """Negative control: against its own function the certificate says nothing of the rounding that is seen."""
    one = build_ticket(
        nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)), domain=(0.0, 1.0), input_shape=(3,), seed=2,
        method="two-layer", n=20, param_eps=0.01,
    )  # fmt: skip
    exact = replace(one, target=effective(one))
    x = torch.rand(2**16, 3, generator=torch.Generator().manual_seed(4))
    assert exact.target is not None
    with torch.no_grad():
        seen = float((exact.module()(x).double() - exact.target(x.double())).abs().max())
    assert exact.certificate.bound < 1e-12 < seen <= exact.as_run().bound < 1e3 * seen


def test_overflow_is_said_and_no_number_is_given() -> None:
    one = ticket("two-layer", nn.ReLU())
    wide = replace(one, domain=Box(-1e37, 1e37))
    found = wide.as_run()
    assert not found.finite
    assert found.per_output is None
    assert "infinity or NaN is possible" in str(found)
    assert "float32" in str(found)
    assert wide.as_run(torch.float64).finite
    module = one.module()
    x = torch.full((1, 3), 1e38)
    assert not bool(torch.isfinite(module(1e0 * x)).all()) or not found.finite


def test_weights_that_overflow_float32_are_said() -> None:
    """Weights of 1e28 times inputs of 1e10."""
    torch.manual_seed(3)
    target = nn.Sequential(nn.Linear(2, 2, bias=False))
    with torch.no_grad():
        target[0].weight *= 1e28  # pyright: ignore[reportArgumentType, reportOperatorIssue]  # a weight
    one = build_ticket(
        target, domain=(0.0, 1e10), input_shape=(2,), seed=1, method="two-layer", n=10, param_eps=1e27,
        law="uniform(1e14)",
    )  # fmt: skip
    assert "no bound run in float32" in str(one.as_run())
    assert one.as_run(torch.float64).finite


def test_an_activation_of_ones_own_has_to_state_its_rounding() -> None:
    class Twice(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.tanh(2 * x)

    own = characterise(Twice(), "twice")
    made = {"domain": (-1.0, 1.0), "input_shape": (3,), "seed": 2, "method": "two-layer", "n": 12, "param_eps": 0.1}
    one = build_ticket(dense(Twice()), activations={Twice: own}, **made)
    with pytest.raises(SltkError, match="does not say"):
        one.as_run()
    assert one.as_run(torch.float64).finite
    said = build_ticket(dense(Twice()), activations={Twice: replace(own, float32=Rounding(2.0**-20, 2.0**-20))}, **made)
    assert said.as_run().finite
