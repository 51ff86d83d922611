"""Seconds of a program, round after round."""

import time
from collections.abc import Callable


def seconds_of(run: Callable[[], object], rounds: int) -> list[float]:
    """Of each round, after one that is not counted."""
    run()
    found = list[float]()
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        found.append(time.perf_counter() - start)
    return found
