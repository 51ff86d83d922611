"""The bound before any mask, against the recursion written out by hand."""

import pytest
import torch
from torch import Tensor

from sltk.certify.a_priori import Pools, a_priori
from sltk.certify.intervals import Box
from sltk.construct.methods.base import method_named
from sltk.core.errors import SltkError
from sltk.networks.activations.table import activation
from sltk.networks.network import Network, Stage
from sltk.networks.ops.act import Act
from sltk.networks.ops.linear import Linear

RELU = activation("relu")
EPS = 1e-3


def doubles(values: object) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def network(name: str = "relu") -> Network:
    """Row sums of support 2 and 1; one pruned parameter (5e-4), one exact zero, one zero bias."""
    first = Linear("first", doubles([[0.5, -0.5, 0.0], [5e-4, 0.25, 0.0]]), doubles([0.1, 0.0]))
    second = Linear("second", doubles([[1.0, -0.5]]), doubles([0.0]))
    return Network((3,), (Stage(first, (Act(activation(name)),)), Stage(second)))


def test_plus_one_by_hand() -> None:
    found = a_priori(network(), Box(-2.0, 2.0), EPS, Pools(10, 0.5), method=method_named("plus-one"), univariate=RELU)
    # Layer 1 on |x| <= 2: eps (B + 1) with B = 4; and 5e-4 * 2 + eps * 2 without a bias.
    first = [EPS * 5, 5e-4 * 2 + EPS * 2]
    # Layer 2: eps sum|x| with |x| <= .5*2*2 + .1 and 5.005e-1; mass 10 * .5 a parameter.
    second = EPS * (2.1 + 0.501) + 5 * sum(first)
    assert found.layers[0].affine == pytest.approx(max(first), rel=1e-12)
    assert found.bound == pytest.approx(second, rel=1e-12)
    assert found.kind == "a priori"
    assert "plus-one" in found.method


def test_two_layer_by_hand() -> None:
    found = a_priori(network(), Box(-2.0, 2.0), EPS, Pools(10, 0.5), method=method_named("two-layer"), univariate=RELU)
    first = [EPS * 5, 5e-4 * 2 + EPS * 2]
    # The parameter error now meets the ticket's values, and the target's weights amplify.
    second = EPS * (2.1 + first[0] + 0.501 + first[1]) + 1.0 * first[0] + 0.5 * first[1]
    assert found.bound == pytest.approx(second, rel=1e-12)


def test_caps_replace_the_free_mass() -> None:
    def bound(pools: Pools) -> float:
        return a_priori(network(), Box(-2.0, 2.0), EPS, pools, method=method_named("plus-one"), univariate=RELU).bound

    first = [EPS * 5, 5e-4 * 2 + EPS * 2]
    own = EPS * (2.1 + 0.501)
    assert bound(Pools(10, 0.5, cap=2.0)) == pytest.approx(own + 2 * sum(first), rel=1e-12)
    scaled = Pools(10, 0.5, cap=lambda size: 3 * size)
    assert bound(scaled) == pytest.approx(own + 3 * first[0] + 1.5 * first[1], rel=1e-12)
    assert bound(Pools(10, 0.5, cap=1e9)) == bound(Pools(10, 0.5))


def test_curvature_and_intercept_are_charged() -> None:
    phi = activation("sigmoid")
    pools = Pools(10, 0.5, incoming=0.25)
    found = a_priori(network("sigmoid"), Box(-2.0, 2.0), EPS, pools, method=method_named("plus-one"), univariate=phi)
    bend = phi.remainder
    per_parameter = 10 * 0.5 * bend.coefficient * 0.25**bend.order * 2.0**bend.order
    assert found.layers[0].remainder == pytest.approx(2 * per_parameter, rel=1e-12)
    assert found.layers[0].bias == pytest.approx(EPS)
    # With an intercept the zero bias of the second neuron is a subset sum as well.
    flat = a_priori(network("sigmoid"), Box(-2.0, 2.0), EPS, pools, method=method_named("plus-one"), univariate=RELU)
    assert flat.layers[0].remainder == 0
    assert flat.bound < found.bound


def test_univariate_neurons_must_stay_in_the_radius() -> None:
    phi = activation("sigmoid")
    reach = 1e3 if phi.remainder.radius == float("inf") else phi.remainder.radius
    pools = Pools(10, 0.5, incoming=reach)
    if phi.remainder.radius == float("inf"):
        assert a_priori(network(), Box(-2, 2), EPS, pools, method=method_named("plus-one"), univariate=phi).bound > 1
    else:
        with pytest.raises(SltkError, match="smaller incoming weights"):
            a_priori(network(), Box(-2, 2), EPS, pools, method=method_named("plus-one"), univariate=phi)


def test_tolerances_one_a_stage() -> None:
    both = a_priori(network(), Box(-2, 2), [EPS, 0.0], Pools(10, 0.5), method=method_named("plus-one"), univariate=RELU)
    assert both.layers[1].parameter == 0
    assert both.layers[1].inherited == pytest.approx(both.bound, rel=1e-12)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tolerances": [EPS]}, "tolerances"),
        ({"tolerances": -1.0}, "tolerances"),
        ({"prune_below": float("nan")}, "prune_below"),
        ({"pools": [Pools(1, 1.0)]}, "Pools"),
    ],
)
def test_refusals(changes: dict, words: str) -> None:
    arguments = {
        "tolerances": EPS,
        "pools": Pools(10, 0.5),
        "method": method_named("plus-one"),
        "univariate": RELU,
        **changes,
    }
    with pytest.raises(SltkError, match=words):
        a_priori(network(), Box(-2, 2), **arguments)


def test_pools_refuse_nonsense() -> None:
    with pytest.raises(SltkError, match="outgoing"):
        Pools(10, float("inf"))
    with pytest.raises(SltkError, match="cap"):
        a_priori(network(), Box(-2, 2), EPS, Pools(10, 0.5, cap=-1.0), method=method_named("plus-one"), univariate=RELU)
