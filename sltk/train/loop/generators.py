"""The generators behind dropout and its like: their states belong to a run, and nobody else's draws move them."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from sltk.train.loop.state import State


@contextmanager
def own_generators(state: State) -> Iterator[None]:
    """Torch draws from the generators of ``state`` within, host and device, and from where it stood after."""
    device = state.device
    others = [] if device.type == "cpu" else [device]
    with torch.random.fork_rng(devices=others, device_type=device.type if others else "cuda"):
        torch.set_rng_state(state.generator)
        for other in others:
            torch.get_device_module(other).set_rng_state(state.device_generator, other)
        yield


def store_generators(state: State) -> None:
    """Write into ``state`` where the generators stand."""
    state.generator = torch.get_rng_state()
    if state.device.type != "cpu":
        state.device_generator = torch.get_device_module(state.device).get_rng_state(state.device)
