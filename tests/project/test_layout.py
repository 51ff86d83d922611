"""The layout as CONTRIBUTING says it: small folders, few keywords, no folder of leftovers, nobody asks for a kind."""

import ast
import collections
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("sltk", "experiments", "proofs_checks")
ONE_FILE_A_CLAIM = {"sltk/claims", "proofs_checks", "tests/claims"}
MOST_FILES, MOST_ARGUMENTS, MOST_OF_THE_SHORT_WAY = 15, 12, 10


def modules(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def functions(path: Path) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]


def arguments(function: ast.FunctionDef) -> int:
    given = function.args.posonlyargs + function.args.args + function.args.kwonlyargs
    return sum(argument.arg not in ("self", "cls") for argument in given)


def test_no_folder_has_more_files_than_one_can_read() -> None:
    folders = collections.Counter(path.parent.relative_to(ROOT).as_posix() for path in modules(*PRODUCT, "tests"))
    assert {name for name, count in folders.items() if count > MOST_FILES} <= ONE_FILE_A_CLAIM


def test_no_public_function_takes_too_much() -> None:
    found = {
        f"{path.relative_to(ROOT)}:{function.name}": arguments(function)
        for path in modules(*PRODUCT)
        for function in functions(path)
        if not function.name.startswith("_") and arguments(function) > MOST_ARGUMENTS
    }
    assert not found


def test_the_short_way_in_is_short() -> None:
    (short,) = [f for f in functions(ROOT / "sltk/construct/construction.py") if f.name == "strong_ticket"]
    assert len(short.args.kwonlyargs) <= MOST_OF_THE_SHORT_WAY


@pytest.mark.parametrize("name", ["utils", "helpers", "misc", "common_utils"])
def test_no_folder_or_module_of_leftovers(name: str) -> None:
    assert not [path for path in modules(*PRODUCT, "tests") if name in (path.stem, path.parent.name)]


def test_nobody_outside_the_methods_asks_which_construction_it_is() -> None:
    """A comparison with a method's name, as in ``method == "two-layer"``; the command line may list them."""
    asked = []
    for path in modules("sltk/construct", "sltk/certify", "sltk/verify", "sltk/networks"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Compare):
                values = [node.left, *node.comparators]
                asked += [path for v in values if isinstance(v, ast.Constant) and v.value in ("plus-one", "two-layer")]
    assert not asked


def test_nobody_outside_its_file_asks_which_kind_a_layer_is() -> None:
    """``isinstance`` of a kind, outside ``networks/ops``; torch's own classes of the same name are another matter."""
    kinds = {"Linear", "Conv", "Act", "AvgPool", "MaxPool", "Flatten"}
    asked = []
    for path in modules("sltk/construct", "sltk/certify", "sltk/verify", "sltk/networks"):
        if path.parent.name == "ops":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "isinstance":
                names = {n.id for n in ast.walk(node.args[1]) if isinstance(n, ast.Name)}
                asked += [f"{path}: {sorted(names & kinds)}"] if names & kinds else []
    assert not asked
