"""Every command and snippet of README, CONTRIBUTING and site: parsed as it stands, and run, or said why not.

A line of a fenced block, or a span of code that begins like a command, is parsed with the parser of the product: a
renamed option or a study that is gone fails here. What runs the command at toy size is named by its first words in
``RUN``, as the test that does; ``NOT_RUN`` says why the others are not run. Neither is refused, for a new one too.
"""

import importlib.util
import re
import shlex
from pathlib import Path
from typing import get_args

import pytest
import torch
import tyro
from torch import nn

from sltk.cli.main import EVERY, main
from sltk.core.errors import SltkError
from sltk.harness.away.where import Shard
from sltk.harness.catalogue import find
from sltk.harness.command import parse

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMANDS = {re.sub(r"(?<=.)([A-Z])", r"-\1", one.__name__).lower(): one for one in get_args(EVERY)}
PLACES = {"KEY": "lueker", "NAME": "lueker", "METHOD": "rigl"}  # what stands for any
SCHEDULED = {"SLURM_ARRAY_TASK_ID": "2", "SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_COUNT": "40"}

ENGINE = "tests/cli/test_engine.py::test_command_writes_rows_and_findings_once"
SHARDS = "tests/cli/test_main.py::test_shards_on_the_command_line_end_with_the_bytes_of_one_process"
PROOFS = "tests/proofs_checks/test_proofs_checks.py::test_the_table_prints_and_an_unknown_key_does_not"
RUN = {
    "sltk construct --shard": SHARDS,
    "sltk construct --merge": SHARDS,
    "sltk construct": "tests/cli/test_main.py::test_both_constructions_and_all_objectives_are_offered",
    "sltk plan": "tests/docs/test_commands.py::test_plan_runs_at_toy_size",
    "sltk check": "tests/cli/test_main.py::test_a_new_process_confirms_the_ticket",
    "sltk certify --data": "tests/cli/test_certify.py::test_json_is_what_python_says",
    "sltk certify": "tests/cli/test_certify.py::test_without_data_the_domain_is_bounded_and_the_bound_taken_apart",
    "sltk widths": "tests/cli/test_main.py::test_widths_of_one_pool",
    "sltk claims": "tests/claims/test_cli_claims.py::test_claims_lists_every_key",
    "sltk show": "tests/claims/test_cli_claims.py::test_show_explains_every_claim",
    "sltk verify": "tests/claims/test_cli_claims.py::test_verify_measures_once",
    "sltk imp": ENGINE,
    "sltk rst": ENGINE,
    "sltk edge-popup": ENGINE,
    "sltk train": "tests/cli/test_train.py::test_other_methods_take_their_options",
    "sltk branch": "tests/cli/test_train.py::test_branches_from_a_level",
    "sltk rewinding": "tests/studies/test_rewinding.py::test_the_command_prints_a_row_a_step_and_draws",
    "sltk run": "tests/cli/test_run.py::test_a_study_runs_by_its_name_and_says_where",
    "sltk figures": "tests/cli/test_run.py::test_figures_are_drawn_from_kept_rows",
    "sltk report": "tests/studies/test_report.py::test_rows_to_download_are_the_rows",
    "python -m experiments": "tests/experiments/test_studies.py::test_cheap_studies_keep_the_contract",
    "python -m proofs_checks": PROOFS,
}
NOT_RUN = {
    "sltk verify residual": "minutes; its parts are in tests/studies/test_residual.py",
    "make": "it installs; that there is such a target is tested here",
    "python3 -m venv": "it installs; tests/project/test_setup_and_readme.py holds the line",
    "sltk run mutations": "most of an hour; tests/experiments/test_mutations.py has two of them",
    "python -m experiments.bench.devices": "minutes; tests/experiments/bench/test_bench_devices.py has one at toy size",
    "pip install": "it installs; that there is such an extra is tested here",
    "export OMP_NUM_THREADS": "a line of the sbatch file",
    "cd": "a line of the sbatch file",
}  # fmt: skip


def blocks(text: str) -> list[tuple[str, str]]:
    """Language and content of the fenced blocks."""
    return re.findall(r"^```([^\n]*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def commands(text: str) -> list[str]:
    """Lines of the blocks that are none of Python and no output, joined where they go on; and spans of code."""
    found = []
    for language, content in blocks(text):
        if language in ("", "sh", "bash"):
            found += re.sub(r"\\\n\s*", "", content).splitlines()
        elif language == "text":
            assert not re.search(r"^(sltk|make|python) ", content, re.MULTILINE), content
    left = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    found += [
        " ".join(span.split())
        for span in re.findall(r"`([^`]+)`", left)
        if re.match(r"(sltk|make|python3?|pip)\s", span)
    ]
    words = (line.split(" #")[0].strip() for line in found)
    return [line for line in words if line and not line.startswith("#")]


LINES = sorted({(page.relative_to(ROOT).as_posix(), line) for page in PAGES for line in commands(page.read_text())})


def answer(line: str, known: dict[str, str]) -> str | None:
    """What the table says of a command: the entry whose words are all among its own, first word first."""
    words = plain(line)
    fits = [key for key in known if " ".join(words).startswith(" ".join(w for w in key.split() if w[0:2] != "--"))
            and {w for w in key.split() if w[0:2] == "--"} <= set(words)]  # fmt: skip
    return known[max(fits, key=len)] if fits else None


def plain(line: str) -> list[str]:
    """The words of the first of some commands, an entry for what stands for any, no folder of an environment."""
    words = [PLACES.get(word, word) for word in shlex.split(line.split(" && ")[0])]
    return [words[0].removeprefix(".venv/bin/"), *words[1:]]


def parsed(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parse a command, or find what it names."""
    words = plain(line)
    match words:
        case ["sltk", "run", key, *rest] if not key.startswith("-"):
            away = parse(find(key), rest).away
            for name, value in SCHEDULED.items():
                monkeypatch.setenv(name, value)
            assert away.shard is None or Shard.parse(away.shard)
        case ["sltk", command]:  # a mention
            assert command in COMMANDS
        case ["sltk", command, *rest]:
            tyro.cli(COMMANDS[command], args=rest, config=(tyro.conf.DisallowNone,))  # pyright: ignore
        case ["python", "-m", module, *rest] if module.startswith("experiments.") and "bench" not in module:
            study = find(module)
            assert not rest or parse(study, rest)  # without options a mention, of a study that may need a file
        case ["python", "-m", module, *_]:
            assert importlib.util.find_spec(module) is not None
        case ["make", target]:
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
        case ["pip", "install", what]:
            extra = re.fullmatch(r"sltk\[(\w+)\]", what)
            assert extra is not None
            assert f"\n{extra[1]} = [" in (ROOT / "pyproject.toml").read_text()
        case ["python3", "-m", "venv", *_] | ["export", _] | ["cd", _]:
            pass
        case _:
            raise AssertionError(f"{line!r} is no command that is known here; say in RUN or NOT_RUN what becomes of it")


def test_every_command_is_parsed_and_run_or_said_why_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(LINES) > 60
    for page, line in LINES:
        known = answer(line, RUN | NOT_RUN)
        assert known, f"{page}: nothing in RUN or NOT_RUN answers {line!r}"
        try:
            parsed(line, monkeypatch)
        except SystemExit as refused:
            raise AssertionError(f"{page}: {line!r} is not parsed") from refused


@pytest.mark.parametrize(
    "line", ["sltk frobnicate --all", "sltk widths --epsilon .01", "sltk run no-such-study", "rm x"]
)
def test_a_command_that_there_is_not_is_found(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (answer(line, RUN | NOT_RUN) is None) == (line in ("rm x", "sltk frobnicate --all"))
    with pytest.raises((AssertionError, SystemExit, KeyError, SltkError)):
        parsed(line, monkeypatch)


def test_the_tests_that_run_commands_are_there() -> None:
    for where in RUN.values():
        file, name = where.split("::")
        assert f"def {name}(" in (ROOT / file).read_text(), where


def test_every_entry_of_the_tables_answers_something() -> None:
    tables = RUN | NOT_RUN
    used = {answer(line, {key: key for key in tables}) for _, line in LINES}
    assert used >= set(tables)


def test_plan_runs_at_toy_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    torch.save(nn.Sequential(nn.Linear(3, 2)).state_dict(), tmp_path / "target.pt")
    arch = ["--arch", "linear(3,2)", "--input-shape", "3", "--low", "-1", "--high", "1"]
    assert main(["plan", str(tmp_path / "target.pt"), *arch]) == 0
    assert "n = " in capsys.readouterr().out


def test_python_of_the_pages_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first block of the README is run as it stands by a test of its own; the others on a toy task."""
    monkeypatch.chdir(tmp_path)
    snippets = [content for page in PAGES for language, content in blocks(page.read_text()) if language == "python"]
    assert len(snippets) == 2
    toy = {"rounds=10": "rounds=1, epochs=1", "seeds=range(16)": "seeds=range(4)", 'load("digits")': "toy",
           "density=0.02": "density=0.5"}  # fmt: skip
    if importlib.util.find_spec("pandas") is None:  # an extra, as the line says
        toy["outcome.frame()"] = "outcome.columns()"
    for long, short in toy.items():
        assert long in snippets[1]
        snippets[1] = snippets[1].replace(long, short)
    x = torch.rand(200, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    names = {"toy": (x, torch.arange(200) % 10), "model": lambda seed: nn.Sequential(nn.Flatten(), nn.Linear(64, 10))}
    exec(compile(snippets[1], "README.md", "exec"), names)
