"""The list of mutations fits the code as it is, and the machinery tells a test that looks from one that does not."""

from pathlib import Path

import pytest

from experiments.mutations.mutations import MUTATIONS, ROOT, Mutation
from experiments.mutations.project_copy import changed, copied, digest, files, run_tests
from sltk.core.errors import SltkError

SOURCE = "def twice(x):\n    return 2 * x\n"
LOOKS = "from sltk.numbers_of_a_test import twice\n\n\ndef test_it():\n    assert twice(3) == 6\n"
LOOKS_AWAY = LOOKS.replace("twice(3) == 6", "twice(0) == 0")
CONFIG = '[tool.pytest.ini_options]\npythonpath = ["."]\naddopts = ["--import-mode=importlib"]\n'


def test_there_are_thirty_and_the_named_ones_among_them() -> None:
    assert len(MUTATIONS) >= 30
    assert len({one.name for one in MUTATIONS}) == len(MUTATIONS)
    changes = {(one.file, one.replace) for one in MUTATIONS}
    assert ("sltk/construct/source.py", 'return self._draw(spec.name, "weight", flat)') in changes
    assert ("sltk/construct/file.py", "if claimed is None:") in changes
    assert any(one.file == "sltk/data/mnist.py" and "digest" in one.find for one in MUTATIONS)
    assert len({one.file.split("/")[1] for one in MUTATIONS}) >= 9


@pytest.mark.parametrize("one", MUTATIONS, ids=lambda one: one.name)
def test_the_text_is_found_once_and_the_change_is_python(one: Mutation) -> None:
    text = (ROOT / one.file).read_text()
    after = one.applied(text)
    assert after != text
    compile(after, one.file, "exec")
    assert one.why
    assert all((ROOT / path).exists() for path in one.tests)


def test_a_text_that_is_gone_or_there_twice_is_refused() -> None:
    one = Mutation("m", "f.py", "x = 1", "x = 2", (), "")
    for text in ("y = 1\n", "x = 1\nx = 1\n"):
        with pytest.raises(SltkError, match="write the mutation anew"):
            one.applied(text)


def project(root: Path, test: str) -> Path:
    for name, text in {
        "sltk/numbers_of_a_test.py": SOURCE, "sltk/__init__.py": "", "tests/test_it.py": test, "pyproject.toml": CONFIG,
        "sltk/__pycache__/left.pyc": "", "elsewhere.txt": "",
    }.items():  # fmt: skip
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def noticed(root: Path) -> bool:
    with copied(root) as place:
        path = place / "sltk/numbers_of_a_test.py"
        assert run_tests(place, ["tests"], 60).passed
        with changed(path, SOURCE.replace("2", "3")):
            found = run_tests(place, ["tests"], 60)
        assert path.read_text() == SOURCE
    assert not place.exists()
    assert found.first == ("" if found.passed else "tests/test_it.py::test_it")
    return not found.passed


def test_a_test_that_looks_notices_and_one_that_does_not_does_not(tmp_path: Path) -> None:
    assert noticed(project(tmp_path / "a", LOOKS))
    assert not noticed(project(tmp_path / "b", LOOKS_AWAY))  # negative control


def test_tests_that_hang_are_ended_and_those_that_cannot_run_are_named(tmp_path: Path) -> None:
    root = project(tmp_path, "import time\n\n\ndef test_it():\n    time.sleep(600)\n")
    with copied(root) as place:
        hung = run_tests(place, ["tests"], 3)
        assert not hung.passed
        assert "not done" in hung.first
        with pytest.raises(SltkError, match="pytest ended with 4"):
            run_tests(place, ["tests/none.py"], 60)
        with changed(place / "sltk/numbers_of_a_test.py", "syntax error\n"):
            (place / "tests/test_it.py").write_text(LOOKS)
            with pytest.raises(SltkError, match="pytest ended with 2"):
                run_tests(place, ["tests"], 60)


def test_the_hash_follows_the_files_of_the_project_and_no_others(tmp_path: Path) -> None:
    root = project(tmp_path, LOOKS)
    assert [str(path) for path in files(root)] == [
        "pyproject.toml", "sltk/__init__.py", "sltk/numbers_of_a_test.py", "tests/test_it.py",
    ]  # fmt: skip
    before = digest(root)
    (root / "elsewhere.txt").write_text("other")
    assert digest(root) == before
    (root / "tests/test_it.py").write_text(LOOKS_AWAY)
    assert digest(root) != before
