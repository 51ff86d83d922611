"""The command line end to end on a tiny target: construct, check in a new process, and what must be refused."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from sltk.cli.main import main
from sltk.construct.file import load
from sltk.runtime.sparse import SparseLayer
from sltk.verify.bits import compare_bits

ARCH = "conv(1,2,3,padding=1); relu; flatten; linear(32,3)"
BOX = ["--low", "-1", "--high", "1"]


def tiny(seed: int) -> nn.Sequential:
    generator = torch.Generator().manual_seed(seed)
    module = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(32, 3))
    with torch.no_grad():
        for tensor in module.parameters():
            tensor.copy_(torch.rand(tensor.shape, generator=generator) * 1.6 - 0.8)
    return module


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two targets and a ticket of the first, all from the command line."""
    folder = tmp_path_factory.mktemp("cli")
    for seed in (1, 2):
        torch.save(tiny(seed).state_dict(), folder / f"target{seed}.pt")
    assert construct(folder, "ticket") == 0
    return folder


def construct(folder: Path, name: str, *more: str, n: int = 16) -> int:
    target = [str(folder / "target1.pt"), "--arch", ARCH, "--input-shape", "1", "4", "4"]
    rest = ["--n", str(n), "--param-eps", ".02", *BOX, "--out", str(folder / name), *more]
    return main(["construct", *target, *rest])


def test_shards_on_the_command_line_end_with_the_bytes_of_one_process(built: Path, capsys: Any) -> None:
    """The second waits for the first, since this search weighs certified errors; then it goes on."""
    assert construct(built, "merged", "--shard", "1/2", "--merge") == 2
    assert construct(built, "merged", "--shard", "3/2") == 2
    assert construct(built, "merged", "--merge") == 1
    assert "no sound parts of outputs 1 to 2 of 2 of layer '0'" in capsys.readouterr().out
    assert [construct(built, "merged", "--shard", shard) for shard in ("2/2", "1/2", "2/2")] == [1, 0, 0]
    assert not (built / "merged").exists()
    assert construct(built, "merged", "--merge") == 0
    assert (built / "merged").read_bytes() == (built / "ticket").read_bytes()
    assert not (built / "merged.checkpoint").exists()


def check(folder: Path, name: str = "ticket", target: str = "target1.pt", arch: str = ARCH, *more: str) -> int:
    return main(["check", str(folder / name), "--target", str(folder / target), "--arch", arch, *more])


def test_a_new_process_confirms_the_ticket(built: Path) -> None:
    command = [sys.executable, "-m", "sltk.cli", "check", "ticket", "--target", "target1.pt", "--arch", ARCH]
    done = subprocess.run([*command, "--attack-steps", "5"], cwd=built, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
    found = json.loads((built / "ticket.check.json").read_text())
    kept = load(built / "ticket").sizes.kept
    assert found["passed"]
    assert found["bits"]["compared"] + found["bits"]["unread"] == kept
    assert found["bits"]["different"] == found["bits"]["misplaced"] == found["failures"] == 0
    assert 0 < found["attack"]["error"] <= found["certified_bound"]
    assert max(found["worst_parameter_error"].values()) <= 0.02 * (1 + 1e-9)


def test_both_constructions_and_all_objectives_are_offered(built: Path) -> None:
    assert construct(built, "other", "--method", "two-layer", "--objective", "error", "--seed", "5") == 0
    assert check(built, "other") == 0


def test_a_target_can_be_named_by_import_path(
    built: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ("import torch", "from torch import nn", "torch.manual_seed(0)", "", "def net():")
    text = "\n".join((*lines, "    return nn.Sequential(nn.Linear(2, 2))", ""))
    (built / "named_target.py").write_text(text)
    monkeypatch.chdir(built)
    monkeypatch.syspath_prepend(str(built))
    options = ["--input-shape", "2", "--n", "16", "--param-eps", ".02", *BOX, "--out", "named", "--certify"]
    assert main(["construct", "named_target:net", *options]) == 0
    assert "a posteriori certificate" in capsys.readouterr().out


def test_the_same_command_writes_the_same_bytes(built: Path) -> None:
    assert construct(built, "again") == 0
    assert (built / "again").read_bytes() == (built / "ticket").read_bytes()


def test_small_pools_do_not_pretend(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert construct(built, "small", n=4) == 1
    said = capsys.readouterr().out
    assert "verdict" in said
    assert "failed: limit" in said
    assert "function measured" in said
    assert "computes nothing of its target" in said
    assert "the first of them" in said
    assert check(built, "small") == 1


def test_a_tampered_file_is_refused(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = bytearray((built / "ticket").read_bytes())
    data[-3] ^= 1
    (built / "tampered").write_bytes(data)
    assert check(built, "tampered") == 2
    assert one_line(capsys).startswith("sltk: ")


def test_another_architecture_is_refused(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save(nn.Sequential(nn.Flatten(), nn.Linear(16, 3)).state_dict(), built / "flat.pt")
    assert check(built, target="flat.pt", arch="flatten; linear(16,3)") == 2
    assert "architecture" in one_line(capsys)


def test_another_target_of_the_same_architecture_does_not_pass(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(built, target="target2.pt") == 1
    assert "NOT passed" in capsys.readouterr().out


@pytest.mark.parametrize("sort", ["value", "sign of zero", "place"])
def test_one_wrong_bit_is_seen(built: Path, sort: str) -> None:
    ticket = load(built / "ticket")
    module = ticket.module("sparse")
    assert compare_bits(ticket, module).passed
    layer = [m for m in module.modules() if isinstance(m, SparseLayer)][-1 if sort == "place" else 0]
    with torch.no_grad():
        if sort == "value":
            layer.value[3] = torch.nextafter(layer.value[3], torch.tensor(9.0))
        elif sort == "sign of zero":
            assert (layer.bias == 0).any()
            layer.bias[int((layer.bias == 0).int().argmax())] = -0.0
        else:
            free = np.setdiff1d(np.arange(int(layer.index.max()) + 1), layer.index.numpy())
            assert free.size
            layer.index[-1] = int(free[-1])
    found = compare_bits(ticket, module)
    assert not found.passed
    assert (found.different, found.misplaced) == ((0, 2) if sort == "place" else (1, 0))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (["--eps", ".1"], "param_eps"),
        (["--law", "uniform(-1)"], "uniform"),
        (["--input-shape", "1", "5", "5"], ""),
        (["--n", "41"], "n=41"),
        (["--high", "-2"], "-2"),
        (["--data", "digits"], "--data"),
        (["--out", "pyproject.toml/ticket"], "pyproject.toml"),
        (["--arch", "conv(1,2,3); softmax"], "softmax"),
        (["--arch", "linear(16,3)"], ""),
        (["--seed", "-1"], "seed"),
    ],
)
def test_wrong_input_is_one_clear_line(
    built: Path, change: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert construct(built, "never", *change) == 2
    line = one_line(capsys)
    assert line.startswith("sltk: ")
    assert named in line


@pytest.mark.parametrize("target", ["missing.pt", "no_such_module:net", "os:getcwd", "neither", "os:no_such"])
def test_a_target_that_is_none_is_refused(target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--input-shape", "2", "--n", "8", "--param-eps", ".1", *BOX, "--out", str(tmp_path / "t")]
    assert main(["construct", target, *options]) == 2
    assert "TARGET" in one_line(capsys)


def test_a_missing_file_is_one_line(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(built, "no such ticket") == 2
    assert "no such ticket" in one_line(capsys)


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    """What was said on stderr, which must be one line and no traceback."""
    said = capsys.readouterr().err.strip()
    assert "\n" not in said
    assert "Traceback" not in said
    return said


def test_widths_of_one_pool(capsys: pytest.CaptureFixture[str]):
    assert main(["widths", "--eps", ".1", "--law", "uniform(1.0)"]) == 0
    row = next(line for line in capsys.readouterr().out.splitlines() if "uniform(1.0)" in line and "0.5" in line)
    assert [cell.strip() for cell in row.split("│")[3:7]] == ["29", "17", "10", "3"]


def test_widths_of_a_target(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    torch.save({"0.weight": torch.tensor([[0.5, -0.3]])}, tmp_path / "one.pt")
    target = [str(tmp_path / "one.pt"), "--arch", "linear(2,1,bias=False)", "--input-shape", "2", *BOX]
    assert main(["widths", *target, "--eps", "1", "--method", "two-layer", "--law", "uniform(1.0)"]) == 0
    out = capsys.readouterr().out
    assert "Widths by layer: two-layer, eps 1, delta 0.05, uniform(1.0)" in out
    assert "a priori certificate" in out


def test_widths_refuses_a_domain_without_a_target(capsys: pytest.CaptureFixture[str]):
    assert main(["widths", *BOX]) == 2
    assert "name TARGET first" in capsys.readouterr().err


def test_an_internal_error_has_a_code_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> int:
        raise ZeroDivisionError("a mistake of ours")

    monkeypatch.setattr("sltk.cli.main._run", broken)
    assert main(["claims"]) == 70
    assert "an internal error" in capsys.readouterr().err


def test_a_theorist_may_accept_parameters_alone(built: Path) -> None:
    """A domain so wide that what is reached is not faithful: 1 by default, 0 where that is accepted."""
    wide = ["--low", "-1", "--high", "1", "--n", "18", "--eps", "1e-9"]
    target = [str(built / "target1.pt"), "--arch", ARCH, "--input-shape", "1", "4", "4", "--out", str(built / "aim")]
    strict = main(["construct", *target, *wide, "--accept", "reached"])
    assert strict == 1  # nothing is reached either
    loose = ["--low", "-1", "--high", "1", "--n", "16", "--param-eps", ".5", "--objective", "mass"]
    assert main(["construct", *target, *loose]) == 1
    assert main(["construct", *target, *loose, "--accept", "reached"]) == 0


@pytest.mark.parametrize("command", [["construct", "--help"], ["claims"]])
def test_nobody_reading_is_no_error(command: list[str]) -> None:
    """As in ``sltk claims | head -1``: it ends, and complains of nothing."""
    read, write = os.pipe()
    process = subprocess.Popen([sys.executable, "-m", "sltk.cli", *command], stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    os.close(read)
    _, said = process.communicate(timeout=120)
    assert said == b""
    assert process.returncode in (1, 141)  # rich ends a print that nobody reads by itself, with 1
