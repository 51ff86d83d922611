"""Which drawn neurons the samples of a pool read: pure functions of arrays, for sources that are drawn and predicted.

The construction calls them with the weights of its one source, a prediction with many draws of the law.
"""

import numpy as np

from sltk.core.numerics.arrays import Flags, Indices, Values


def of_sign(incoming: Values, sign: int, samples: int) -> Indices:
    """The neurons whose sums one family of pools takes: the first ``samples`` of every row with the wanted sign.

    Args:
        incoming: ``(rows, copies)`` weights into the neurons of each input.
        sign: 1, -1, or 0 for the first ones whatever their sign.
        samples: n.

    Returns:
        ``(rows, samples)`` neurons in order; -1 where a row has fewer.
    """
    if sign == 0:
        return np.broadcast_to(np.arange(samples), (incoming.shape[0], samples))
    return first(np.sign(incoming) == sign, samples)


def first(wanted: Flags, samples: int) -> Indices:
    """Columns of the first ``samples`` wanted entries of every row, ``(rows, samples)``; -1 where there are fewer."""
    rank = np.cumsum(wanted, axis=1)
    row, column = np.nonzero(wanted & (rank <= samples))
    found = np.full((wanted.shape[0], samples), -1, dtype=np.int64)
    found[row, rank[row, column] - 1] = column
    return found


def picked(values: Values, columns: Indices) -> Values:
    """``values`` at ``columns``, row by row; 0 where a column is -1."""
    return np.where(columns >= 0, np.take_along_axis(values, np.maximum(columns, 0), axis=1), 0.0)


def constant_places(values: Values, taps: int, samples: int) -> tuple[Indices, Indices]:
    """Which constant neuron and which tap each sample of a pool of constants reads.

    Neurons whose constant is 0 offer nothing; the others serve every tap in turn, up to ``samples`` of them.

    Args:
        values: ``(rows, count)`` constants.
        taps: taps that carry a constant to every output pixel.
        samples: most samples of a pool.

    Returns:
        Neurons and taps, each ``(rows, min(samples, count taps))``; neurons are -1 where a row has fewer.
    """
    count = values.shape[1]
    usable = np.count_nonzero(values, axis=1)[:, None]
    sample = np.arange(min(samples, count * taps))
    turn, place = np.divmod(sample, np.maximum(usable, 1))
    neurons = np.take_along_axis(first(values != 0.0, count), place, axis=1) if count else place
    return np.where(sample < usable * taps, neurons, -1), turn
