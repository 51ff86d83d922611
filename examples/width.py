"""Is this width enough?

For one pool, four answers that are trusted differently; for a network, how often a source of that width holds it.
"""

import torch
from torch import nn

from sltk import Construction, Recipe, required_size

for method in ("floor", "certificate", "closed-form"):
    print(method, required_size(eps=0.01, delta=0.05, method=method))

torch.manual_seed(0)
target = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
for n in (12, 18):
    construction = Construction(target, (-1.0, 1.0), Recipe(n=n, param_eps=0.02), input_shape=(3,))
    print(n, "samples a pool: predicted success", round(construction.predict().p, 3))
