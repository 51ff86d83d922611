"""From a network of your own to a ticket.

The recipe chooses itself. The source of seed 1 is drawn once; what its pools cannot reach is recorded as a failure.
"""

import torch
from torch import nn

from sltk import Construction, load, save

torch.manual_seed(0)
target = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3))
construction = Construction(target, domain=(-1.0, 1.0), input_shape=(4,))
print(construction.choice.reasons())
print("a source holds the network with probability", construction.predict().p)
ticket = construction.build(seed=1)
print(ticket.findings().word, "with a bound of", ticket.certificate.bound)
save(ticket, "out/own.ticket")  # masks and what fixes the source, no weights
again = load("out/own.ticket", construction.network)
x = torch.rand(1000, 4) * 2 - 1
with torch.no_grad():
    print("largest error on 1,000 inputs:", float((again.module()(x) - target(x)).abs().max()))
