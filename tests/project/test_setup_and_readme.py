"""Set-up and README: what they promise is there."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def direct_dependencies() -> list[Requirement]:
    project = PROJECT["project"]
    return [Requirement(line) for line in [*project["dependencies"], *project["optional-dependencies"]["dev"]]]


def pins() -> dict[str, Version]:
    lines = [line.split("#")[0].strip() for line in (ROOT / "constraints.txt").read_text().splitlines()]
    return {name: Version(version) for name, version in (line.split("==") for line in lines if line)}


def test_every_direct_dependency_is_pinned_within_its_bounds() -> None:
    for requirement in direct_dependencies():
        assert requirement.name in pins(), requirement
        assert requirement.specifier.contains(pins()[requirement.name]), requirement


def test_torch_is_bounded_above() -> None:
    torch = next(r for r in direct_dependencies() if r.name == "torch")
    assert not torch.specifier.contains("2.14.0")


def test_python_example_of_the_readme_runs() -> None:
    example = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert example is not None
    assert len(example[1].strip().splitlines()) <= 16
    names: dict[str, object] = {}
    exec(compile(example[1], "README.md", "exec"), names)
    assert names["ticket"].reached  # pyright: ignore[reportAttributeAccessIssue]  # made by the example


@pytest.mark.parametrize("command", ["make run", "make test", "make check", "make bench"])
def test_readme_commands_are_targets_of_the_makefile(command: str) -> None:
    assert command in README
    assert re.search(rf"^{command.split()[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_readme_gives_the_two_lines_without_make() -> None:
    assert 'python3 -m venv .venv && .venv/bin/pip install -c constraints.txt -e ".[dev]"' in README
    assert ".venv/bin/sltk verify" in README


def test_ci_runs_the_checks_and_the_readme_test_command() -> None:
    ci = ROOT / ".ci" / "run"
    lines = ci.read_text().splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert {"set -eu", "make check", "make test"} <= set(lines)
    assert os.access(ci, os.X_OK)


@pytest.mark.parametrize("fails", ["", "check", "test"])
def test_ci_fails_where_either_fails(fails: str, tmp_path: Path) -> None:
    """Lint and types run beside the tests: neither may hide the other."""
    for folder in (".ci", ".venv", "bin"):
        (tmp_path / folder).mkdir()
    ci, make = tmp_path / ".ci" / "run", tmp_path / "bin" / "make"
    ci.write_text((ROOT / ".ci" / "run").read_text())
    make.write_text(f'#!/bin/sh\n[ "$1" != "{fails}" ]\n')
    make.chmod(0o755)
    path = {"PATH": f"{make.parent}:{os.environ['PATH']}"}
    run = subprocess.run(["bash", str(ci)], env=path, check=False, capture_output=True)
    assert (run.returncode == 0) == (not fails)


@pytest.mark.parametrize("name", ["Makefile", "constraints.txt", "pyproject.toml", ".ci/run"])
def test_set_up_names_no_package_host(name: str) -> None:
    assert not re.search(r"https?://|--index-url|--find-links", (ROOT / name).read_text())


def test_the_map_of_the_readme_is_the_layout() -> None:
    rooms = re.findall(r"^\| `(sltk/\w+)/?` ", README, re.MULTILINE)
    standing = {f"sltk/{path.parent.name}" for path in (ROOT / "sltk").glob("*/__init__.py")}
    assert set(rooms) == standing
