"""Every experiment with a ``study.py`` is one Study; the cheap ones keep the contract, run at their smallest."""

import importlib
import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from sltk.claims import registry
from sltk.core.files import canonical_json
from sltk.harness.study import Study
from tests.harness.study_contract import CHECKOUT, complaints, strange_imports

NAMES = sorted(path.parent.name for path in (CHECKOUT / "experiments").glob("*/study.py"))
ARCH = "conv(1,2,3,padding=1); relu; flatten; linear(32,3)"
FEW = {"trials": 20, "delta": 0.3}
SMALL: dict[str, dict[str, Any]] = {
    "epsilon_perturbation": {**FEW, "eps": 0.1},
    "error_growth": {"depths": (1,), "seeds": 1},
    "export": {"turns": 1},
    "first_picture": {"points": 5},
    "fixed_size": {**FEW, "eps": (0.5,)},
    "frozen_source": {**FEW, "eps": 0.3},
    "lueker": {"trials": 4},
    "quantised": FEW,
    "random_source": {**FEW, "eps": 0.3},
    "subset_sum_statistics": {"n": 6, "trials": 100},
}
OF_A_TARGET: dict[str, dict[str, Any]] = {
    "failure_counts": {"n": (12,), "seeds": 2, "trials": 2**10},
    "obstructions": {"n": (8, 12), "seeds": 2},
}
PARTS: dict[str, tuple[dict[str, Any], str]] = {
    "existence": ({"seeds": 5, "opened": 3}, "residual, failures"),
    "product_formula": ({"seeds": 4}, "tanh, two inputs, n = 16, seeds from 0"),
    "width_certificate": ({"trials": 1500, "confidence": 0.5}, "uniform(1.0), eps = 0.1, delta = 0.05"),
}


def studies(name: str) -> list[Study[Any]]:
    module = importlib.import_module(f"experiments.{name}.study")
    return [value for value in vars(module).values() if isinstance(value, Study)]


def study(name: str) -> Study[Any]:
    return studies(name)[0]


@pytest.mark.parametrize("name", NAMES)
def test_there_is_one_study_and_it_starts_no_command_line(name: str):
    found = studies(name)
    assert len(found) == 1
    assert found[0].name == name
    assert strange_imports(CHECKOUT / "experiments" / name) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_study_says_what_it_is(name: str):
    own = study(name)
    assert own.measures.endswith(".")
    assert own.claim is None or own.claim in registry()
    known = {field.name: field for field in fields(own.options)}
    assert set(own.quick) <= set(known)
    assert own.quick
    assert known["out"].default == Path("out") / name


@pytest.mark.parametrize("name", SMALL)
def test_cheap_studies_keep_the_contract(name: str, tmp_path: Path):
    own = study(name)
    options = own.preset(own.options(out=tmp_path, preset="quick"))
    assert complaints(own, replace(options, preset="standard", **SMALL[name])) == []


@pytest.mark.parametrize("name", OF_A_TARGET)
def test_studies_of_a_target_keep_the_contract(name: str, tmp_path: Path):
    own = study(name)
    target = {"target": a_target(tmp_path / "target.pt"), "arch": ARCH, "input_shape": (1, 4, 4), "box": (-1.0, 1.0)}
    assert complaints(own, own.options(out=tmp_path / "out", **target, **OF_A_TARGET[name])) == []


@pytest.mark.parametrize("name", PARTS)
def test_a_cell_of_a_dear_study_is_measured(name: str, tmp_path: Path):
    own, (asked, which) = study(name), PARTS[name]
    options = own.options(out=tmp_path, **asked)
    cell = json.loads(canonical_json(own.cells(options)[which]))
    found = own.measure(cell, options)
    assert found == own.measure(cell, options)
    assert any(found.values())


def a_target(path: Path) -> Path:
    generator = torch.Generator().manual_seed(1)
    module = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(32, 3))
    with torch.no_grad():
        for tensor in module.parameters():
            tensor.copy_(torch.rand(tensor.shape, generator=generator) * 1.6 - 0.8)
    torch.save(module.state_dict(), path)
    return path


def test_a_target_that_is_not_there_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    asked = ["--target", str(tmp_path / "none.pt"), "--out", str(tmp_path)]
    assert study("failure_counts").main(asked) == 2
    said = capsys.readouterr().err
    assert said.startswith("failure_counts: cannot read")
    assert "Traceback" not in said
