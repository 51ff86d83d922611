"""The largest errors on random inputs, of a ticket as it is run in float32 and in float64.

Every input is evaluated in float32. In float64 convolutions take up to four times as long, and the two differ by some
thousandths of the largest error, so that only inputs with large errors can have the largest one: of each batch those
with the ``MOST`` largest are evaluated in float64 as well, and all of the first batch. ``apart`` is the largest
distance between the two that was seen: about as much as the float64 error of another input may exceed its own.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from sltk.core.rng import torch_stream
from sltk.networks.network import Network

BATCH, MOST = 2**12, 2**6


class Sampled(NamedTuple):
    """Largest errors in float64 and in float32, and the largest distance of the two."""

    double: float
    single: float
    apart: float


def sampled(
    network: Network, double: nn.Module, single: nn.Module, samples: int, seed: int, attacked: Tensor
) -> Sampled:
    """Over ``samples`` inputs uniform in [-1, 1], numbers of float32 every one.

    Args:
        network: the target, evaluated in float64.
        double, single: the ticket in float64 and in float32.
        samples: inputs.
        seed: of the inputs.
        attacked: ``(*input_shape)``, an input found elsewhere, evaluated as well; rounded to float32.
    """
    generator, found = torch_stream(seed, "certificates", "inputs"), [0.0, 0.0, 0.0]
    with torch.no_grad():
        _held(network, double, single, attacked[None].float(), 1, found)
        for first in range(0, samples, BATCH):
            x = 2.0 * torch.rand(min(BATCH, samples - first), *network.input_shape, generator=generator) - 1.0
            _held(network, double, single, x, MOST if first else BATCH, found)
    return Sampled(*found)


def _held(
    network: Network, double: nn.Module, single: nn.Module, x: Tensor, most: int, found: list[float]
) -> None:  # fmt: skip
    truth, run = network(x.double()).flatten(1), single(x).double().flatten(1)
    errors = (truth - run).abs().amax(1)
    worst = errors.topk(min(most, len(x))).indices
    exact = double(x[worst].double()).flatten(1)
    distances = (truth[worst] - exact).abs().max(), errors.max(), (run[worst] - exact).abs().max()
    found[:] = [max(known, float(one)) for known, one in zip(found, distances, strict=True)]
