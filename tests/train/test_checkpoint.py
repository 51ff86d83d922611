"""Checkpoints: a resumed run ends with the same bits, and a damaged file is refused."""

import pytest
import torch

from sltk.core.errors import SltkError
from sltk.train.checkpoint import load_checkpoint, save_checkpoint
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.methods.imp import Imp
from sltk.train.phases.base import run_phases
from sltk.train.phases.train import Train
from sltk.train.setup import Setup
from tests.train.engine_task import conv, dense, state_of

RECIPE = TrainingRecipe(rate=0.1, decay=1e-2, batch=40)


@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
@pytest.mark.parametrize("stop", [3, 17, 31])
def test_resume_is_bit_for_bit(tmp_path, optimiser: str, stop: int) -> None:
    recipe = TrainingRecipe(optimiser, rate=0.01, batch=40, decay=1e-3, total=12)  # type: ignore[arg-type]
    phases = Imp(0.2, rewind=2, densities=(0.5, 0.2)).phases(Setup(steps=12, recipe=recipe), 240)
    whole = run_phases(state_of(conv), phases)

    class Stop(Exception):
        pass

    cut, calls = state_of(conv), []

    def keep(state) -> None:
        calls.append(0)
        if len(calls) == stop:
            save_checkpoint(state, tmp_path / "c")
            raise Stop

    cut.keep = keep
    with pytest.raises(Stop):
        run_phases(cut, phases)
    again = run_phases(load_checkpoint(state_of(conv), tmp_path / "c", phases), phases)
    assert again.rows == whole.rows
    for name, value in whole.values().items():
        assert torch.equal(again.values()[name], value), name
    assert torch.equal(again.generator, whole.generator)


def test_mistake_checkpoints_without_generator_state(tmp_path) -> None:
    from torch import nn

    make = lambda seed: nn.Sequential(*dense(seed)[:2], nn.Dropout(0.5), *dense(seed)[2:])  # noqa: E731
    phases = [Train(5, RECIPE), Train(5, RECIPE)]
    whole = run_phases(state_of(make), phases)
    half = run_phases(state_of(make), phases[:1])
    save_checkpoint(half, tmp_path / "c")
    again = run_phases(load_checkpoint(state_of(make), tmp_path / "c", phases), phases)
    assert torch.equal(again.values()["c:1.weight"], whole.values()["c:1.weight"])
    forgot = load_checkpoint(state_of(make), tmp_path / "c", phases)
    forgot.generator = state_of(make).generator  # negative control
    assert not torch.equal(run_phases(forgot, phases).values()["c:1.weight"], whole.values()["c:1.weight"])


def test_a_damaged_or_foreign_checkpoint_is_refused(tmp_path) -> None:
    save_checkpoint(run_phases(state_of(dense), [Train(2, RECIPE)]), tmp_path / "c")
    data = bytearray((tmp_path / "c").read_bytes())
    data[-3] ^= 1
    (tmp_path / "d").write_bytes(bytes(data))
    with pytest.raises(SltkError, match="seal"):
        load_checkpoint(state_of(dense), tmp_path / "d", [])
    with pytest.raises(SltkError, match="another network"):
        load_checkpoint(state_of(conv), tmp_path / "c", [])
    (tmp_path / "e").write_bytes(b"nonsense")
    with pytest.raises(SltkError, match="no checkpoint"):
        load_checkpoint(state_of(dense), tmp_path / "e", [])
