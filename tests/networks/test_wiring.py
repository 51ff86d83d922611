"""Networks with skips: what is read, that it agrees with torch, and what is refused with the reason."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.models.projected_resnet import ProjectedResNet
from sltk.networks.reading.read import read
from sltk.networks.wiring import Wire, flow


class Post(nn.Module):
    """A stem, an identity block, and a block that strides, over one kind of activation."""

    def __init__(self, phi: type[nn.Module] = nn.ReLU) -> None:
        super().__init__()
        self.stem, self.a = nn.Conv2d(2, 3, 3, padding=1), phi()
        self.one, self.two = nn.Conv2d(3, 3, 3, padding=1), nn.Conv2d(3, 3, 3, padding=1)
        self.three, self.four = nn.Conv2d(3, 4, 3, 2, 1), nn.Conv2d(4, 4, 3, padding=1)
        self.short = nn.Conv2d(3, 4, 1, 2)
        self.end = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.a(self.stem(x))
        x = self.a(self.two(self.a(self.one(x))) + x)
        x = self.a(torch.add(self.short(x), self.four(self.a(self.three(x)))))
        return self.end(F.adaptive_avg_pool2d(x, 1).flatten(1))


def test_blocks_are_read_with_their_skips():
    network = read(Post(), (2, 6, 6))
    named = {stage.affine.name: wire for stage, wire in zip(network.stages, network.wires, strict=True)}
    assert named["two"] == Wire(1, (0,))
    assert not network.chain
    # Whichever of the two ways around a block comes later in the program takes the other as its skip.
    later = max(("four", "short"), key=list(named).index)
    assert named[later].adds == (list(named).index("four" if later == "short" else "short"),)


@pytest.mark.parametrize("phi", [nn.ReLU, nn.Sigmoid, nn.Tanh])
def test_it_computes_what_torch_computes(phi):
    module = Post(phi).double().eval()
    x = torch.randn(4, 2, 6, 6, dtype=torch.float64)
    torch.testing.assert_close(read(module, (2, 6, 6))(x), module(x), rtol=1e-12, atol=1e-12)


def test_batch_norms_of_a_residual_network_are_folded():
    torch.manual_seed(0)
    module = ProjectedResNet("sigmoid", 1, (3, 4), 2, 3).double()
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.weight, 0.5, 1.5)
            nn.init.normal_(part.bias)
            part.running_mean.normal_()  # pyright: ignore[reportOptionalSampleAccess]
            part.running_var.uniform_(0.5, 1.5)  # pyright: ignore[reportOptionalSampleAccess]
    network, x = read(module.eval(), (2, 8, 8)), torch.randn(4, 2, 8, 8, dtype=torch.float64)
    assert [stage.affine.name for stage in network.stages][-2:] == ["blocks.1.shortcut.0", "fc"]
    torch.testing.assert_close(network(x), module(x), rtol=1e-12, atol=1e-12)


def test_a_depthwise_separable_block_is_read_in_its_groups():
    module = nn.Sequential(
        nn.Conv2d(4, 4, 3, padding=1, groups=4), nn.ReLU(), nn.Conv2d(4, 6, 1), nn.ReLU(), nn.Conv2d(6, 6, 3, groups=2)
    ).double()
    network, x = read(module, (4, 5, 5)), torch.randn(2, 4, 5, 5, dtype=torch.float64)
    torch.testing.assert_close(network(x), module(x), rtol=1e-12, atol=1e-12)
    assert int((network.stages[0].affine.weight != 0).sum()) == 4 * 9
    assert network.stages[2].affine.weight.shape == (6, 3, 3, 3)
    assert [stage.affine.groups for stage in network.stages] == [4, 1, 2]


class Largest(Post):
    def forward(self, x: Tensor) -> Tensor:
        return self.short(torch.maximum(self.stem(x), self.stem(x)))


def test_a_step_on_a_value_that_is_read_elsewhere_gets_a_map_of_its_own():
    """The map takes each channel to itself; what is read elsewhere stays as it was."""
    network = read(Own(), (2, 6, 6))
    names = [stage.affine.name for stage in network.stages]
    assert names == ["stem", "relu (identity)", "one", "add (identity)", "short"]
    own = network.stages[1].affine
    assert torch.equal(own.blocks(own.weight)[:, :, 0, 0], torch.eye(3, dtype=torch.float64))
    assert [wire.reads for wire in network.wires] == [-1, 0, 1, 2, 3]
    assert [wire.adds for wire in network.wires] == [(), (), (), (0,), ()]


class Own(Post):
    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        return self.short(F.relu(self.one(F.relu(x))) + x)


def test_what_is_no_skip_is_refused():
    with pytest.raises(SltkError, match="besides sums of two values and concatenations"):
        read(Largest(), (2, 6, 6))


def test_values_are_let_go_after_their_last_use():
    parts = [Wire(-1, ()), Wire(0, ()), Wire(1, (0,)), Wire(2, ())]
    alive: list[int] = []

    class Value:
        def __init__(self) -> None:
            alive.append(1)

        def __del__(self) -> None:
            alive.pop()

    most = []

    def step(index: int, x: Value, skips: list[Value]) -> Value:
        most.append(len(alive))
        return Value()

    flow(parts, Value(), step)
    assert most == [1, 1, 2, 1]  # the input, stage 0, stages 0 and 1, stage 2
