"""Prune in another basis.

Iterative magnitude pruning of the coefficients of a discrete cosine transform,
over four seeds at once.
"""

import torch
from torch import nn

from sltk import imp
from sltk.data.datasets import load


def model(seed: int) -> nn.Module:
    """A small network, drawn from the seed."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 30), nn.ReLU(), nn.Linear(30, 10))


data = load("digits")
outcome = imp(model, data, basis="dct", density=0.2, rounds=2, epochs=3, seeds=range(4))
print("round  seed  kept   right answers")
for row in outcome.rows:
    print(f"{row['label']:5}  {row['seed']:4}  {row['density']:4.0%}  {row['test']:13.1%}")
