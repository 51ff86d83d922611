"""Architectures as text and the state dicts that fill them; what a file must not do."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from sltk.core.errors import SltkError
from sltk.models.text import LAYERS, load_target, sequential
from sltk.networks.ops.avg_pool import AvgPool
from sltk.networks.ops.conv import Conv
from sltk.networks.ops.linear import Linear
from sltk.networks.ops.max_pool import MaxPool
from sltk.networks.reading.read import read
from sltk.networks.reading.state import state_dict

TARGET = Path(__file__).parents[3] / "shared" / "data" / "targets" / "conv_mnist.pt"
CONV_MNIST = "conv(1,32,3,padding=1); relu; conv(32,32,3,padding=1); relu; flatten; linear(25088,10)"
SMALL = "conv(1,2,3,padding=1); relu; flatten; linear(32,3)"


def small(seed: int = 0) -> nn.Sequential:
    module = sequential(SMALL)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.rand(parameter.shape, generator=generator) - 0.5)
    return module


def test_every_layer_of_the_language() -> None:
    text = (
        "avgpool(2); conv(3, 4, (3, 5), stride=2, padding=(1, 0), dilation=1, bias=False);"
        "maxpool(2, stride=1, padding=1); elu(0.5); flatten; linear(144, 7, bias=False); leaky_relu(0.3);"
    )
    network = read(sequential(text), (3, 20, 28))
    conv, linear = (stage.affine for stage in network.stages)
    assert network.before == (AvgPool((2, 2), (2, 2)),)
    assert isinstance(conv, Conv)
    assert (conv.stride, conv.padding, tuple(conv.weight.shape)) == ((2, 2), (1, 0), (4, 3, 3, 5))
    assert network.stages[0].after[0] == MaxPool((2, 2), (1, 1), (1, 1))
    assert isinstance(linear, Linear)
    assert [stage.activation.name for stage in network.stages if stage.activation] == ["elu(0.5)", "leaky_relu(0.3)"]


@pytest.mark.parametrize("name", sorted(set(LAYERS) - {"conv", "linear", "flatten", "avgpool", "maxpool", "identity"}))
def test_every_activation_of_the_language(name: str) -> None:
    phi = read(sequential(f"linear(2,3); {name}"), (2,)).stages[0].activation
    assert phi is not None
    assert phi.name.startswith(name)


def test_a_new_module_is_zero_and_draws_nothing() -> None:
    before = torch.get_rng_state()
    module = sequential(SMALL)
    assert torch.equal(torch.get_rng_state(), before)
    assert not any(bool(p.any()) for p in module.parameters())
    assert [tuple(p.shape) for p in module.parameters()] == [(2, 1, 3, 3), (2,), (3, 32), (3,)]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "at least one layer"),
        (";", "layer 0"),
        ("flatten;;relu", "layer 1 .*''"),
        ("relu; softmax", "layer 1 .*'softmax'"),
        ("conv(1,2)", "'kernel'"),
        ("conv(1,2,3,paddin=1)", "'paddin'"),
        ("conv(0,2,3)", "inputs .*0"),
        ("conv((1,1),2,3)", "inputs"),
        ("conv(1,2,3,padding=-1)", "padding .*-1"),
        ("conv(1,2,3,padding='round')", "round"),
        ("conv(1,2,3,stride=0)", "stride .*0"),
        ("conv(1,2,(3,3,3))", "kernel"),
        ("conv(1.0,2,3)", "inputs"),
        ("conv(True,2,3)", "inputs"),
        ("linear(3,4,bias=3)", "bias .*3"),
        ("linear(n,4)", "plain numbers"),
        ("linear(2+2,4)", "plain numbers"),
        ("linear(*[2,4])", "plain numbers"),
        ("linear(**{})", "plain numbers"),
        ("relu(1)", "layer 0"),
        ("leaky_relu('x')", "layer 0"),
        ("leaky_relu(-1)", ">= 0"),
        ("nn.ReLU", "layer 0"),
        ("__import__('os').getcwd()", "layer 0"),
        ("lambda: 0", "layer 0"),
        ("relu relu", "layer 0"),
        ("(" * 5000, "layer 0"),
        ("linear(99999999999999999999,4)", "layer 0"),
    ],
)
def test_what_is_no_layer_is_named(text: str, named: str) -> None:
    with pytest.raises(SltkError, match=named) as found:
        read(sequential(text), (2,))
    assert "\n" not in str(found.value)
    assert len(str(found.value)) < 500


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".safetensors"])
@pytest.mark.parametrize("nested", [False, True])
def test_files_give_the_module_back(suffix: str, nested: bool, tmp_path: Path) -> None:
    module, path = small(), tmp_path / f"t{suffix}"
    if suffix == ".safetensors":
        save_file(module.state_dict(), path)
    else:
        torch.save({"state_dict": module.state_dict(), "epoch": 3} if nested else module.state_dict(), path)
    x = torch.randn(4, 1, 4, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    with torch.no_grad():
        assert torch.equal(load_target(path, SMALL, (1, 4, 4))(x), module.double()(x))


@pytest.mark.parametrize("stored", ["weight", "weight_orig"])
def test_masks_are_applied(stored: str, tmp_path: Path) -> None:
    state = dict(small().state_dict())
    whole = state.pop("3.weight")
    mask = (torch.rand(whole.shape, generator=torch.Generator().manual_seed(2)) < 0.4).float()
    whole[mask == 0] = torch.nan  # what is masked does not count, whatever it is
    torch.save({**state, f"3.{stored}": whole, "3.weight_mask": mask}, tmp_path / "t.pt")
    weight = load_target(tmp_path / "t.pt", SMALL, (1, 4, 4)).stages[1].affine.weight
    assert torch.equal(weight, torch.where(mask == 1, whole.double(), 0.0))
    assert torch.equal(state_dict(tmp_path / "t.pt")["3.weight"].double(), weight)


class Bomb:
    """Pickles to a call."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return Path.touch, (Path("bomb_went_off"),)  # pyright: ignore[reportReturnType]


def broken_files(folder: Path) -> dict[str, str]:
    """Files by name, with what the message must hold."""
    state = small().state_dict()
    torch.save({**state, "extra": torch.zeros(2)}, folder / "extra.pt")
    torch.save({k: v for k, v in state.items() if k != "3.bias"}, folder / "missing.pt")
    torch.save({**state, "3.bias": torch.zeros(4)}, folder / "shape.pt")
    torch.save({**state, "3.bias": torch.tensor([1.0, torch.nan, 0])}, folder / "nan.pt")
    torch.save({**state, "3.bias": torch.tensor([1, 2, 3])}, folder / "integers.pt")
    torch.save({**state, "3.bias": torch.zeros(3, dtype=torch.complex64)}, folder / "complex.pt")
    torch.save({**state, "3.bias": torch.zeros(3).to_sparse()}, folder / "sparse.pt")
    torch.save({**state, "3.bias_mask": torch.tensor([1.0, 0.5, 0.0])}, folder / "mask.pt")
    torch.save({**state, "3.bias_mask": torch.ones(2)}, folder / "mask_shape.pt")
    torch.save({**state, "4.weight_mask": torch.ones(2)}, folder / "mask_alone.pt")
    torch.save([1, 2], folder / "list.pt")
    torch.save({"a": 1}, folder / "number.pt")
    torch.save(small(), folder / "module.pt")
    (folder / "bomb.pt").write_bytes(pickle.dumps(Bomb()))
    (folder / "empty.pt").write_bytes(b"")
    (folder / "noise.pt").write_bytes(bytes(range(256)) * 8)
    (folder / "noise.safetensors").write_bytes(bytes(range(256)) * 8)
    whole = (folder / "extra.pt").read_bytes()
    (folder / "half.pt").write_bytes(whole[: len(whole) // 2])
    return {
        "extra.pt": "no extra", "missing.pt": "no 3.bias", "shape.pt": r"3.bias is \(4,\) instead of \(3,\)",
        "nan.pt": "NaN", "integers.pt": "int64", "complex.pt": "complex64", "sparse.pt": "3.bias", "mask.pt": "0 and 1",
        "mask_shape.pt": "3.bias_mask", "mask_alone.pt": "4.weight_mask", "list.pt": "list", "number.pt": "'a'",
        "module.pt": "state_dict", "bomb.pt": "cannot be read", "empty.pt": "cannot be read",
        "noise.pt": "cannot be read", "noise.safetensors": "cannot be read", "half.pt": "cannot be read",
        "nothing.pt": "is no file",
    }  # fmt: skip


def test_broken_files_are_refused_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, reason in broken_files(tmp_path).items():
        with pytest.raises(SltkError, match=reason) as found:
            load_target(tmp_path / name, SMALL, (1, 4, 4))
        assert "\n" not in str(found.value)
    assert not (tmp_path / "bomb_went_off").exists()
    pickle.loads((tmp_path / "bomb.pt").read_bytes())
    assert (tmp_path / "bomb_went_off").exists()  # negative control: read carelessly, it does go off


def test_an_architecture_is_needed(tmp_path: Path) -> None:
    with pytest.raises(SltkError, match="architecture"):
        load_target(tmp_path / "t.pt", None, (1, 4, 4))


@pytest.mark.skipif(not TARGET.is_file(), reason=f"no trained target at {TARGET}")
def test_the_published_target() -> None:
    network = load_target(TARGET, CONV_MNIST, (1, 28, 28))
    weights, biases = zip(*((s.affine.weight, s.affine.bias) for s in network.stages), strict=True)
    assert [round(float((w != 0).double().mean()), 2) for w in weights] == [0.1, 0.1, 0.1]
    assert [int(b.count_nonzero()) for b in biases] == [4, 4, 1]
    assert max(float(w.abs().max()) for w in weights) == pytest.approx(1.485, abs=5e-4)
    assert network.count() == 26_048
    stored = torch.load(TARGET, map_location="cpu", weights_only=True)
    assert all(bool((stored[f"{index}.weight"] != 0).all()) for index in (0, 2, 5))  # without masks it would be dense
