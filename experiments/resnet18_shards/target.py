"""The target: a ResNet-18 for CIFAR, 11.2 million parameters drawn as those of a trained one lie.

Kaiming's normal draw, each filter scaled by a log-normal number (trained filters differ in size by about that much);
batch norms with gains about .6 and shifts about -.1, and running statistics of drawn images, so that every layer's
values are as large as a trained network's.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from sltk.core.rng import torch_stream
from sltk.models.projected_resnet import ProjectedResNet

SHAPE, BOX = (3, 32, 32), (-1.0, 1.0)
WIDTHS = (64, 128, 256, 512)
IMAGES = 64  # that running statistics are taken of


def resnet18(widths: tuple[int, ...] = WIDTHS, seed: int = 0) -> nn.Module:
    """Two basic blocks in each group, ReLU, projections; in eval mode."""
    module = ProjectedResNet("relu", 2, widths)
    generator = torch_stream(seed, "experiments", "resnet18", ",".join(map(str, widths)))
    with torch.no_grad():
        for part in module.modules():
            if isinstance(part, nn.Conv2d | nn.Linear):
                _draw_filters(part.weight, generator)
                if part.bias is not None:
                    part.bias.normal_(0.0, 0.05, generator=generator)
            elif isinstance(part, nn.BatchNorm2d):
                part.weight.normal_(0.6, 0.15, generator=generator).clamp_(min=0.05)
                part.bias.normal_(-0.1, 0.2, generator=generator)
        with _counting_all(module):
            module.train()(_images(generator))
    return module.eval()


def _draw_filters(weight: Tensor, generator: torch.Generator) -> None:
    weight.normal_(0.0, (2.0 / weight[0].numel()) ** 0.5, generator=generator)
    size = torch.empty(weight.shape[0]).normal_(0.0, 0.3, generator=generator).exp_()
    weight.mul_(size.reshape(-1, *[1] * (weight.ndim - 1)))


def _images(generator: torch.Generator) -> Tensor:
    """Images of large and small patches, within the box."""
    x = torch.zeros(IMAGES, *SHAPE)
    for side in (2, 8, 32):
        patches = torch.empty(IMAGES, SHAPE[0], side, side).normal_(0.0, 0.4, generator=generator)
        x += nn.functional.interpolate(patches, SHAPE[1:])
    return x.clamp_(*BOX)


@contextmanager
def _counting_all(module: nn.Module) -> Iterator[None]:
    """Running statistics are those of the one batch that passes."""
    norms = [part for part in module.modules() if isinstance(part, nn.BatchNorm2d)]
    usual = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 1.0
    yield
    for norm, momentum in zip(norms, usual, strict=True):
        norm.momentum = momentum
