"""What may be imported when: torch, scipy and numba take seconds, which no command waits for that does not compute.

No times are measured here: each process says which heavy packages it has imported at its end.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("torch", "numba", "scipy", "scipy.stats", "scipy.optimize", "scipy.integrate", "sklearn", "matplotlib",
         "joblib", "pooch", "sympy", "PIL", "rich", "numpy", "torch._dynamo")  # fmt: skip
SAY = f"""
import json, sys
print("\\n" + json.dumps([name for name in {HEAVY!r} if name in sys.modules]))
"""
COMMAND = "from sltk.cli.main import main\ntry:\n    main({argv!r})\nexcept SystemExit:\n    pass\n"
LIGHT = {"rich", "numpy"}
SOLVER = {"numpy", "numba", "scipy"}  # numba imports scipy's linear algebra by itself
TICKET = """
import torch
from sltk import Construction, Recipe, save
c = Construction(torch.nn.Linear(3, 2), (-1.0, 1.0), Recipe("two-layer", 20, 0.01), input_shape=(3,))
c.build(1)
"""


def imported(code: str) -> set[str]:
    """Which of ``HEAVY`` a new process has imported after ``code``."""
    environment = os.environ | {"COLUMNS": "112"}
    done = subprocess.run(
        [sys.executable, "-c", code + SAY], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("import sltk", set()),
        ("import sltk.construct", set()),
        ("import sltk.claims, sltk.subset_sum, sltk.core.rng", LIGHT),
        (COMMAND.format(argv=["--help"]), LIGHT),
        (COMMAND.format(argv=["construct", "--help"]), LIGHT),
        (COMMAND.format(argv=["claims"]), LIGHT),
        (COMMAND.format(argv=["show", "plus-one-conv"]), LIGHT),
        (COMMAND.format(argv=["show", "width-certificate"]), LIGHT),
    ],
    ids=["sltk", "construct", "claims", "--help", "construct --help", "sltk claims", "sltk show ticket", "sltk show"],
)
def test_what_computes_nothing_imports_nothing_heavy(code: str, allowed: set[str]) -> None:
    assert imported(code) <= allowed


def test_what_computes_imports_what_it_needs_and_no_more() -> None:
    """Torch is no part of a search, and neither statistics nor sympy of a ticket."""
    pool = "import numpy as np, sltk\nsltk.solve(np.linspace(-1.0, 1.0, 16), 0.3, eps=0.1, objective='mass')"
    assert imported(pool) <= SOLVER
    ticket = imported(TICKET)
    assert "torch" in ticket  # negative control: a process that needs torch says that it has it
    assert ticket <= {"numpy", "torch", "numba", "scipy", "rich"}


def test_an_import_at_the_top_would_be_seen() -> None:
    """Negative control: one heavy import in a module that the listing of claims reads."""
    assert "scipy.stats" in imported("import scipy.stats\n" + COMMAND.format(argv=["claims"]))
