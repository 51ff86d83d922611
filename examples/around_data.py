"""Certify around data.

The bound over the whole domain holds everywhere and is wide; around inputs it is for
a ball alone, and closer.
"""

import torch
from torch import nn

from sltk import Construction, Recipe

torch.manual_seed(0)
target = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
recipe = Recipe(n=22, param_eps=0.01)
ticket = Construction(target, (-1.0, 1.0), recipe, input_shape=(4,)).build(seed=1)
print(f"anywhere in the domain: error at most {ticket.certificate.bound:.4f}")
x = torch.rand(5, 4) * 2 - 1
for radius in (0.0, 0.05, 0.2):
    found = ticket.certify(x, radius)
    errors = ", ".join(f"{error:.5f}" for error in found.errors.tolist())
    print(f"within {radius:g} of each of five inputs: errors at most {errors};")
    print(f"    the same answer is proved for {int(found.proved.sum())} of 5")
