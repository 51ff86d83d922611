"""bfloat16 is an option of a recipe: off by default, and never in a transform or in what is trained."""

from dataclasses import replace

import pytest
import torch

from sltk.core.errors import SltkError
from sltk.train.basis.dct import dct
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.phases.base import run_phases
from sltk.train.phases.train import Train
from tests.train.engine_task import dense, state_of

RECIPE = TrainingRecipe(rate=0.1, decay=1e-3, batch=40)
LOW = replace(RECIPE, precision="bfloat16")


@pytest.mark.parametrize("basis", ["canonical", "dct", "haar"])
def test_products_are_rounded_and_what_is_trained_is_not(basis: str) -> None:
    full = run_phases(state_of(dense, basis=basis), [Train(5, RECIPE)])
    low = run_phases(state_of(dense, basis=basis), [Train(5, LOW)])
    for name, value in full.values().items():
        assert low.values()[name].dtype == torch.float32
        assert torch.allclose(low.values()[name], value, atol=0.05), name
    assert not torch.allclose(low.values()["c:1.weight"], full.values()["c:1.weight"], atol=1e-5)  # rounded indeed
    for entry in low.optimiser.state.values():  # type: ignore[union-attr]
        assert entry["momentum_buffer"].dtype == torch.float32


def test_transforms_stay_exact() -> None:
    basis, c = dct((12, 16)).float(), torch.randn(2, 12, 16, generator=torch.Generator().manual_seed(0))
    wanted = basis.synthesise(c)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(basis.synthesise(c), wanted)
        assert (c @ basis.factor1.mT).dtype == torch.bfloat16  # negative control: what a plain product gives here


def test_another_word_is_refused() -> None:
    with pytest.raises(SltkError, match="precision"):
        TrainingRecipe(precision="half")  # type: ignore[arg-type]
