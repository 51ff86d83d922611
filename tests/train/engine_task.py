"""A small task for the tests of the engine."""

import torch
from torch import nn

from sltk.core.rng import torch_stream
from sltk.models.initial import initialise
from sltk.train.bases import basis_named
from sltk.train.loop.samples import Samples, Task
from sltk.train.loop.state import State
from sltk.train.tickets.replicas import Replicas


def small_task(seed: int = 0) -> Task:
    """Four noisy prototypes of 4 x 4 pixels: 240, 80 and 80 rows."""
    g = torch_stream(seed, "small task")
    centres = torch.randn(4, 1, 4, 4, generator=g)
    y = torch.randint(0, 4, (400,), generator=g)
    x = centres[y] + 0.8 * torch.randn(400, 1, 4, 4, generator=g)
    return Task(*(Samples(x[a:b], y[a:b]) for a, b in ((0, 240), (240, 320), (320, 400))))


def dense(seed: int) -> nn.Sequential:
    module = nn.Sequential(nn.Flatten(), nn.Linear(16, 12), nn.ReLU(), nn.Linear(12, 4))
    initialise(module, seed)
    return module


def conv(seed: int) -> nn.Sequential:
    module = nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 4)
    )  # fmt: skip
    initialise(module, seed)
    return module


def state_of(make=dense, seeds=(0, 1), basis: str = "canonical", arms=(), dtype=torch.float32) -> State:
    task = small_task()
    task = Task(*(Samples(s.x.to(dtype), s.y) for s in (task.train, task.validation, task.test)))
    modules = [make(seed).to(dtype) for seed in seeds]
    return State(Replicas(modules, seeds, basis_named(basis, (1, 4, 4)), arms), task)
