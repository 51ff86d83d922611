"""What the studies of pool sizes share: their options, and how a result is written and drawn."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sltk.core.files import canonical_json, write_atomic

Draw = Callable[[dict[str, Any], Path, str], None]


def size_options(about: str | None, key: str, arguments: Sequence[str], eps: float | None = None) -> argparse.Namespace:
    """``--trials``, ``--delta``, ``--out``, and ``--eps`` where there is a default for it."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--trials", type=int, default=1000)
    if eps is not None:
        parser.add_argument("--eps", type=float, default=eps)
    parser.add_argument("--delta", type=float, default=0.05)
    parser.add_argument("--out", type=Path, default=Path("out") / key.replace("-", "_"))
    return parser.parse_args(arguments)


def write_and_draw(key: str, arguments: Sequence[str], options: argparse.Namespace, draw: Draw, **found: Any) -> None:
    """``study.json`` and ``size.png`` in ``--out``, with the options and the command that made them."""
    asked = {name: value for name, value in vars(options).items() if name != "out"}
    result = {"key": key, **asked, **found}
    write_atomic(options.out / "study.json", canonical_json(result))
    command = f"python -m experiments.{key.replace('-', '_')}.study {' '.join(arguments)}".strip()
    draw(result, options.out / "size.png", command)
