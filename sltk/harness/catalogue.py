"""Which studies there are: every folder of the package ``experiments`` with a ``study.py``.

The toolkit does not import the studies, which stand on it and lie outside of it: they are found when they are asked
for, in the checkout of the current folder, else in the one that ``sltk`` was installed from, else in the copy that a
wheel brings along.
"""

import importlib
import sys
from pathlib import Path
from typing import Any

from sltk.core.errors import SltkError
from sltk.harness.study import Study

PACKAGE = "experiments"
CHECKOUT = Path(__file__).resolve().parents[2]
SHIPPED = Path(__file__).resolve().parents[1] / "shipped"  # in a wheel; setup.py puts it there


def folder_of_studies() -> Path:
    """Where the studies lie.

    Raises:
        SltkError: not in the current folder, and sltk was installed from neither a checkout nor a wheel.
    """
    for root in (Path.cwd(), CHECKOUT, SHIPPED):
        if (root / PACKAGE / "__init__.py").is_file():
            return root / PACKAGE
    raise SltkError(
        f"no studies here: they lie in the folder {PACKAGE}/ of the source, and of a wheel. Run this in a checkout, or "
        "name a module of yours that holds a study: sltk run package.module."
    )


def modules() -> dict[str, str]:
    """Modules of all studies by key, none of them imported."""
    places = sorted(folder_of_studies().glob("*/study.py"))
    return {path.parent.name.replace("_", "-"): f"{PACKAGE}.{path.parent.name}.study" for path in places}


def find(key: str) -> Study[Any]:
    """The study of ``key``, which is its name, or a module that holds one.

    Raises:
        SltkError: there is no such study.
    """
    if "." in key:
        return _imported(key)
    known = modules()
    name = key.replace("_", "-")
    if name not in known:
        raise SltkError(f"no study is called {key!r}; `sltk run` lists them: {', '.join(known)}.")
    return _imported(known[name])


def studies() -> dict[str, Study[Any]]:
    """All studies by key."""
    return {key: _imported(module) for key, module in modules().items()}


def _imported(module: str) -> Study[Any]:
    # The folder of a console script is on the path, the current one is not.
    root = str(folder_of_studies().parent) if module.startswith(f"{PACKAGE}.") else str(Path.cwd())
    if root not in sys.path:
        sys.path.insert(0, root)
    try:
        found = [value for value in vars(importlib.import_module(module)).values() if isinstance(value, Study)]
    except ModuleNotFoundError as error:
        raise SltkError(f"cannot import the study {module!r}: {error}. Check the name.") from error
    if len(found) != 1:
        raise SltkError(f"{module!r} holds {len(found)} studies, but a module of a study holds one.")
    return found[0]
