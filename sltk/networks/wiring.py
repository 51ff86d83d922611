"""How the stages of a network hang together: what each reads, and what joins it.

A stage maps the output of one earlier stage, adds the outputs of others to the result (skips), and goes on with its
steps. A chain is the case in which every stage reads the one before it and nothing joins.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

INPUT = -1  # the network's input, as what a stage reads

Value = TypeVar("Value")


class Wired(Protocol):
    """Anything that says what it reads (``None``: the one before) and what joins it."""

    @property
    def reads(self) -> int | None:
        """Index of what is read, or ``None``."""
        ...

    @property
    def adds(self) -> tuple[int, ...]:
        """Indices of what is added."""
        ...


class Wire(NamedTuple):
    """What one stage reads, and what joins its result."""

    reads: int
    adds: tuple[int, ...]


def wires(parts: Sequence[Wired]) -> list[Wire]:
    """The wire of each part, in order."""
    return [Wire(i - 1 if part.reads is None else part.reads, tuple(part.adds)) for i, part in enumerate(parts)]


def is_chain(parts: Sequence[Wired]) -> bool:
    """Whether every part reads the one before it, and nothing joins."""
    return all(wire == Wire(i - 1, ()) for i, wire in enumerate(wires(parts)))


def flow(parts: Sequence[Wired], x: Value, step: Callable[[int, Value, list[Value]], Value]) -> Value:
    """Carry ``x`` through the parts in order.

    Args:
        parts: what reads what; all come after what they read or add.
        x: the input.
        step: ``(index, what is read, what is added) -> output``.

    Returns:
        The output of the last part. A value is let go after its last use.
    """
    wiring = wires(parts)
    last = {used: i for i, wire in enumerate(wiring) for used in (wire.reads, *wire.adds)}
    values: dict[int, Any] = {INPUT: x}
    del x
    for i, wire in enumerate(wiring):
        values[i] = step(i, values[wire.reads], [values[a] for a in wire.adds])
        for used in {wire.reads, *wire.adds}:
            if last[used] == i:
                del values[used]
    return values[len(wiring) - 1]
