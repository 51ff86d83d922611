"""Loops over the weights that are there: functionals of a window, one row of a convolution at a time.

Arrays are float64 or int64, images ``(channels, height, width)``. A row's weights, and the taps of each channel that it
reads, are lists of what is not 0: a pruned target has a tenth of its weights, and a ticket picks a few samples of each.
"""

from typing import Any, NamedTuple

from sltk.core.numerics.compiled import kernel

Array = Any  # of float64 or int64


class Weights(NamedTuple):
    """Rows of a convolution: entries ``first[row]`` to ``first[row + 1]`` of channel, tap and value."""

    first: Array
    channel: Array
    tap: Array
    value: Array


class FirstTaps(NamedTuple):
    """Taps of each channel: entries ``first[channel]`` on of ``curve * inputs + input``, tap and value."""

    first: Array
    plane: Array
    tap: Array
    value: Array


class Sides(NamedTuple):
    """Upper and lower slopes of each value, and their constants, padded with zeros."""

    high: Array
    low: Array
    above: Array
    below: Array


@kernel
def gather(
    row: int, sign: float, weights: Weights, sides: Sides, taps: FirstTaps, place: Array, steps: Array,
    found: Array, total: Array, size: Array,
) -> None:  # fmt: skip
    """Add a row's functional: upper lines where its weight is positive, lower ones where it is negative.

    Args:
        row: of ``weights``.
        sign: 1 or -1, of the functional.
        weights, sides, taps: see above.
        place: ``(taps, first taps)``, of a pair in the window.
        steps: ``(taps + 1, 2)``, where each tap starts, and the stride behind them.
        found: coefficients ``(planes, window, height, width)``, added to.
        total, size: constants and the sum of their sizes, ``(height, width)``, added to.
    """
    rows, columns = total.shape
    down, right = steps[-1, 0], steps[-1, 1]
    for entry in range(weights.first[row], weights.first[row + 1]):
        channel, tap, weight = weights.channel[entry], weights.tap[entry], sign * weights.value[entry]
        slopes, levels = (sides.high, sides.above) if weight > 0.0 else (sides.low, sides.below)
        top, left = steps[tap, 0], steps[tap, 1]
        for y in range(rows):
            for x in range(columns):
                term = weight * levels[channel, top + y * down, left + x * right]
                total[y, x] += term
                size[y, x] += abs(term)
        for one in range(taps.first[channel], taps.first[channel + 1]):
            into = found[taps.plane[one], place[tap, taps.tap[one]]]
            factor = weight * taps.value[one]
            for y in range(rows):
                for x in range(columns):
                    into[y, x] += factor * slopes[channel, top + y * down, left + x * right]


@kernel
def suprema(
    found: Array, curves: Array, order: int, low: Array, high: Array, steps: Array, total: Array, size: Array
) -> None:
    """Add the supremum of every input's function, and the sum of the sizes of its terms.

    Args:
        found: coefficients ``(curves * inputs, window, height, width)`` of ``x``, ``|x|``, ``x |x|^(q-1)``, ``|x|^q``.
        curves: where each of the four is in ``found``, or -1; the first always is.
        order: q.
        low, high: where the input lies, ``(inputs, ...)``, from the first window's corner on.
        steps: ``(window + 1, 2)``, where each place of a window starts, and the stride behind them.
        total, size: ``(height, width)``, added to.
    """
    down, right, inputs = steps[-1, 0], steps[-1, 1], len(low)
    for channel in range(inputs):
        for place in range(found.shape[1]):
            top, left = steps[place, 0], steps[place, 1]
            for y in range(total.shape[0]):
                for x in range(total.shape[1]):
                    slope, fold, odd, even = 0.0, 0.0, 0.0, 0.0
                    slope = found[curves[0] * inputs + channel, place, y, x]
                    if curves[1] >= 0:
                        fold = found[curves[1] * inputs + channel, place, y, x]
                    if curves[2] >= 0:
                        odd = found[curves[2] * inputs + channel, place, y, x]
                    if curves[3] >= 0:
                        even = found[curves[3] * inputs + channel, place, y, x]
                    row, column = top + y * down, left + x * right
                    a, b = low[channel, row, column], high[channel, row, column]
                    total[y, x] += supremum(slope + fold, slope - fold, even + odd, even - odd, order, a, b)
                    reach = max(abs(a), abs(b))
                    size[y, x] += (abs(slope) + abs(fold)) * reach
                    if odd != 0.0 or even != 0.0:
                        size[y, x] += (abs(odd) + abs(even)) * reach**order


@kernel
def supremum(rising: float, falling: float, above: float, below: float, order: int, low: float, high: float) -> float:
    """Of ``rising x + above x^q`` for ``x >= 0``, ``falling x + below |x|^q`` else, on ``[low, high]``, as computed."""
    best = max(_value(rising, falling, above, below, order, low), _value(rising, falling, above, below, order, high))
    if low < 0.0 < high:
        best = max(best, 0.0)
    if above != 0.0 and high > 0.0:
        best = max(best, _turn(rising, above, order, max(low, 0.0), high))
    if below != 0.0 and low < 0.0:
        best = max(best, _turn(-falling, below, order, max(-high, 0.0), -low))
    return best


@kernel
def _value(rising: float, falling: float, above: float, below: float, order: int, x: float) -> float:
    line, curve = (rising, above) if x >= 0.0 else (falling, below)
    return line * x if curve == 0.0 else line * x + curve * abs(x) ** order


@kernel
def _turn(line: float, curve: float, order: int, low: float, high: float) -> float:
    """``line s + curve s^q`` at its turn in ``(low, high)``, minus infinity where there is none; ``low >= 0``."""
    ratio = -line / (order * curve)
    if ratio <= 0.0:
        return -1e308
    place = ratio ** (1.0 / (order - 1))
    return line * place + curve * place**order if low < place < high else -1e308
