"""Certify around data.

The bound over the whole domain holds everywhere and is wide; around inputs it is for a ball alone, and closer.
"""

import torch
from torch import nn

from sltk import Construction, Recipe

torch.manual_seed(0)
target = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
ticket = Construction(target, (-1.0, 1.0), Recipe(n=22, param_eps=0.01), input_shape=(4,)).build(seed=1)
print("over the domain:", ticket.certificate.bound)
x = torch.rand(5, 4) * 2 - 1
for radius in (0.0, 0.05):
    found = ticket.certify(x, radius)
    print("radius", radius, "errors at most", found.errors.tolist(), "same answer proved:", found.proved.tolist())
