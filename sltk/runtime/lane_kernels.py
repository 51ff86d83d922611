"""Compiled sums for single pixels of many images at once.

Images lie innermost in memory, ``LANES`` of them side by side, so one weight is one multiple of one vector. Compiled
from loops, such a sum would go through memory after every weight or so; the instructions here keep it in registers, in
``CHAINS`` parts, so that no addition waits for the one before it.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sltk.core.numerics.compiled import fused, instructions

LANES = 16  # images: one register of 512 bits of float32, or two of 256
CHAINS = 4  # partial sums


@instructions
def _weigh(context: Any, target: Any, place: Any, start: Any, source: Any, at: Any, shift: Any, value: Any,
           first: Any, end: Any) -> Any:  # fmt: skip
    """``target[place + j] = start + sum_k value[k] source[at + LANES shift[k] + j]`` for ``first <= k < end``.

    For all lanes ``j``. Nothing is checked: all of it has to lie within the arrays.
    """
    from llvmlite import ir
    from numba.core import types

    signature = types.void(target, place, start, source, at, shift, value, first, end)

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        def data(number: int) -> Any:
            return context.make_array(signature.args[number])(context, builder, given[number]).data

        int32, int64 = ir.IntType(32), ir.IntType(64)
        number = context.get_value_type(signature.args[0].dtype)
        vector = ir.VectorType(number, LANES)
        bytes_of_one = signature.args[0].dtype.bitwidth // 8
        undefined = ir.Constant(vector, ir.Undefined)
        zeros = ir.Constant(ir.VectorType(int32, LANES), [0] * LANES)
        shifts, values = data(5), data(6)
        base, end = builder.gep(data(3), [given[4]]), given[8]

        def spread(one: Any) -> Any:
            return builder.shuffle_vector(builder.insert_element(undefined, one, int32(0)), undefined, zeros)

        def lanes(pointer: Any, offset: Any) -> Any:
            return builder.bitcast(builder.gep(pointer, [offset]), vector.as_pointer())

        def with_weight(total: Any, k: Any) -> Any:
            vectors = builder.zext(builder.load(builder.gep(shifts, [k])), int64)
            there = lanes(base, builder.mul(vectors, int64(LANES)))
            product = builder.fmul(
                builder.load(there, align=bytes_of_one),
                spread(builder.load(builder.gep(values, [k]))),
                flags=("contract",),
            )
            return builder.fadd(product, total, flags=("contract",))

        def loop(step: int, k: Any, totals: list[Any]) -> tuple[Any, list[Any]]:
            """``step`` weights a turn, one to each of ``totals``, while so many are left."""
            before = builder.basic_block
            test, body, after = (builder.append_basic_block() for _ in range(3))
            builder.branch(test)
            builder.position_at_end(test)
            here, sums = builder.phi(int64), [builder.phi(vector) for _ in totals]
            builder.cbranch(builder.icmp_signed("<=", builder.add(here, int64(step)), end), body, after)
            builder.position_at_end(body)
            more = [with_weight(one, builder.add(here, int64(c))) for c, one in enumerate(sums)]
            onward = builder.add(here, int64(step))
            builder.branch(test)
            for phi, enters, returns in zip([here, *sums], [k, *totals], [onward, *more], strict=True):
                phi.add_incoming(enters, before)
                phi.add_incoming(returns, body)
            builder.position_at_end(after)
            return here, sums

        nothing = ir.Constant(vector, [0.0] * LANES)
        k, sums = loop(CHAINS, given[7], [spread(given[2])] + [nothing] * (CHAINS - 1))
        total = sums[0]
        for other in sums[1:]:
            total = builder.fadd(total, other)
        _, (total,) = loop(1, k, [total])
        builder.store(total, lanes(data(0), given[1]), align=bytes_of_one)
        return context.get_dummy_value()

    return signature, generate


@instructions
def _fetch(context: Any, source: Any, first: Any, count: Any) -> Any:
    """Ask for the lines of cache with the numbers ``first <= j < first + count`` of ``source``; changes no result."""
    from llvmlite import ir
    from numba.core import types

    signature = types.void(source, first, count)

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        int32, int64 = ir.IntType(32), ir.IntType(64)
        step = int64(64 * 8 // signature.args[0].dtype.bitwidth)  # numbers of a line
        data = context.make_array(signature.args[0])(context, builder, given[0]).data
        byte = ir.IntType(8).as_pointer()
        asks = ir.FunctionType(ir.VoidType(), [byte, int32, int32, int32])
        prefetch = builder.module.declare_intrinsic("llvm.prefetch", [byte], asks)
        end, before = builder.add(given[1], given[2]), builder.basic_block
        test, body, after = (builder.append_basic_block() for _ in range(3))
        builder.branch(test)
        builder.position_at_end(test)
        j = builder.phi(int64)
        builder.cbranch(builder.icmp_signed("<", j, end), body, after)
        builder.position_at_end(body)
        builder.call(prefetch, [builder.bitcast(builder.gep(data, [j]), byte), int32(0), int32(2), int32(1)])
        onward = builder.add(j, step)
        builder.branch(test)
        j.add_incoming(given[1], before)
        j.add_incoming(onward, body)
        builder.position_at_end(after)
        return context.get_dummy_value()

    return signature, generate


@fused
def pixels(
    source: NDArray[Any],
    target: NDArray[Any],
    bias: NDArray[Any],
    pointer: NDArray[np.int64],
    shift: NDArray[np.uint32],
    value: NDArray[Any],
    wanted: NDArray[np.int64],
    ahead: tuple[int, int, int, int],
    block: tuple[int, int],
) -> None:
    """``target[e, j] = bias[r] + sum_k value[k] source[t + LANES shift[k] + j]`` for ``e = wanted[i]`` of a block.

    Args:
        source: flat, ``LANES`` images of each plane side by side, plane by plane, position by position.
        target: ``(entries, LANES)``, flat.
        pointer: ``(rows + 1,)``, weights ``pointer[r] <= k < pointer[r + 1]`` belong to row ``r``.
        shift: of each weight, vectors from a target's position to what it reads.
        wanted: ``(entries, 3)``: entry, row, and vectors before its position, in whose order they come.
        ahead: planes; vectors to the first position that the next target reads and this one does not, from one line of
            positions to the next, and lines of positions that a target reads: what is asked for in advance.
        block: first and last (exclusive) of ``wanted``.
    """
    planes, right, pitch, lines = ahead
    group, end, fetched = 0, block[0], 0
    for i in range(block[0], block[1]):
        if i == end:  # pixels of the next position
            group = end
            while end < block[1] and wanted[end, 2] == wanted[i, 2]:
                end += 1
            fetched = 0
        if end < block[1]:
            share = (i + 1 - group) * planes // (end - group)
            for line in range(lines):
                first = (wanted[end, 2] + right + line * pitch + fetched) * LANES
                _fetch(source, first, (share - fetched) * LANES)
            fetched = share
        soon = wanted[min(i + 4, block[1] - 1), 1]
        _fetch(shift, pointer[soon], pointer[soon + 1] - pointer[soon])
        _fetch(value, pointer[soon], pointer[soon + 1] - pointer[soon])
        r = wanted[i, 1]
        _weigh(
            target,
            wanted[i, 0] * LANES,
            bias[r],
            source,
            wanted[i, 2] * LANES,
            shift,
            value,
            pointer[r],
            pointer[r + 1],
        )
