"""Is this width enough?

For one pool, three answers that are trusted differently; for a network, how often a
source of that width holds it.
"""

import torch
from torch import nn

from sltk import Construction, Recipe, required_size

for method in ("floor", "certificate", "closed-form"):
    print(f"{method}: {required_size(eps=0.01, delta=0.05, method=method)} samples")

torch.manual_seed(0)
target = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
for n in (12, 18):
    recipe = Recipe(n=n, param_eps=0.02)
    construction = Construction(target, (-1.0, 1.0), recipe, input_shape=(3,))
    p = construction.predict().p
    print(f"pools of {n}: a source holds the network with probability {p:.3f}")
