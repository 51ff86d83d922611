"""``check`` with its runs and its redraw on a device: the same verdicts, errors within the rounding of both runs."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from sltk.certify.as_run.recursion import certify_as_run
from sltk.certify.findings import Comparison, Findings
from sltk.cli.main import main
from sltk.construct import StrongTicket
from sltk.construct.file import save
from sltk.core.errors import SltkError
from sltk.core.numerics.formats import FLOAT32, FLOAT64, Format
from sltk.runtime.unfolded import DenseUnfolded
from sltk.verify import measured
from sltk.verify.check import CheckResult, _run_verdict, check  # pyright: ignore[reportPrivateUsage]
from tests.apart import PLACE, apart
from tests.construct.building import build_ticket

GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
DEVICES = pytest.mark.parametrize("device", ["torch:cpu", pytest.param("cuda", marks=GPU)])
ARCH = "conv(1,2,3,padding=1); tanh; avgpool(2); flatten; linear(8,3)"


def net(seed: int) -> nn.Sequential:
    torch.manual_seed(seed)
    layers = nn.Conv2d(1, 2, 3, padding=1), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(8, 3)
    return nn.Sequential(*layers)


def built(law: str = "uniform(1.0)", tolerance: float = 0.02, n: int = 16) -> StrongTicket:
    options: Mapping[str, Any] = {"domain": (-1.0, 1.0), "input_shape": (1, 4, 4), "n": n, "law": law}
    return build_ticket(net(0), seed=1, method="two-layer", param_eps=tolerance, **options)


@pytest.fixture(scope="module")
def ticket() -> StrongTicket:
    return built()


def data() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(60, 1, 4, 4, generator=generator) * 2 - 1, torch.randint(0, 3, (60,), generator=generator)


def rounding(ticket: StrongTicket, run: Format) -> float:
    """How far the ticket's outputs as computed in a format, in any order of sums, are from those in real arithmetic."""
    assert ticket.target is not None
    # The bound is the least of a recursion and of the certificate plus this: with one far below 0 it is the second.
    far = torch.full(ticket.target.output_shape, -1e3, dtype=torch.float64)
    return certify_as_run(ticket.target, ticket.domain, ticket.realised, ticket.evaluations, run, far).bound + 1e3


def said(found: CheckResult, what: str) -> str:
    return next(v.detail for v in found.verdicts if v.statement == what)


@DEVICES
def test_verdicts_are_those_of_the_cpu_and_errors_within_the_rounding_of_both_runs(
    ticket: StrongTicket, device: str
) -> None:
    here, there = (check(ticket, data(), attack_steps=5, device=d) for d in ("cpu", device))
    assert [(v.statement, v.holds) for v in there.verdicts] == [(v.statement, v.holds) for v in here.verdicts]
    assert (there.bits, there.passed, there.device) == (here.bits, True, device)
    assert there.certificate.bound == here.certificate.bound
    assert there.as_run.bound == here.as_run.bound
    assert here.data is not None
    assert there.data is not None
    single, double = rounding(ticket, FLOAT32), rounding(ticket, FLOAT64) + 1e-13
    assert 0.0 < double < 1e-6 < single < 1e-3
    pairs = zip(here.findings.measured, there.findings.measured, strict=True)
    assert all(abs(a.error - b.error) <= 2.0 * single for a, b in pairs)
    assert abs((here.data_error or 0.0) - (there.data_error or 1.0)) <= 2.0 * double
    assert here.attack is not None
    assert there.attack is not None
    assert there.attack.method == "gradient"
    assert there.attack.error <= there.certificate.bound
    assert said(there, "every kept weight is the source's, bit for bit").endswith(f"drawn again on {device}")
    assert f"of sums in every order; run on {device}" in said(there, "bound as run in float32 >= error in float32")


def test_nothing_that_is_run_mixes_devices(ticket: StrongTicket) -> None:
    """The whole check with a device that keeps apart from the CPU; its negative controls are those of ``apart``."""
    with apart():
        found = check(ticket, data(), device=f"torch:{PLACE}")
    assert found.passed
    assert found.findings == check(ticket, data(), device="torch:cpu").findings


def test_another_weight_on_the_device_alone_is_seen(ticket: StrongTicket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: the module that is run there has lost a weight after its bits were compared."""
    whole = measured.unfolded

    def losing(module: nn.Module, place: torch.device) -> nn.Module:
        made = whole(module, place)
        last = [part for part in made.modules() if isinstance(part, DenseUnfolded)][-1]
        last.weight.flatten()[last.weight.abs().argmax()] = 0.0
        return made

    monkeypatch.setattr(measured, "unfolded", losing)
    found = check(ticket, data(), device="torch:cpu")
    assert "certified bound >= data error" in {v.statement for v in found.verdicts if not v.holds}
    assert check(ticket, data()).passed


def test_a_bound_that_is_too_small_is_noticed(ticket: StrongTicket) -> None:
    """Negative control: an error seen on a device a millionth above the bound."""
    bound = ticket.as_run()
    seen = Comparison("data", 1, bound.bound * (1 + 1e-6), 1.0, 1.0, 1)
    (statement,) = _run_verdict(bound, Findings(1, 0, (seen,), bound.bound, 1.0), "torch:cpu")
    assert not statement.holds
    less = replace(seen, error=bound.bound)
    assert _run_verdict(bound, Findings(1, 0, (less,), bound.bound, 1.0), "torch:cpu")[0].holds


def test_a_law_of_the_cpu_is_drawn_there() -> None:
    ticket = built("normal(0.5)", 0.1, 12)
    found = check(ticket, device="torch:cpu")
    assert "drawn again" not in said(found, "every kept weight is the source's, bit for bit")
    assert found.bits == check(ticket).bits


def test_a_device_that_is_not_there_is_refused_before_anything_is_done(ticket: StrongTicket) -> None:
    with pytest.raises(SltkError, match="device='cuda:77' is none"):
        check(replace(ticket, target=None), device="cuda:77")


def test_the_command_says_where_it_ran(
    ticket: StrongTicket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save(net(0).state_dict(), tmp_path / "target.pt")
    torch.save(net(1).state_dict(), tmp_path / "other.pt")
    save(ticket, tmp_path / "t")
    asked = ["check", str(tmp_path / "t"), "--arch", ARCH, "--device", "torch:cpu", "--target"]
    assert main([*asked, str(tmp_path / "target.pt")]) == 0
    assert "run on" in capsys.readouterr().out
    found = json.loads((tmp_path / "t.check.json").read_text())
    assert (found["device"], found["passed"]) == ("torch:cpu", True)
    assert main([*asked, str(tmp_path / "other.pt")]) == 1
