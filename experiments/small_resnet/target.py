"""The target: a small residual network, trained on CIFAR-10 (JPEG) from a seed, half of its weights pruned."""

from pathlib import Path

import torch
from safetensors.torch import save
from torch import nn

from sltk.core.files import write_atomic
from sltk.core.rng import torch_stream
from sltk.data.datasets import Dataset
from sltk.models.digits import train
from sltk.models.projected_resnet import ProjectedResNet

WIDTHS = (8, 12, 16)


def architecture(activation: str) -> str:
    """What the tensors of the target's file fill."""
    return f'resnet(activation="{activation}", blocks=1, widths=({",".join(map(str, WIDTHS))}))'


def stored(path: Path, activation: str, epochs: int, data: Dataset) -> Path:
    """``path``, where the target lies; trained where there is none yet."""
    if not path.is_file():
        module = trained(activation, epochs, data)
        write_atomic(path, save({name: t.contiguous() for name, t in module.state_dict().items()}))
    return path


def trained(activation: str, epochs: int, data: Dataset) -> nn.Module:
    """The target, trained from its seed."""
    module = ProjectedResNet(activation, 1, WIDTHS)
    with torch.no_grad():
        for name, weight in module.named_parameters():
            if weight.ndim > 1:
                bound = (3.0 / weight[0].numel()) ** 0.5
                weight.uniform_(-bound, bound, generator=torch_stream(0, "small-resnet", name))
        module.fc.bias.zero_()  # nothing is left to torch's global generator
    train(module, data, seed=0, epochs=epochs, rate=0.005, batch=128, density=0.5, clip=4.0)
    return module.eval()
