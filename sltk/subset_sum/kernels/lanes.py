"""Instructions on rows: an int32 of each of sixteen problems side by side, which the processor takes at once.

An array of rows is flat, row ``i`` its numbers ``LANES i`` to ``LANES i + LANES - 1``: one register of 512 bits, or two
of 256. Nothing is checked: all rows that are named have to lie within their arrays.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sltk.core.numerics.compiled import instructions

LANES = 16
Rows = NDArray[np.int32]  # flat


@instructions
def exchange(context: Any, rows: Any, place: Any, stride: Any, count: Any) -> Any:
    """Sort rows ``place + k stride`` for ``k < count``, which rise and fall, or fall and rise, lane by lane.

    ``count`` is 2, 4, 8 or 16, written out in the kernel that asks: they are all in registers.
    """
    from numba.core import types

    length: Any = getattr(count, "literal_value", None)
    if length is None:  # numba asks again, with the number that is written
        return None

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        row = _row(context, builder, signature, given)
        _exchanged(builder, [row(0, builder.add(given[1], builder.mul(given[2], _int(64)(k)))) for k in range(length)])
        return context.get_dummy_value()

    return types.void(rows, types.int64, types.int64, count), generate


@instructions
def meet(context: Any, low: Any, i: Any, high: Any, j: Any, steps: Any, k: Any, out: Any, size: Any) -> Any:
    """The lesser of row ``i`` of ``low`` and row ``j`` of ``high`` plus row ``k`` of ``steps`` to row ``i`` of ``out``.

    And the greater to row ``size + i``.
    """
    return _meet(low, i, high, j, steps, k, out, size, None)


@instructions
def meet_4(
    context: Any, low: Any, i: Any, high: Any, j: Any, steps: Any, k: Any, out: Any, size: Any, stride: Any
) -> Any:
    """``meet`` of rows ``i + t stride`` and ``j - t stride`` for ``t < 4``, and ``exchange`` of either half of it."""
    return _meet(low, i, high, j, steps, k, out, size, stride)


@instructions
def exchange_and_look(context: Any, rows: Any, place: Any, before: Any, gaps: Any, at: Any, least: Any) -> Any:
    """``exchange`` of sixteen rows with stride 1, and the least odd gap between neighbours, row ``before`` among them.

    A gap is stored with its last bit added to its first, so that as signed numbers all odd ones are below all even
    ones: to row ``at`` of ``gaps``, and to row 0 of ``least`` where it is less.
    """
    from numba.core import types

    signature = types.void(rows, types.int64, types.int64, gaps, types.int64, least)

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        row = _row(context, builder, signature, given)
        int64 = _int(64)
        values = _exchanged(builder, [row(0, builder.add(given[1], int64(k))) for k in range(16)])
        last, first_bit = _load(builder, row(0, given[2])), _constant(31)
        marked: list[Any] = []
        for value in values:
            gap = builder.sub(value, last)
            marked.append(builder.xor(gap, builder.shl(gap, first_bit)))
            last = value
        while len(marked) > 1:
            marked = [_less(builder, p, q) for p, q in zip(marked[::2], marked[1::2], strict=True)]
        _store(builder, marked[0], row(3, given[4]))
        so_far = row(5, int64(0))
        _store(builder, _less(builder, _load(builder, so_far), marked[0]), so_far)
        return context.get_dummy_value()

    return signature, generate


@instructions
def moved(context: Any, rows: Any, i: Any, steps: Any, k: Any, j: Any) -> Any:
    """Row ``j`` of ``rows`` becomes row ``i`` plus row ``k`` of ``steps``."""
    from numba.core import types

    signature = types.void(rows, types.int64, steps, types.int64, types.int64)

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        row = _row(context, builder, signature, given)
        total = builder.add(_load(builder, row(0, given[1])), _load(builder, row(2, given[3])))
        _store(builder, total, row(0, given[4]))
        return context.get_dummy_value()

    return signature, generate


@instructions
def within(context: Any, rows: Any, place: Any, low: Any, width: Any) -> Any:
    """Bits of the lanes in which ``low <= row <= low + width``, rows ``place`` of ``rows`` and 0 of the others."""
    from numba.core import types

    signature = types.int64(rows, types.int64, low, width)

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        row = _row(context, builder, signature, given)
        value, least, most = (
            _load(builder, one) for one in (row(0, given[1]), row(2, _int(64)(0)), row(3, _int(64)(0)))
        )
        inside = builder.icmp_unsigned("<=", builder.sub(value, least), most)
        return builder.zext(builder.bitcast(inside, _int(LANES)), _int(64))

    return signature, generate


@instructions
def first_of(context: Any, bits: Any) -> Any:
    """Number of the lowest bit that is set; one has to be."""
    from numba.core import types

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.cttz(given[0], _int(1)(1))

    return types.int64(types.int64), generate


def _meet(
    low: Any, i: Any, high: Any, j: Any, steps: Any, k: Any, out: Any, size: Any, stride: Any
) -> Any:  # fmt: skip
    from numba.core import types

    place = types.int64
    taken = (low, place, high, place, steps, place, out, place)
    signature = types.void(*taken) if stride is None else types.void(*taken, place)

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        row = _row(context, builder, signature, given)
        step = _load(builder, row(4, given[5]))
        far = [builder.mul(given[8], _int(64)(t)) for t in range(4)] if len(given) > 8 else [_int(64)(0)]
        pairs = [
            (
                _load(builder, row(0, builder.add(given[1], t))),
                builder.add(_load(builder, row(2, builder.sub(given[3], t))), step),
            )
            for t in far
        ]
        for start, take in ((given[1], _less), (builder.add(given[1], given[7]), _more)):
            values = _sorted(builder, [take(builder, p, q) for p, q in pairs])
            for value, t in zip(values, far, strict=True):
                _store(builder, value, row(6, builder.add(start, t)))
        return context.get_dummy_value()

    return signature, generate


def _ir() -> Any:
    """Numba's assembler, which has no types; numba is imported with the first kernel only."""
    return import_module("llvmlite.ir")


def _int(width: int) -> Any:
    return _ir().IntType(width)


def _vector() -> Any:
    return _ir().VectorType(_int(32), LANES)


def _constant(value: int) -> Any:
    return _ir().Constant(_vector(), [value] * LANES)


def _row(context: Any, builder: Any, signature: Any, given: Any) -> Callable[[int, Any], Any]:
    """The address of a row of the array that is argument ``number``."""

    def row(number: int, place: Any) -> Any:
        data = context.make_array(signature.args[number])(context, builder, given[number]).data
        return builder.bitcast(builder.gep(data, [builder.mul(place, _int(64)(LANES))]), _vector().as_pointer())

    return row


def _load(builder: Any, place: Any) -> Any:
    return builder.load(place, align=4)  # arrays need not begin where registers would like them to


def _store(builder: Any, value: Any, place: Any) -> None:
    builder.store(value, place, align=4)


def _exchanged(builder: Any, places: list[Any]) -> list[Any]:
    """Sort what lies there, and return it."""
    values = _sorted(builder, [_load(builder, place) for place in places])
    for value, place in zip(values, places, strict=True):
        _store(builder, value, place)
    return values


def _less(builder: Any, p: Any, q: Any) -> Any:
    return builder.select(builder.icmp_signed("<", p, q), p, q)


def _more(builder: Any, p: Any, q: Any) -> Any:
    return builder.select(builder.icmp_signed("<", p, q), q, p)


def _sorted(builder: Any, values: list[Any]) -> list[Any]:
    """K. E. Batcher's network of a bitonic sequence (AFIPS 1968, remembered), in registers."""
    stride = len(values) // 2
    while stride:
        for k in range(len(values)):
            if not k & stride:
                p, q = values[k], values[k + stride]
                values[k], values[k + stride] = _less(builder, p, q), _more(builder, p, q)
        stride //= 2
    return values
