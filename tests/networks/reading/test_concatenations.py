"""Concatenations: read part by part, equal to torch in float64, never formed; what does not fit is refused."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.networks.network import Network
from sltk.networks.reading.read import read
from tests.networks.reading.test_read import distance, randomise

SHAPE = (2, 6, 6)


class Branches(nn.Module):
    """Two branches of two and three channels, an end of five, and what joins them."""

    def __init__(self, join: Callable[["Branches", Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(2, 2, 3, padding=1), nn.Conv2d(2, 3, 1)
        self.end, self.deep = nn.Conv2d(5, 2, 3, padding=1), nn.Conv2d(5, 5, 3, padding=1)
        self.norm, self.other, self.phi = nn.BatchNorm2d(5), nn.BatchNorm2d(2), nn.PReLU(5)
        self.read, self.flat = nn.Linear(5, 2), nn.Linear(45, 2)
        self.join = join

    def forward(self, x: Tensor) -> Tensor:
        return self.join(self, F.relu(self.one(x)), F.relu(self.two(x)))


def cat(*values: Tensor) -> Tensor:
    return torch.cat(values, 1)


JOINS: dict[str, Callable[[Branches, Tensor, Tensor], Tensor]] = {
    "a map": lambda m, a, b: m.end(cat(a, b)),
    "keywords": lambda m, a, b: m.end(torch.concat(tensors=[a, b], dim=-3)),
    "a map and a norm": lambda m, a, b: F.relu(m.other(m.end(cat(a, b)))),
    "a norm, an activation and a map": lambda m, a, b: m.end(torch.tanh(m.norm(cat(a, b)))),
    "pools and a readout": lambda m, a, b: m.read(F.adaptive_avg_pool2d(cat(a, b), 1).flatten(1)),
    "a flattening": lambda m, a, b: m.flat(F.max_pool2d(cat(a, b), 2).flatten(1)),
    "slopes of channels": lambda m, a, b: m.end(m.phi(m.deep(cat(a, b)))),
    "slopes on the parts": lambda m, a, b: m.end(m.phi(m.norm(cat(a, b)))),
    "a value that is read again": lambda m, a, b: m.end(cat(a, b)) + a,
    "a concatenation that is read twice": lambda m, a, b: (lambda y: m.end(m.deep(y) + y))(cat(a, b)),
    "a sum of two of the same parts": lambda m, a, b: m.end(F.relu(cat(a, b) + cat(a, b))),
    "a sum with one of other parts": lambda m, a, b: m.end(cat(a, b) + cat(b, a)),
    "one of one": lambda m, a, b: m.end(cat(cat(a), cat(b))),
    "the output": lambda m, a, b: torch.tanh(cat(m.deep(cat(a, b)), a)),
    "nested": lambda m, a, b: m.flat(F.adaptive_max_pool2d(cat(m.end(cat(a, b)), b), 3).flatten(1)),
}


@pytest.mark.parametrize("name", JOINS)
def test_it_computes_what_torch_computes(name: str) -> None:
    module = randomise(Branches(JOINS[name]), 2)
    assert distance(read(module, SHAPE), module, SHAPE) < 1e-12


class Repeated(nn.Module):
    """One value beside itself, and the network's input beside its image."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.end, self.last = nn.Linear(3, 3), nn.Linear(9, 3), nn.Linear(6, 2)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.tanh(self.one(x))
        return self.last(torch.cat([torch.tanh(self.end(torch.cat([y, y, x], 1))), x], -1))


def test_a_value_beside_itself_and_the_input() -> None:
    module = randomise(Repeated(), 3)
    assert distance(read(module, (3,)), module, (3,)) < 1e-12


def _named(network: Network) -> dict[str, tuple[int, tuple[int, ...]]]:
    return {s.affine.name: (w.reads, w.adds) for s, w in zip(network.stages, network.wires, strict=True)}


def test_a_map_of_a_concatenation_is_one_stage_a_part() -> None:
    """No layer is added, no weight either, and the norm behind the sum is folded into all parts."""
    module = randomise(Branches(JOINS["a map and a norm"]), 2)
    network = read(module, SHAPE)
    named = _named(network)
    assert list(named) == ["x (identity)", "one", "two", "end, part 1", "end, part 2", "output (identity)"]
    assert (named["end, part 1"], named["end, part 2"]) == ((1, ()), (2, (3,)))
    first, second = network.stages[3:5]
    assert first.affine.weight.shape[1] + second.affine.weight.shape[1] == 5
    assert not first.affine.bias.any()
    assert second.affine.bias.any()


def test_parts_that_change_places_are_seen() -> None:
    """Negative control: the comparison above notices two parts in the wrong order."""
    module = randomise(Branches(JOINS["a map"]), 2)
    network = read(module, SHAPE)

    class Turned(Branches):
        def forward(self, x: Tensor) -> Tensor:
            one, two = F.relu(self.one(x)), F.relu(self.two(x))
            return self.join(self, two[:, :2], torch.cat([two[:, 2:], one], 1))

    turned = Turned(JOINS["a map"])
    turned.load_state_dict(module.state_dict())
    assert distance(network, turned, SHAPE) > 1e-3


REFUSED: dict[str, tuple[Callable[[Branches, Tensor, Tensor], Tensor], str]] = {
    "another axis": (lambda m, a, b: torch.cat([a, a], 2), "axis 2; only channels.*dim=1"),
    "no axis": (lambda m, a, b: torch.cat([a, a]), "axis 0"),
    "other sizes": (lambda m, a, b: m.end(torch.cat([F.avg_pool2d(a, 2), b], 1)), "all axes but the channels|cannot"),
    "a parameter": (lambda m, a, b: torch.cat([a, m.one.weight], 1), "besides sums of two values and concat"),
    "too few channels": (lambda m, a, b: m.end(torch.cat([a, a], 1)), "reads 5 channels.*\\(4, 6, 6\\)"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused(name: str) -> None:
    join, reason = REFUSED[name]
    with pytest.raises(SltkError, match=reason):
        read(randomise(Branches(join), 2), SHAPE)
