"""A user's own network and data by name, and what names their rows."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from sltk.cli.main import main
from sltk.core.errors import SltkError
from sltk.studies.training.asked import asked_data, asked_network, content_of
from tests.train.engine_task import dense, small_task

MODEL, DATA = "tests.train.engine_task:dense", "tests.train.engine_task:small_task"
COMMANDS = {
    "imp": ["--bases", "canonical", "--rounds", "1", "--epochs", "1", "--no-controls"],
    "rst": ["--densities", "0.5", "--epochs", "1", "--final-epochs", "1"],
    "edge-popup": ["--densities", "0.5", "--epochs", "1"],
}


def no_seed() -> nn.Module:
    return dense(3)


def global_generator(seed: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 4))


def no_module(seed: int) -> int:
    return seed


def two(first: int, second: int) -> nn.Module:
    return dense(first + second)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_commands_take_a_users_own_model_and_data(name: str, tmp_path: Path) -> None:
    shared = ["--model", MODEL, "--data", DATA, "--seeds", "2", "--jobs", "1", "--out", str(tmp_path)]
    assert main([name, *COMMANDS[name], *shared]) == 0
    (folder,) = tmp_path.iterdir()
    summary = json.loads((folder / "summary.json").read_bytes())
    assert summary["command"]["model"] == MODEL
    assert content_of(MODEL, DATA, None, ()) in json.dumps(summary["command"])


def test_data_and_network_by_name_are_those_of_the_functions() -> None:
    task = asked_data(DATA)
    assert torch.equal(task.train.x, small_task().train.x)  # type: ignore[union-attr]
    make = asked_network(MODEL, (), task)
    assert torch.equal(make(4)[1].weight, dense(4)[1].weight)  # type: ignore[index]
    wide = asked_network("dense", (7,), task)
    assert [p.shape[0] for n, p in wide(0).named_parameters() if n.endswith("weight")] == [7, 4]


def test_seeds_fix_a_network_that_knows_no_seed_or_draws_globally() -> None:
    for function in ("no_seed", "global_generator"):
        make = asked_network(f"{__name__}:{function}", (), small_task())
        first = make(1)[1].weight  # type: ignore[index]
        before = torch.get_rng_state()
        torch.manual_seed(99)
        assert torch.equal(first, make(1)[1].weight)  # type: ignore[index]
        assert not torch.equal(first, make(2)[1].weight)  # type: ignore[index]
        torch.set_rng_state(before)


def test_content_is_that_of_the_numbers_and_nothing_of_ours_has_any() -> None:
    assert content_of("dense", "digits", None, (4,)) == ""
    first = content_of(MODEL, DATA, None, ())
    assert first == content_of(MODEL, DATA, None, ())
    assert first != content_of("tests.train.engine_task:conv", DATA, None, ())
    assert first != content_of("dense", DATA, None, (4,))


@pytest.mark.parametrize(
    ("argv", "named"),
    [
        (["--model", "nowhere"], "--model must be one of"),
        (["--model", "no.such:thing"], "cannot be imported"),
        (["--model", f"{__name__}:MODEL"], "must be a function"),
        (["--model", f"{__name__}:no_module"], "must be a torch module"),
        (["--model", f"{__name__}:two"], "takes ['first', 'second']"),
        (["--model", f"{__name__}:dense", "--data", "digits"], "cannot be run on the data"),
        (["--data", "nowhere"], "knows the data sets"),
        (["--data", f"{__name__}:no_seed"], "data must be"),
        (["--data", f"{__name__}:two"], "cannot be called without arguments"),
    ],
)
def test_wrong_names_are_one_line_and_exit_code_2(argv: list[str], named: str, capsys, tmp_path: Path) -> None:
    shared = ["--seeds", "1", "--rounds", "1", "--epochs", "1", "--jobs", "1", "--bases", "canonical"]
    assert main(["imp", *shared, "--hidden", "4", "--out", str(tmp_path), *argv]) == 2
    told = capsys.readouterr().err
    assert named in " ".join(told.split())
    assert len(told.splitlines()) == 1


def test_a_function_elsewhere_is_refused_by_name() -> None:
    with pytest.raises(SltkError, match="--model must be one of"):
        asked_network("a b:c", (), small_task())
