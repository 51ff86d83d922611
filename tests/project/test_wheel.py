"""What a wheel holds: data beside the modules, and the studies with their rows."""

import runpy
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from sltk.claims._tie import pieces
from sltk.harness import catalogue

ROOT = Path(__file__).resolve().parents[2]
SETUP = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]


def unpacked(files: list[Path]) -> list[str]:
    """Files of the package that a wheel leaves out, by what pyproject.toml declares."""
    declared = [
        f"{package.replace('.', '/')}/{glob}" for package, globs in SETUP["package-data"].items() for glob in globs
    ]
    left = [file for file in files if file.suffix != ".py" and not any(fnmatch(file.as_posix(), d) for d in declared)]
    left += [file for file in files if file.suffix == ".py" and not (ROOT / file).with_name("__init__.py").is_file()]
    return [file.as_posix() for file in left]


def test_every_file_of_the_package_is_in_the_wheel() -> None:
    files = [path.relative_to(ROOT) for path in (ROOT / "sltk").rglob("*") if path.is_file()]
    files = [path for path in files if "__pycache__" not in path.parts]
    assert len(files) > 300
    assert unpacked(files) == []
    assert unpacked([Path("sltk/core/table.csv"), Path("sltk/nowhere/new.py")]) == [
        "sltk/core/table.csv",
        "sltk/nowhere/new.py",
    ]


def test_every_study_and_its_rows_are_in_the_wheel() -> None:
    pytest.importorskip("setuptools", reason="a wheel is built by setuptools")
    held = {path.as_posix() for path in runpy.run_path(str(ROOT / "setup.py"), run_name="of a test")["studies"]()}
    for module in catalogue.modules().values():
        assert module.replace(".", "/") + ".py" in held
    there = [path.relative_to(ROOT).as_posix() for path in (ROOT / "experiments").rglob("*") if path.is_file()]
    assert [path for path in there if "__pycache__" not in path and path not in held] == []
    source = (ROOT / "MANIFEST.in").read_text()  # of an sdist, from which 'python -m build' makes the wheel
    assert all(f" *{Path(path).suffix}" in source for path in held)


def test_studies_are_found_where_a_wheel_has_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "sltk"
    for name in ("experiments/__init__.py", "experiments/lueker/study.py"):
        (package / "shipped" / name).parent.mkdir(parents=True, exist_ok=True)
        (package / "shipped" / name).touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(catalogue, "CHECKOUT", tmp_path)
    monkeypatch.setattr(catalogue, "SHIPPED", package / "shipped")
    assert list(catalogue.modules()) == ["lueker"]
    monkeypatch.setattr("sltk.claims._tie.CHECKOUT", tmp_path)
    found = {piece.name: piece for piece in pieces("lueker")}
    assert found["study"].path == Path("sltk/shipped/experiments/lueker/study.py")
    assert "not installed with the package" in found["test"].reason
