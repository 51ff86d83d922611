"""The targets: the published convolutional network, and small networks trained here with each of four activations."""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from safetensors.torch import save as packed
from torch import nn

from experiments._target import CONV_MNIST
from experiments.paper_tickets.options import Kind, Phi, TicketOptions
from sltk.core.files import write_atomic
from sltk.core.rng import torch_stream
from sltk.data.datasets import Dataset, load
from sltk.models.activations import ACTIVATIONS
from sltk.models.digits import train
from sltk.models.initial import initialise
from sltk.models.projected_resnet import ProjectedResNet
from sltk.models.text import load_target
from sltk.networks.network import Network
from sltk.networks.reading.read import read

DATA = {"published": "mnist", "conv": "mnist", "residual": "digits"}
SHAPES = {"mnist": CONV_MNIST.input_shape, "digits": (1, 8, 8)}
ROWS = {"mnist": 1000, "digits": 360}  # test images that a ticket is evaluated on, the first ones


def asked_for(options: TicketOptions) -> Iterator[tuple[Kind, Phi, dict[str, Any]]]:
    """Kind and activation of each target, and what fixes its weights."""
    kinds: tuple[Kind, ...] = ("conv", "residual", "published")
    for kind in kinds:
        phis: tuple[Phi, ...] = ("relu",) if kind == "published" else options.activations
        for phi in phis if kind in options.kinds else ():
            yield kind, phi, fixed(kind, options)


def fixed(kind: Kind, options: TicketOptions) -> dict[str, Any]:
    """What fixes the weights of a target: the hash of a file, or its training."""
    if kind == "published":
        return {"sha256": CONV_MNIST.sha256}
    if kind == "conv":
        return {"train_rows": options.train_rows, "epochs": options.conv_epochs}
    return {"epochs": options.residual_epochs}


def stored(kind: Kind, activation: Phi, options: TicketOptions, folder: Path) -> Path:
    """The file of a target, which is trained into ``folder`` where it is not there yet.

    Raises:
        SltkError: there is no MNIST, or no published file.
    """
    if kind == "published":
        return CONV_MNIST.place(options.target)
    path = folder / f"{kind}-{activation}.safetensors"
    if not path.is_file():
        module = (convolutional if kind == "conv" else residual)(activation, options)
        write_atomic(path, packed({name: t.contiguous() for name, t in module.state_dict().items()}))
    return path


def network(kind: str, activation: str, path: Path) -> Network:
    """The target as stages."""
    shape = SHAPES[DATA[kind]]
    if kind == "published":
        return load_target(path, CONV_MNIST.arch, shape)
    module = small_conv(activation) if kind == "conv" else small_residual(activation)
    module.load_state_dict(load_file(path))
    return read(module.eval(), shape)


@lru_cache(maxsize=2)
def data_of(name: str, folder: Path | None) -> Dataset:
    """A data set, read once a process."""
    return load(name, folder)


def small_conv(activation: str) -> nn.Sequential:
    """The published network's shape with 6 channels for 32."""
    act = ACTIVATIONS[activation]
    first, second = nn.Conv2d(1, 6, 3, padding=1), nn.Conv2d(6, 6, 3, padding=1)
    module = nn.Sequential(first, act(), second, act(), nn.Flatten(), nn.Linear(4704, 10))
    initialise(module, 0)
    return module


def small_residual(activation: str) -> ProjectedResNet:
    """Three residual blocks, two of them with a stride and a projection, for images of 8 x 8 pixels."""
    module = ProjectedResNet(activation, 1, (4, 6, 8), channels=1)
    with torch.no_grad():
        module.fc.bias.zero_()  # torch drew it from its global generator
        for name, weight in module.named_parameters():
            if weight.ndim > 1:
                bound = (3.0 / weight[0].numel()) ** 0.5
                weight.uniform_(-bound, bound, generator=torch_stream(0, "paper-tickets", name))
    return module


def convolutional(activation: str, options: TicketOptions) -> nn.Module:
    """Trained on the first ``--train-rows`` images of MNIST, 10% of the weights kept as in the published one."""
    data, rows, module = data_of("mnist", options.data_folder), options.train_rows, small_conv(activation)
    part = replace(data, train_x=data.train_x[:rows], train_y=data.train_y[:rows])
    train(module, part, seed=0, epochs=options.conv_epochs, rate=0.004, batch=64, density=0.1, clip=2.0)
    return module


def residual(activation: str, options: TicketOptions) -> nn.Module:
    """Trained on digits, half of the weights kept."""
    module = small_residual(activation)
    data = data_of("digits", None)
    train(module, data, seed=0, epochs=options.residual_epochs, rate=0.01, batch=32, density=0.5, clip=2.0)
    return module
