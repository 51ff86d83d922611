"""A small residual target trained on CIFAR-10 (JPEG), for tickets of both constructions.

Run ``python -m experiments.small_resnet.study --data-folder F``; it trains ``resnet(activation="relu", blocks=1,
widths=(8,12,16))`` from a seed, half of the weights pruned, writes ``out/small_resnet/target.safetensors``, and then
runs ``sltk construct`` and ``sltk check`` on it for each method, on the first 100 test images of each class.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import torch
from safetensors.torch import save
from torch.nn import Module

from sltk.core.files import write_atomic
from sltk.core.rng import torch_stream
from sltk.data.datasets import load
from sltk.models.digits import train
from sltk.models.projected_resnet import ProjectedResNet

OUT = Path("out/small_resnet")
SOURCES = {
    "plus-one": "--n 26 --law uniform(2.0) --scale-exponents 2 1 0 -1 --bias-exponent 2 --objective mass",
    "two-layer": "--n 28 --law uniform(3.0)",
}


def main(arguments: list[str]) -> None:
    """Train where there is no target yet, then construct and check."""
    options = _options(arguments)
    arch = f'resnet(activation="{options.activation}", blocks=1, widths=(8,12,16))'
    target = OUT / f"{options.activation}.safetensors"
    if not target.is_file():
        module = trained(options)
        write_atomic(target, save({name: t.contiguous() for name, t in module.state_dict().items()}))
    for method in options.methods:
        ticket = OUT / f"{options.activation}-{method}.ticket"
        folder = ["--data-folder", str(options.data_folder)] if options.data_folder else []
        place = ["--data", "cifar10-jpeg", *folder]
        asked = ["--method", method, *SOURCES[method].split(), "--param-eps", ".005", "--seed", "1"]
        shape = ["--input-shape", "3", "32", "32"]
        run("construct", str(target), "--arch", arch, *shape, *place, *asked, "--out", str(ticket))
        run("check", str(ticket), "--target", str(target), "--arch", arch, *place, "--per-class", "100")


def trained(options: argparse.Namespace) -> Module:
    """The target, trained from its seed."""
    data = load("cifar10-jpeg", options.data_folder)
    module = ProjectedResNet(options.activation, 1, (8, 12, 16))
    with torch.no_grad():
        for name, weight in module.named_parameters():
            if weight.ndim > 1:
                bound = (3.0 / weight[0].numel()) ** 0.5
                weight.uniform_(-bound, bound, generator=torch_stream(0, "small-resnet", name))
        module.fc.bias.zero_()  # nothing is left to torch's global generator
    found = train(module, data, seed=0, epochs=options.epochs, rate=0.005, batch=128, density=0.5, clip=4.0)
    print(f"accuracy {found.accuracy:.4f}, density {found.density:.2f}, largest parameter {found.largest:.2f}")
    return module.eval()


def run(*command: str) -> None:
    """One command of sltk in a process of its own."""
    done = subprocess.run([sys.executable, "-m", "sltk.cli", *command], check=False)
    print(f"sltk {command[0]} ended with {done.returncode}")


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-folder", type=Path)
    parser.add_argument("--activation", default="relu")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--methods", nargs="+", default=list(SOURCES))
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
