"""The source as an ordinary module, masks by its names, failures as rows, and all of it as plain files."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from sltk.construct import StrongTicket, load, save
from sltk.core import temporary
from sltk.core.errors import SltkError
from tests.construct.building import build_ticket


class Residual(nn.Module):
    """A stem, a skip, a readout."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.inner = nn.Conv2d(1, 2, 3, padding=1), nn.Conv2d(2, 2, 3, padding=1, dilation=1)
        self.end, self.act = nn.Linear(2 * 16, 3), nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Three outputs."""
        x = self.act(self.stem(x))
        return self.end(self.act(self.inner(x) + x).flatten(1))


def chain() -> nn.Module:
    return nn.Sequential(
        nn.AvgPool2d(2), nn.Conv2d(1, 2, 3, stride=2, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3), nn.Tanh(),
        nn.Linear(3, 2),
    )  # fmt: skip


NETS = {"chain": (chain, (1, 8, 8)), "residual": (Residual, (1, 4, 4))}
CASES = [(net, method) for net in NETS for method in ("plus-one", "two-layer")]


def ticket_of(net: str, method: str = "plus-one", n: int = 8) -> StrongTicket:
    """So few samples that parameters fail."""
    make, shape = NETS[net]
    torch.manual_seed(5)
    return build_ticket(
        make(), method=method, n=n, param_eps=0.01, seed=3, domain=(-1.0, 1.0), input_shape=shape
    )  # fmt: skip


def masked(ticket: StrongTicket, masks: dict[str, torch.Tensor]) -> nn.Module:
    module = ticket.source_module()
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.mul_(masks[name])
    return module


@pytest.mark.parametrize(("net", "method"), CASES)
def test_source_times_mask_is_the_dense_module_bit_for_bit(net: str, method: str) -> None:
    ticket = ticket_of(net, method)
    source, masks = ticket.source_module(), ticket.mask_dict()
    parameters = dict(source.named_parameters())
    assert list(parameters) == list(masks)
    assert all(masks[name].dtype == torch.bool and masks[name].shape == p.shape for name, p in parameters.items())
    assert sum(p.numel() for p in parameters.values()) == ticket.sizes.source
    assert sum(int(mask.sum()) for mask in masks.values()) == ticket.sizes.kept
    x = torch.rand(7, *NETS[net][1]) * 2 - 1
    wanted = ticket.module("dense")(x)
    assert torch.equal(masked(ticket, masks)(x), wanted)
    assert not torch.equal(source(x), wanted)
    last = f"{list(masks)[-1].rpartition('.')[0]}.weight"
    changed = list[bool]()
    for row, column in masks[last].nonzero().tolist():  # negative control: one entry, though some neurons are silent
        masks[last][row, column] = False
        changed.append(not torch.equal(masked(ticket, masks)(x), wanted))
        masks[last][row, column] = True
    assert sum(changed) > len(changed) // 4


def test_the_source_module_is_ordinary(tmp_path: Path) -> None:
    module = ticket_of("chain").source_module()
    assert {type(part) for part in module if any(True for _ in part.parameters())} == {nn.Conv2d, nn.Linear}
    assert type(module) is nn.Sequential
    torch.save(module.state_dict(), tmp_path / "s.pt")
    again = ticket_of("chain").source_module()
    again.load_state_dict(torch.load(tmp_path / "s.pt", weights_only=True))
    module(torch.zeros(1, 1, 8, 8)).sum().backward()
    assert all(p.grad is not None for p in module.parameters())


@pytest.mark.parametrize("what", ["source_module", "mask_dict", "export"])
def test_a_layer_over_the_limit_is_refused_before_it_is_drawn(what: str, tmp_path: Path) -> None:
    ticket = ticket_of("chain")
    largest = max(layer.weight_count for layer in ticket.source.layers)
    arguments = (tmp_path / "out",) if what == "export" else ()
    getattr(ticket, what)(*arguments, limit=largest)
    with pytest.raises(SltkError, match=rf"over the limit of {largest - 1:,}"):
        getattr(ticket, what)(*(place.with_name("other") for place in arguments), limit=largest - 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == (["out"] if arguments else [])


@pytest.mark.parametrize(("net", "method"), CASES)
def test_rows_say_which_parameter_failed_and_what_is_nearest(net: str, method: str, tmp_path: Path) -> None:
    ticket = ticket_of(net, method, 6)
    rows = ticket.failure_rows()
    assert len(rows) == len(ticket.failures) > 0
    stages = {stage.affine.name: stage.affine for stage in ticket.target.stages}
    for row in rows:
        affine = stages[row["layer"]]
        own = (affine.bias if row["kind"] == "bias" else affine.weight)[row["index"]]
        if row["kind"] != "bias" or ticket.plan.roles[row["stage"]].intercept == 0.0:
            assert row["target"] == pytest.approx(float(own), abs=1e-12)
        assert abs(row["target"] - row["nearest"]) == pytest.approx(row["error"], rel=1e-9, abs=1e-12)
        assert row["error"] > row["tolerance"]
    save(ticket, tmp_path / "t")
    assert load(tmp_path / "t").failure_rows() == rows  # no target is needed
    assert {row["kind"] for row in rows} - {"weight", "weight+", "weight-", "bias"} == set()


def test_the_nearest_sum_is_read_from_the_mask() -> None:
    """Negative control: another mask has another sum."""
    ticket = ticket_of("chain", n=6)
    rows = ticket.failure_rows()
    role = next(role for role in ticket.plan.roles if role.stage == rows[0]["stage"])
    before = ticket.masks[role.combine]
    object.__setattr__(before, "weight", np.zeros(0, dtype=np.int64))
    assert {row["nearest"] for row in ticket.failure_rows() if row["stage"] == role.stage} == {0.0}
    assert any(row["nearest"] != 0.0 for row in rows if row["stage"] == role.stage)


def test_files_are_plain_and_make_the_ticket(tmp_path: Path) -> None:
    ticket = ticket_of("residual")
    place = ticket.export(tmp_path / "new" / "out")
    assert sorted(path.name for path in place.iterdir()) == [
        "masks.safetensors", "source.safetensors", "target.safetensors",
    ]  # fmt: skip
    assert [path.name for path in place.parent.iterdir()] == ["out"]
    target, source, masks = (load_file(place / f"{name}.safetensors") for name in ("target", "source", "masks"))
    torch.manual_seed(5)
    state = Residual().state_dict()
    assert set(target) == set(state)
    assert all(torch.equal(target[name].float(), state[name]) for name in state)
    module = ticket.source_module()
    module.load_state_dict({name: source[name] * masks[name] for name in source})
    x = torch.rand(5, 1, 4, 4)
    assert torch.equal(module(x), ticket.module("dense")(x))


def test_a_folder_that_is_not_empty_stays_as_it_is(tmp_path: Path) -> None:
    ticket = ticket_of("chain")
    (tmp_path / "own").write_text("of the user")
    with pytest.raises(SltkError, match="not empty"):
        ticket.export(tmp_path)
    with pytest.raises(SltkError, match="not empty"):
        ticket.export(tmp_path / "own")
    assert [path.name for path in tmp_path.iterdir()] == ["own"]
    (tmp_path / "empty").mkdir()
    assert len(list(ticket.export(tmp_path / "empty").iterdir())) == 3


def test_what_fails_in_the_middle_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def full(_: int) -> None:
        calls.append(0)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(temporary.os, "fsync", full)
    with pytest.raises(SltkError, match="No space left"):
        ticket_of("chain").export(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_an_orphaned_folder_is_swept(tmp_path: Path) -> None:
    orphan = tmp_path / f".out.{'a' * 16}.part"
    orphan.mkdir()
    (orphan / "target.safetensors").write_bytes(b"")
    ticket_of("chain").export(tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_without_a_target_there_is_nothing_to_export(tmp_path: Path) -> None:
    save(ticket_of("chain"), tmp_path / "t")
    with pytest.raises(SltkError, match="with_target"):
        load(tmp_path / "t").export(tmp_path / "out")
