"""A target as it is evaluated beside its ticket, against torch's own layers in float64."""

import pytest
import torch

from sltk.construct.runtime.evaluated import evaluated
from sltk.networks.reading.read import network_of
from tests.construct.small_nets import SMALL, small


@pytest.mark.parametrize("name", SMALL)
def test_it_is_the_target(name: str) -> None:
    """To a thousand units in the last place of the largest output; one weight that is another is seen."""
    torch.manual_seed(4)
    module, shape = small(name)
    network = network_of(module, shape)
    x = torch.randn(37, *shape)
    with torch.no_grad():
        expected = network(x.double())
    allowed = 1000 * 2.0**-52 * float(expected.abs().max())
    found = evaluated(network)(x)
    assert found.dtype == torch.float64
    assert float((found - expected).abs().max()) <= allowed
    weight = network.stages[-1].affine.weight.view(-1)
    weight[int(weight.abs().argmax())] *= 1.001
    assert float((evaluated(network)(x) - expected).abs().max()) > allowed
