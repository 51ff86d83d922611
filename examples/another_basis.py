"""Prune in another basis.

Iterative magnitude pruning of the coefficients of a discrete cosine transform, over four seeds at once.
"""

import torch
from torch import nn

from sltk import imp
from sltk.data.datasets import load


def model(seed: int) -> nn.Module:
    """A small network, drawn from the seed."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 30), nn.ReLU(), nn.Linear(30, 10))


outcome = imp(model, load("digits"), basis="dct", density=0.2, rounds=2, epochs=1, seeds=range(4))
for row in outcome.rows:
    print(row)
