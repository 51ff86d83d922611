r"""How many samples are enough: one function, and for each answer how far it can be trusted.

``required_size(eps, delta)`` is a number n such that all targets of the window are within ``eps`` of a subset sum of n
samples, except with probability ``delta``:

* ``closed-form``: a theorem with its constants (``sltk.subset_sum.bounds``); a window beyond its own is cut into g
  equal shares, one for each of g disjoint groups of samples, which must all succeed: ``g n(eps/g, delta/g)``;
* ``certificate``: the least of the closed form, the value iteration, and the stored second-moment certificates, of
  which several on disjoint groups of samples fail with the product of their probabilities;
* ``measured``: the smallest n at which the lower Clopper-Pearson limit of the success rate of random pools, each
  decided exactly, passes ``1 - delta``; the limits hold for one n each, not for all of them together;
* ``floor``: below it no pool of whatever law succeeds.
"""

import json
import math
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from importlib import resources
from typing import Any, Literal

from sltk.core.errors import SltkError
from sltk.core.rng import stream
from sltk.core.statistics.stats import clopper_pearson
from sltk.subset_sum.bounds import closed_form_size, counting_floor, mixed_size
from sltk.subset_sum.laws import Law, Uniform, law_of
from sltk.subset_sum.widths.coverage import LARGEST, covers
from sltk.subset_sum.widths.moment_certificate import Stratified, Wide
from sltk.subset_sum.widths.width_certificate import OutOfReach, certified_size

SizeMethod = Literal["closed-form", "certificate", "measured", "floor"]

METHODS: tuple[SizeMethod, ...] = ("closed-form", "certificate", "measured", "floor")


@dataclass(frozen=True)
class StoredCertificate:
    """A second-moment certificate that was computed once; ``proofs_checks`` computes it again.

    Attributes:
        law: text of the law.
        window: length of the interval of targets, centred at 0.
        eps: tolerance.
        size: number of samples.
        failure: proved bound of the failure probability.
        plan: how the samples are used.
    """

    law: str
    window: float
    eps: float
    size: int
    failure: float
    plan: Stratified


def required_size(
    eps: float,
    delta: float,
    *,
    law: Law | str | None = None,
    method: SizeMethod = "certificate",
    window: float | None = None,
    trials: int = 20_000,
    confidence: float = 0.99,
    seed: int = 0,
) -> int:
    """Samples for all targets of ``[-window/2, window/2]`` to be within ``eps``, except with probability ``delta``.

    Args:
        eps: tolerance > 0, in the units of ``law``.
        delta: failure probability in ``(0, 1)``; the floor does not depend on it.
        law: of the samples; ``Uniform(1.0)`` unless given.
        method: which answer; see the module.
        window: length of the interval of targets; ``L`` of ``law.constants()`` unless given.
        trials: pools drawn for each n (``measured``).
        confidence: of each Clopper-Pearson limit, two-sided (``measured``).
        seed: of the named streams the pools come from (``measured``).

    Returns:
        The number of samples. All four do not rise with ``eps`` and ``delta`` (``measured``: for one seed).

    Raises:
        SltkError: an argument out of range, a law of which nothing is known, or pools too large to be decided.
    """
    law = Uniform(1.0) if law is None else law_of(law)
    length = law.constants().L if window is None else float(window)
    _require(eps, delta, length, method)
    if method == "floor":
        return counting_floor(eps, length)
    if 2.0 * eps >= length:
        return 0  # the empty subset is within eps of every target
    if method == "measured":
        return measured_size(eps, delta, law, length, trials=trials, confidence=confidence, seed=seed)
    if method == "closed-form":
        return _closed_form(eps, delta, law, length)
    return _certificate(eps, delta, law, length)


def _closed_form(eps: float, delta: float, law: Law, window: float) -> int:
    groups = math.ceil(Fraction(window) / Fraction(law.constants().L))
    if groups <= 1:
        return closed_form_size(eps, delta, law)
    # One step of rounding down each: an easier question is never asked for a harder one.
    return groups * closed_form_size(math.nextafter(eps / groups, 0.0), math.nextafter(delta / groups, 0.0), law)


def _certificate(eps: float, delta: float, law: Law, window: float) -> int:
    sizes = [_closed_form(eps, delta, law, window)]
    # What covers a wider window covers this one, and a window far below the samples' own size is hard to iterate on.
    for wider in {window, max(window, law.constants().L)}:
        with suppress(OutOfReach):  # the closed form holds where the iteration's grid ends
            sizes.append(certified_size(eps, delta, law, wider).size)
    unit, scale = law.in_units()
    groups: list[tuple[int, float]] = []
    for found in stored_certificates():
        narrower = Fraction(found.eps) * scale <= Fraction(eps)
        if found.law == unit.spec() and narrower and Fraction(found.window) * scale >= Fraction(window):
            groups.append((found.size, found.failure))
    if groups:
        sizes.append(mixed_size(groups, delta))
    return min(sizes)


@lru_cache(maxsize=1)
def stored_certificates() -> tuple[StoredCertificate, ...]:
    """The certificates that come with the package, ``sltk/subset_sum/widths/certificates/*.json``."""
    folder = resources.files("sltk.subset_sum.widths") / "certificates"
    found = [read_certificate(json.loads(f.read_text("utf-8"))) for f in folder.iterdir() if f.name.endswith(".json")]
    return tuple(sorted(found, key=lambda c: (c.law, c.eps, c.size)))


def read_certificate(record: dict[str, Any]) -> StoredCertificate:
    """A certificate from its JSON record.

    Raises:
        SltkError: a field is missing or unknown.
    """
    try:
        wide = tuple(Wide(**w) for w in record["plan"].get("wide", ()))
        plan: dict[str, Any] = {**record["plan"], "lows": tuple(record["plan"]["lows"]), "wide": wide}
        fields: dict[str, Any] = {**record, "plan": Stratified(**plan)}
        return StoredCertificate(**fields)
    except (KeyError, TypeError) as error:
        raise SltkError(f"not a width certificate ({error}); write it by experiments/precompute.") from None


def measured_size(
    eps: float, delta: float, law: Law | str, window: float, *, trials: int, confidence: float, seed: int
) -> int:
    """Smallest n whose success rate has a lower limit of at least ``1 - delta``; see ``required_size``.

    One pool of LARGEST samples is drawn for each trial and its first n are used, so that the rate does not fall with n.
    """
    law = law_of(law)
    generator = stream(seed, "required-size", law.spec(), trials)
    pools = law.sample(generator, (trials, LARGEST))
    if clopper_pearson(trials, trials, confidence).low < 1.0 - delta:
        raise SltkError(
            f"{trials} trials cannot show a failure below delta={delta} at confidence {confidence}; take more trials."
        )
    open_pools = pools
    for n in range(counting_floor(eps, window), LARGEST + 1):
        open_pools = open_pools[~_covered(open_pools[:, :n], eps, window)]
        if clopper_pearson(trials - len(open_pools), trials, confidence).low >= 1.0 - delta:
            return n
    raise SltkError(f"more than {LARGEST} samples are needed at eps={eps}, delta={delta}: too many to be decided.")


def _covered(pools: Any, eps: float, window: float) -> Any:
    return covers(pools, eps, -0.5 * window, 0.5 * window)


def _require(eps: float, delta: float, window: float, method: str) -> None:
    if method not in METHODS:
        raise SltkError(f"method must be one of {', '.join(METHODS)}, but got {method!r}; choose one of them.")
    if not 0.0 < eps < math.inf or not 0.0 < delta < 1.0:
        raise SltkError(f"required_size needs eps > 0 and 0 < delta < 1, but got eps={eps}, delta={delta}.")
    if not 0.0 < window < math.inf:
        raise SltkError(f"window must be a finite length > 0, but got window={window}.")
