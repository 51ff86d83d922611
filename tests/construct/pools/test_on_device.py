"""A construction on a device writes the bytes of one on the CPU: pools are drawn there, and masks come back."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from sltk.cli.main import main
from sltk.construct import Construction, Recipe, Run, Search, StrongTicket, save
from sltk.construct.pools import on_device
from sltk.construct.pools.parts import Share
from sltk.core import device_words
from sltk.core.errors import SltkError
from tests.golden.test_ticket_masks import NETS, Residual

GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
DEVICES = pytest.mark.parametrize("device", ["torch:cpu", pytest.param("cuda", marks=GPU)])
SEED = 21  # which no other test builds from
RECIPES = {
    "plus-one": (Recipe("plus-one", 14, 0.02, scale_exponents=(1, 0, -1, -2)), Search(copy_error=0.003)),
    "two-layer": (Recipe("two-layer", 15, 0.02, hidden_reach=4.0), Search()),
}


def construction(name: str, method: str, **changes: object) -> tuple[Construction, Search]:
    make, shape = NETS[name]
    recipe, search = RECIPES[method]
    recipe = Recipe(**(vars(recipe) | changes))
    return Construction(make(), (-1.0, 1.0), recipe, input_shape=shape), search


def written(ticket: StrongTicket, file: Path) -> bytes:
    save(ticket, file)
    return file.read_bytes()


@DEVICES
@pytest.mark.parametrize("method", RECIPES)
@pytest.mark.parametrize("name", NETS)
def test_files_of_three_targets_are_the_same_bytes(name: str, method: str, device: str, tmp_path: Path) -> None:
    made, search = construction(name, method)
    one, other = (made.build(SEED, search, device=where) for where in ("cpu", device))
    assert written(one, tmp_path / "a.ticket") == written(other, tmp_path / "b.ticket")


@DEVICES
@pytest.mark.parametrize(
    ("law", "search"),
    [("product(uniform(2.0), uniform(1.5))", Search("error")), ("normal(0.7)", Search("mass", sub_pool=10))],
    ids=["product", "normal: drawn on the CPU"],
)
def test_other_laws_and_sub_pools(law: str, search: Search, device: str) -> None:
    made, _ = construction("dense", "plus-one", law=law)
    one, other = (made.build(SEED, search, device=where) for where in ("cpu", device))
    assert kept(one) == kept(other)
    assert list(one.failures) == list(other.failures)


def test_small_batches_and_shares_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, search = construction("residual", "plus-one")
    wanted = written(made.build(SEED, search), tmp_path / "a.ticket")
    monkeypatch.setattr("sltk.construct.pools.solve_stage.ON_DEVICE", 100)
    run = Run(tmp_path / "parts", device="torch:cpu")
    for index in (2, 1):
        made.build_share(SEED, Share(index, 2), search, run)
    merged = made.build(SEED, search, Run(tmp_path / "parts", merge=True))
    assert written(merged, tmp_path / "b.ticket") == wanted


def kept(ticket: StrongTicket) -> list[int]:
    return np.concatenate([index for mask in ticket.masks for index in (mask.weight, mask.bias)]).tolist()


@pytest.mark.parametrize("broken", ["a sum that is not added up again", "another word", "samples in another order"])
def test_a_broken_device_is_noticed(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative controls: each changes the ticket."""
    made, _ = construction("dense", "plus-one")
    search = Search("error")
    wanted = kept(made.build(SEED, search, device="torch:cpu"))
    assert wanted == kept(made.build(SEED, search))
    if broken == "another word":
        words = device_words.words_at
        monkeypatch.setattr(device_words, "words_at", lambda key, flat, word: words(key, flat, word + 1))
    elif broken == "samples in another order":
        drawn = on_device.DevicePools._drawn
        monkeypatch.setattr(on_device.DevicePools, "_drawn", lambda self, at: [v.roll(1, 1) for v in drawn(self, at)])
    else:
        search = Search("error", sub_pool=6)  # most of these pools are searched over all samples afterwards
        wanted = kept(made.build(SEED, search))
        monkeypatch.setattr(on_device, "resummed_error", lambda batch, mask: torch.zeros_like(batch.target))
    assert kept(made.build(SEED, search, device="torch:cpu")) != wanted


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_device_that_is_not_there_is_refused_before_the_work(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    made, search = construction("dense", "plus-one")
    for run in (lambda: made.build(1, search, device="cuda"), lambda: made.build(1, search, Run(device="cuda"))):
        with pytest.raises(SltkError, match="device='cuda' is none that torch"):
            run()
    torch.save(NETS["dense"][0]().state_dict(), tmp_path / "net.pt")
    asked = ["construct", str(tmp_path / "net.pt"), "--arch", "linear(5,8); tanh; linear(8,6); relu; linear(6,3)",
             "--low", "-1", "--high", "1", "--input-shape", "5", "--out", str(tmp_path / "a.ticket")]  # fmt: skip
    assert main([*asked, "--device", "cuda"]) == 2
    said = capsys.readouterr().err
    assert "device='cuda'" in said
    assert said.count("\n") == 1
    assert not (tmp_path / "a.ticket").exists()


def test_the_command_line_writes_the_same_file_from_a_device(tmp_path: Path) -> None:
    torch.save(nn.Sequential(Residual().f).state_dict(), tmp_path / "net.pt")
    asked = ["construct", str(tmp_path / "net.pt"), "--arch", "linear(36,3)", "--low", "-1", "--high", "1",
             "--input-shape", "36", "--method", "two-layer", "--n", "18", "--param-eps", ".01"]  # fmt: skip
    codes = [main([*asked, "--out", str(tmp_path / d[-5:]), "--device", d]) for d in ("cpu", "torch:cpu")]
    assert codes[0] == codes[1] in (0, 1)
    assert (tmp_path / "cpu").read_bytes() == (tmp_path / "h:cpu").read_bytes()
