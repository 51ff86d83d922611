"""Small targets that are trained on the spot."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.core.rng import torch_stream
from sltk.data.datasets import Dataset
from sltk.models.activations import ACTIVATIONS
from sltk.models.initial import initialise

_PRUNED_FROM, _PRUNED_TO = 0.25, 0.65  # share of the epochs between which the density falls


@dataclass(frozen=True)
class Training:
    """What a training run came to.

    Attributes:
        losses: mean cross entropy of every epoch, in nats.
        accuracy: share of the test images that are classified as labelled, after training.
        density: share of the weights (biases not counted) that are not zero.
        largest: largest size of a weight or bias.
    """

    losses: tuple[float, ...]
    accuracy: float
    density: float
    largest: float


def digits_conv(activation: str, seed: int) -> nn.Sequential:
    """A network for images of 8 x 8 pixels: conv 1 -> 4, mean pooling, conv 4 -> 6, linear 96 -> 10; 1,232 numbers.

    Weights and biases start uniform in ``[-1/sqrt(fan_in), 1/sqrt(fan_in)]``, from streams that ``seed`` and the
    tensor's own name fix; torch's global generator is neither read nor moved.

    Raises:
        SltkError: an activation that is not one of ``ACTIVATIONS``.
    """
    if activation not in ACTIVATIONS:
        raise SltkError(f"digits_conv knows {', '.join(ACTIVATIONS)}, but got activation={activation!r}.")
    act = ACTIVATIONS[activation]
    with torch.device("meta"):  # makes the layers without drawing from the global generator
        layers = (nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 6, 3, padding=1), nn.Linear(96, 10))
    first, second, last = (layer.to_empty(device="cpu") for layer in layers)
    module = nn.Sequential(first, act(), nn.AvgPool2d(2), second, act(), nn.Flatten(), last)
    initialise(module, seed)
    return module


def train(
    module: nn.Module,
    data: Dataset,
    *,
    seed: int,
    epochs: int = 30,
    rate: float = 0.02,
    batch: int = 64,
    density: float = 1.0,
    clip: float = 1.0,
) -> Training:
    """Train ``module`` in place: Adam on the cross entropy, with a rate that falls to 0 along half a cosine.

    It is no phase of ``sltk.train``: there an epoch leaves out its last, partial batch, the rate falls with every step,
    masks change between trainings, and nothing is clipped. Targets here are inputs of constructions, whose published
    numbers rest on these very bits.

    Args:
        module: maps ``(batch, *data.input_shape)`` to ``(batch, classes)``, float32.
        data: its training part is used; the test part only for the accuracy that is reported.
        seed: fixes the order of the images.
        epochs: passes over the training part.
        rate: of Adam, at the start.
        batch: images a step.
        density: share of each weight tensor that is kept; the smallest weights are set to zero, more and more of them
            while training goes on, and stay zero. Biases are not pruned.
        clip: every weight and bias is held within ``[-clip, clip]``.

    Raises:
        SltkError: arguments out of range.
    """
    _require_sane(epochs, rate, batch, density, clip)
    was_training = module.training
    module.train()
    try:
        losses = tuple(_epochs(module, data, seed, epochs, rate, batch, density, clip))
    finally:
        module.train(was_training)
    weights = torch.cat([w.detach().flatten() for w in _weights(module)])
    return Training(
        losses=losses,
        accuracy=accuracy(module, data.test_x, data.test_y),
        density=float((weights != 0).double().mean()),
        largest=max(float(p.detach().abs().max()) for p in module.parameters()),
    )


def accuracy(module: nn.Module, x: Tensor, y: Tensor) -> float:
    """Share of the rows of ``x`` that ``module``, in eval mode, classifies as ``y``."""
    was_training = module.training
    module.eval()
    with torch.no_grad():
        guesses = torch.cat([module(rows).argmax(1) for rows in x.split(1000)])
    module.train(was_training)
    return float((guesses == y).double().mean())


def _epochs(
    module: nn.Module, data: Dataset, seed: int, epochs: int, rate: float, batch: int, density: float, clip: float
) -> Iterator[float]:
    optimizer = torch.optim.Adam(module.parameters(), rate)
    generator = torch_stream(seed, "order")
    masks: list[tuple[Tensor, Tensor]] = []
    for epoch in range(epochs):
        optimizer.param_groups[0]["lr"] = rate * 0.5 * (1.0 + math.cos(math.pi * epoch / epochs))
        masks = _magnitude_masks(module, _density_at((epoch + 1) / epochs, density))
        total = 0.0
        for rows in torch.randperm(len(data.train_y), generator=generator).split(batch):
            loss = F.cross_entropy(module(data.train_x[rows]), data.train_y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            _project(module, masks, clip)
            total += float(loss.detach()) * len(rows)
        yield total / len(data.train_y)


def _density_at(progress: float, final: float) -> float:
    """1 before the pruning begins, ``final`` after it, a cube root of the way in between: fast at first."""
    through = min(max((progress - _PRUNED_FROM) / (_PRUNED_TO - _PRUNED_FROM), 0.0), 1.0)
    return final + (1.0 - final) * (1.0 - through) ** 3


def _magnitude_masks(module: nn.Module, density: float) -> list[tuple[Tensor, Tensor]]:
    if density == 1.0:
        return []
    masks = []
    for weight in _weights(module):
        size = weight.detach().abs().flatten()
        kept = torch.zeros(size.numel(), dtype=torch.bool)
        kept[size.argsort(descending=True, stable=True)[: max(1, round(density * size.numel()))]] = True
        masks.append((weight, kept.view_as(weight)))
    return masks


def _project(module: nn.Module, masks: list[tuple[Tensor, Tensor]], clip: float) -> None:
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.clamp_(-clip, clip)
        for weight, mask in masks:
            weight.mul_(mask)


def _weights(module: nn.Module) -> list[Tensor]:
    return [layer.weight for layer in module.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]


def _require_sane(epochs: int, rate: float, batch: int, density: float, clip: float) -> None:
    if epochs < 0 or batch < 1 or not (rate > 0.0 and clip > 0.0) or not 0.0 < density <= 1.0:
        raise SltkError(
            f"train needs epochs >= 0, batch >= 1, rate > 0, clip > 0 and 0 < density <= 1, but got epochs={epochs}, "
            f"batch={batch}, rate={rate}, clip={clip}, density={density}."
        )
