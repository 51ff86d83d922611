"""The targets: the published convolutional network, and small networks trained here with each of four activations."""

from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import torch
from safetensors.torch import load_file
from safetensors.torch import save as packed
from torch import nn

from sltk.core.errors import SltkError
from sltk.core.files import sha256, write_atomic
from sltk.core.rng import torch_stream
from sltk.data.datasets import Dataset, load
from sltk.models.activations import ACTIVATIONS
from sltk.models.digits import train
from sltk.models.initial import initialise
from sltk.models.projected_resnet import ProjectedResNet
from sltk.models.text import load_target
from sltk.networks.network import Network
from sltk.networks.reading.read import read

PHIS = ("relu", "leaky_relu", "tanh", "sigmoid")
ARCH = "conv(1,32,3,padding=1); relu; conv(32,32,3,padding=1); relu; flatten; linear(25088,10)"
DATA = {"published": "mnist", "conv": "mnist", "residual": "digits"}
SHAPES = {"mnist": (1, 28, 28), "digits": (1, 8, 8)}
ROWS = {"mnist": 1000, "digits": 360}  # test images that a ticket is evaluated on, the first ones


@dataclass(frozen=True)
class Subject:
    """A target: its kind (``published``, ``conv``, ``residual``), its activation, its file and what is in that."""

    kind: str
    activation: str
    path: Path
    digest: str


def subjects(options: Namespace, folder: Path) -> tuple[list[Subject], list[str]]:
    """Targets that are there or can be trained, and a reason for each that cannot."""
    found, reasons = [], []
    kinds = {"conv": lambda a: convolutional(a, options), "residual": lambda a: residual(a, options)}
    for kind, make in kinds.items():
        try:
            if kind in options.kinds:
                found += [_stored(kind, activation, folder, make) for activation in options.activations]
        except SltkError as error:  # no MNIST here
            reasons.append(f"{kind}: {error}")
    published = options.target_folder / "conv_mnist.pt" if options.target_folder else None
    if published is None or not published.is_file():
        reasons.append(f"published: no conv_mnist.pt in --target-folder {options.target_folder}")
    else:
        found.append(Subject("published", "relu", published, sha256(published.read_bytes())))
    return [s for s in found if s.kind in options.kinds], [r for r in reasons if r.split(":")[0] in options.kinds]


def network(subject: Subject) -> Network:
    """The target as stages."""
    shape = SHAPES[DATA[subject.kind]]
    if subject.kind == "published":
        return load_target(subject.path, ARCH, shape)
    module = small_conv(subject.activation) if subject.kind == "conv" else small_residual(subject.activation)
    module.load_state_dict(load_file(subject.path))
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


def convolutional(activation: str, options: Namespace) -> nn.Module:
    """Trained on the first ``--train-rows`` images of MNIST, 10% of the weights kept as in the published one."""
    data, rows, module = data_of("mnist", options.data_folder), options.train_rows, small_conv(activation)
    part = replace(data, train_x=data.train_x[:rows], train_y=data.train_y[:rows])
    train(module, part, seed=0, epochs=options.conv_epochs, rate=0.004, batch=64, density=0.1, clip=2.0)
    return module


def residual(activation: str, options: Namespace) -> nn.Module:
    """Trained on digits, half of the weights kept."""
    module = small_residual(activation)
    data = data_of("digits", None)
    train(module, data, seed=0, epochs=options.residual_epochs, rate=0.01, batch=32, density=0.5, clip=2.0)
    return module


def _stored(kind: str, activation: str, folder: Path, make: Callable[[str], nn.Module]) -> Subject:
    path = folder / f"{kind}-{activation}.safetensors"
    if not path.is_file():
        module = make(activation)
        write_atomic(path, packed({name: t.contiguous() for name, t in module.state_dict().items()}))
    return Subject(kind, activation, path, sha256(path.read_bytes()))
