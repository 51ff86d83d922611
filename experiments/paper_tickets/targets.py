"""The targets: the published convolutional network, and small networks trained here with each of four activations."""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import torch
from safetensors.torch import load_file
from safetensors.torch import save as packed
from torch import nn

from experiments._target import CONV_MNIST, MNIST_SHAPE, digest
from experiments.paper_tickets.options import Kind, Phi, TicketOptions
from sltk.core.errors import SltkError
from sltk.core.files import write_atomic
from sltk.core.rng import torch_stream
from sltk.data.datasets import Dataset, load
from sltk.models.activations import ACTIVATIONS
from sltk.models.digits import train
from sltk.models.initial import initialise
from sltk.models.projected_resnet import ProjectedResNet
from sltk.models.text import load_target
from sltk.networks.layers import Network
from sltk.networks.reading.read import read

PUBLISHED = "conv_mnist.pt"
DATA = {"published": "mnist", "conv": "mnist", "residual": "digits"}
SHAPES = {"mnist": MNIST_SHAPE, "digits": (1, 8, 8)}
ROWS = {"mnist": 1000, "digits": 360}  # test images that a ticket is evaluated on, the first ones


@dataclass(frozen=True)
class StoredTarget:
    """A target: its kind, its activation, and the hash of its file."""

    kind: Kind
    activation: Phi
    digest: str


@lru_cache(maxsize=1)
def stored_targets(options: TicketOptions, folder: Path) -> tuple[tuple[StoredTarget, ...], tuple[str, ...]]:
    """Targets that are there or can be trained into ``folder``, and a reason for each kind that cannot."""
    found: list[StoredTarget] = []
    reasons: list[str] = []
    for kind in ("conv", "residual", "published"):
        try:
            if kind in options.kinds:
                phis: tuple[Phi, ...] = ("relu",) if kind == "published" else options.activations
                found += [_stored(kind, activation, options, folder) for activation in phis]
        except SltkError as error:  # no MNIST here, or no published file
            reasons.append(f"{kind}: {error}")
    return tuple(found), tuple(reasons)


def place_of(kind: str, activation: str, options: TicketOptions, folder: Path) -> Path:
    """The file of a target.

    Raises:
        SltkError: of the published one, where no folder is given.
    """
    if kind != "published":
        return folder / f"{kind}-{activation}.safetensors"
    if options.target_folder is None or not (options.target_folder / PUBLISHED).is_file():
        raise SltkError(f"no {PUBLISHED} in --target-folder {options.target_folder}")
    return options.target_folder / PUBLISHED


def network(kind: str, activation: str, path: Path) -> Network:
    """The target as stages."""
    shape = SHAPES[DATA[kind]]
    if kind == "published":
        return load_target(path, CONV_MNIST, shape)
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


def _stored(kind: Kind, activation: Phi, options: TicketOptions, folder: Path) -> StoredTarget:
    path = place_of(kind, activation, options, folder)
    if not path.is_file():
        module = (convolutional if kind == "conv" else residual)(activation, options)
        write_atomic(path, packed({name: t.contiguous() for name, t in module.state_dict().items()}))
    return StoredTarget(kind, activation, digest(path))
