"""From a network of your own to a ticket.

The recipe chooses itself. The source of seed 1 is drawn once; what its pools cannot
reach is recorded as a failure.
"""

import torch
from torch import nn

from sltk import Construction, load, save

torch.manual_seed(0)
target = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2))
construction = Construction(target, domain=(-1.0, 1.0), input_shape=(2,))
print(*construction.choice.reasons(), sep="\n")
ticket = construction.build(seed=1)
bound = ticket.certificate.bound
print(f"{ticket.findings().word}: anywhere in the domain the error is at most {bound:.6f}")
save(ticket, "out/own.ticket")  # masks and what fixes the source, no weights
again = load("out/own.ticket", construction.network)
x = torch.rand(1000, 2) * 2 - 1
with torch.no_grad():
    apart = (again.module()(x) - target(x)).abs()
print(f"largest error on 1,000 inputs: {float(apart.max()):.6f}")
