"""The least size of a pool at which a success rate is shown."""

from collections.abc import Callable

from sltk.core.errors import SltkError
from sltk.core.statistics.stats import clopper_pearson


def least_size(
    failures: Callable[[int], int],
    trials: int,
    delta: float,
    *,
    first: int = 1,
    last: int = 40,
    confidence: float = 0.99,
) -> int | None:
    """Least n whose success rate has a lower Clopper-Pearson limit of at least ``1 - delta``.

    Where a larger pool never does worse, this is an upper confidence limit of the true least n at level
    ``(1 + confidence) / 2``: the sizes below are looked at in turn, and only the last look can be wrong.

    Args:
        failures: of ``trials`` independent pools of n samples, as a function of n.
        trials: pools a size.
        delta: failure probability that is allowed.
        first, last: sizes that are looked at.
        confidence: of the limit.

    Returns:
        The size; ``None`` beyond ``last``.

    Raises:
        SltkError: not even success in all trials would show ``delta``.
    """
    if clopper_pearson(trials, trials, confidence).low < 1.0 - delta:
        raise SltkError(f"{trials} trials cannot show delta={delta} at confidence {confidence}; take more trials.")
    for n in range(first, last + 1):
        missed = failures(n)
        if clopper_pearson(trials - missed, trials, confidence).low >= 1.0 - delta:
            return n
    return None
