"""The certificates' study: what is sampled, and a bound that is passed."""

import pytest
import torch
from torch import Tensor, nn

from experiments.certificates import sampled
from experiments.certificates.figure import WAYS
from experiments.certificates.study import STUDY, CertificateOptions
from experiments.certificates.targets import target
from sltk.core.rng import torch_stream
from sltk.harness.study import StudyRow
from sltk.networks.network import Network


class Off(nn.Module):
    """A network, and an error that grows with one input; ``rounded`` to hundredths, as a coarse format would."""

    def __init__(self, network: Network, rounded: bool) -> None:
        super().__init__()
        self.network, self.rounded = network, rounded

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, 6)`` to ``(batch, 3)``."""
        error = 0.1 * x[:, :1]
        return self.network(x.double()) + (error.mul(100).round().div(100) if self.rounded else error)


def test_the_largest_error_is_found_in_either_format() -> None:
    """Of all batches, though few inputs are evaluated twice; and where it was found elsewhere, that."""
    network = target("dense", "tanh", 1)
    double, single, samples = Off(network, False), Off(network, True), 3 * sampled.BATCH - 5
    found = sampled.sampled(network, double, single, samples, 4, torch.zeros(6))
    generator = torch_stream(4, "certificates", "inputs")
    sizes = (sampled.BATCH, sampled.BATCH, sampled.BATCH - 5)
    x = torch.cat([2.0 * torch.rand(size, 6, generator=generator) - 1.0 for size in sizes])
    assert found.double == pytest.approx(0.1 * float(x[:, 0].abs().max()), abs=1e-8)
    assert found.single == pytest.approx(0.1, abs=1e-8)
    assert 0.0049 < found.apart < 0.005 + 1e-7  # of half a hundredth
    assert sampled.sampled(network, double, single, 10, 4, torch.ones(6)).double == pytest.approx(0.1, abs=1e-8)


@pytest.mark.parametrize("broken", [None, *WAYS, "bound_float64", "bound_float32"])
def test_a_bound_that_is_passed_fails_the_study(broken: str | None) -> None:
    """Whichever it is; none fails where all hold."""
    outputs = dict.fromkeys((*WAYS, "bound_float64", "bound_float32"), 1.0) | {"found": 0.5, "found_float32": 0.5}
    if broken is not None:
        outputs[broken] = 0.4999
    cell = {"kind": "conv", "method": "plus-one", "activation": "relu"}
    document = STUDY.conclude([StudyRow("one", cell, outputs)], CertificateOptions())
    assert STUDY.holds(document) is (broken is None)
    assert document["broken"] == ([] if broken is None else [f"{broken} of conv relu"])
