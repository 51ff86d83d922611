"""Masks of small tickets, bit for bit, and words of the sources that they are cut from.

The hashes were taken before one object declared a construction, from the functions that it replaced: whatever is moved
or renamed, the same question has to get the same mask. They also pin the source: its streams, its powers of two.
"""

import hashlib

import numpy as np
import pytest
import torch
from torch import nn

from sltk.construct import Construction, Recipe, Search, StrongTicket


def dense() -> nn.Module:
    torch.manual_seed(7)
    return nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 3))


def conv() -> nn.Module:
    torch.manual_seed(8)
    return nn.Sequential(
        nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(3, 4, 3, stride=2, padding=1),
        nn.Sigmoid(), nn.Flatten(), nn.Linear(16, 3),
    )  # fmt: skip


class Residual(nn.Module):
    """An identity skip, a projection, a readout."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(9)
        self.stem = nn.Conv2d(1, 3, 3, padding=1)
        self.a, self.b = nn.Conv2d(3, 3, 3, padding=1), nn.Conv2d(3, 3, 3, padding=1)
        self.p = nn.Conv2d(3, 4, 1, stride=2)
        self.c, self.d = nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.f, self.act = nn.Linear(4 * 9, 3), nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.act(self.stem(x))
        x = self.act(self.b(self.act(self.a(x))) + x)
        x = self.act(self.d(self.act(self.c(x))) + self.p(x))
        return self.f(x.flatten(1))


GOLDEN_WEIGHTS = ["0x1.07325a0000000p-6", "-0x1.75cdfc0000000p-7", "-0x1.1917f20000000p-6", "0x1.4543740000000p-7"]
GOLDEN_BIASES = ["0x1.a662540000000p-1", "0x1.1275440000000p-1", "0x1.2bc67e0000000p+0", "-0x1.bd17320000000p+0"]
NETS = {"dense": (dense, (5,)), "conv": (conv, (2, 8, 8)), "residual": (Residual, (1, 6, 6))}
SPREAD = Recipe("plus-one", 18, 0.01, scale_exponents=(1, 0, -1, -2), bias_exponent=1)
CASES = [
    ("dense", Recipe("plus-one", 16, 0.01), Search(), 3,
     "8cf4617dbb8a78733c02085d715266033486506e852828081bb2c0b7db80de7f", 0),
    ("dense", Recipe("plus-one", 14, 0.01), Search("error"), 4,
     "95acf90eb372d03ffc450d9ad5bae0839ebdfa6364a55637b74e0cd471e3ddcd", 11),
    ("dense", Recipe("two-layer", 18, eps=0.5), Search(), 5,
     "94203105a9309139b50c028c7f86104ea2681400db846ce4e0c00e3b73502a2b", 0),
    ("conv", Recipe("plus-one", 15, 0.02), Search(), 6,
     "65031ef23a80b18c024fde9f1c1944a28743d84f7a5b28ecb1c351c86fddf5ff", 2),
    ("conv", Recipe("two-layer", 16, 0.02), Search("cardinality"), 7,
     "32aeed92a3fde5606b9aa5f4cc8fca51e13faa9ce7254479d98b6dc907ca026a", 0),
    ("residual", SPREAD, Search(copy_error=0.01, sub_pool=14, prune_below=0.001), 8,
     "386311f805f02fab13d772cf7e9b75855c7fe036f9ad3e7ded433512a5fd0df8", 2),
    ("residual", Recipe("plus-one", 14, 0.02), Search("mass"), 9,
     "9297b63bb84c1ab35441ff30fd7b2b664c182653742ff18552eab7fb3900d844", 12),
    ("residual", Recipe("two-layer", 16, 0.02), Search(), 10,
     "d32cdf612de377c3242b10b5b84bd58e4740f74ff28b24fa40d832ab5574097d", 0),
]  # fmt: skip


GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
DEVICES = ["cpu", "torch:cpu", pytest.param("cuda", marks=GPU)]


def built(name: str, recipe: Recipe, search: Search, seed: int, device: str = "cpu") -> StrongTicket:
    make, shape = NETS[name]
    return Construction(make(), (-1.0, 1.0), recipe, input_shape=shape).build(seed, search, device=device)


def digest(ticket: StrongTicket) -> str:
    found = hashlib.sha256()
    for mask in ticket.masks:
        for index in (mask.weight, mask.bias):
            found.update(index.astype("<i8").tobytes())
            found.update(b"|")
    return found.hexdigest()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("name", "recipe", "search", "seed", "wanted", "failures"), CASES)
def test_masks(name: str, recipe: Recipe, search: Search, seed: int, wanted: str, failures: int, device: str) -> None:
    ticket = built(name, recipe, search, seed, device)
    assert digest(ticket) == wanted
    assert len(ticket.failures) == failures


def test_a_mask_of_another_seed_or_search_is_another() -> None:
    """Negative control: the hash looks at what it is for."""
    wanted = CASES[0][4]
    assert digest(built("dense", Recipe("plus-one", 16, 0.01), Search(), 4)) != wanted
    assert digest(built("dense", Recipe("plus-one", 16, 0.01), Search("mass"), 3)) != wanted


def test_draws_of_a_source() -> None:
    """Weights and biases have streams of their own."""
    ticket = built("dense", Recipe("plus-one", 16, 0.01), Search(), 3)
    first = ticket.source.weights(0, np.arange(4)), ticket.source.biases(0, np.arange(4))
    assert [value.hex() for value in first[0]] == GOLDEN_WEIGHTS
    assert [value.hex() for value in first[1]] == GOLDEN_BIASES
    assert GOLDEN_WEIGHTS != GOLDEN_BIASES
