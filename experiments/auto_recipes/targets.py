"""Targets that no recipe was tuned on: small networks of two kinds, trained on MNIST from a seed, as anyone would.

Their training is fixed here: Adam, three epochs, no pruning, no clipping, nothing that makes a ticket easy.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save
from torch import nn

from sltk.core.files import write_atomic
from sltk.core.rng import torch_stream
from sltk.data.datasets import Dataset
from sltk.models.initial import initialise, wide
from sltk.models.text import sequential

EPOCHS, BATCH, RATE = 3, 128, 2e-3
NETWORKS = {
    "cnn6-gelu": "gelu",
    "cnn6-tanh": "tanh",
    "cnn6-relu": "relu",
    "resnet8-relu": 'resnet(activation="relu", blocks=1, widths=(8, 16, 32), channels=1)',
    "resnet14-relu": 'resnet(activation="relu", blocks=2, widths=(8, 16, 32), channels=1)',
}


def architecture(name: str) -> str:
    """What the tensors of network ``name`` fill, as the command line takes it."""
    text = NETWORKS[name]
    if text.startswith("resnet"):
        return text
    return (
        f"conv(1,8,3,padding=1); {text}; conv(8,8,3,padding=1); {text}; maxpool(2); conv(8,16,3,padding=1); {text}; "
        f"conv(16,16,3,padding=1); {text}; maxpool(2); flatten; linear(784,32); {text}; linear(32,10)"
    )


def stored(folder: Path, name: str, seed: int, data: Dataset) -> Path:
    """The file of network ``name`` trained from ``seed``, which is trained where there is none yet."""
    path = folder / f"{name}-{seed}.safetensors"
    if not path.is_file():
        module = trained(sequential(architecture(name)), seed, data)
        floats = {key: t.contiguous() for key, t in module.state_dict().items() if t.is_floating_point()}
        write_atomic(path, save(floats, {"architecture": architecture(name)}))
    return path


def trained(module: nn.Module, seed: int, data: Dataset) -> nn.Module:
    """``module`` drawn from ``seed`` and trained on ``data``, in evaluation mode."""
    initialise(module, seed, wide)
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.reset_parameters()
    optimiser = torch.optim.Adam(module.parameters(), lr=RATE)
    generator = torch_stream(seed, "auto-recipes", "order")
    module.train()
    steps = EPOCHS * (len(data.train_x) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(data.train_x), generator=generator).split(BATCH):
            if len(rows) < BATCH:
                continue
            optimiser.zero_grad()
            F.cross_entropy(module(data.train_x[rows]), data.train_y[rows]).backward()
            optimiser.step()
            schedule.step()
    return module.eval()
