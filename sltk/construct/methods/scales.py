"""Powers of two in the source's law, chosen a priori from the declared class of targets.

A curved first activation is nearly linear only for small inputs, so a univariate layer carries small weights
``w = lambda w~`` and the layer above it large ones, ``v = v~ / (lambda m)``. With ``q`` and ``K`` the order and
coefficient of the remainder, a parameter whose chosen samples have mass ``sum |v~| <= kappa`` errs by at most
``kappa K lambda**(q-1) (a X)**q / m``; lambda is the largest power of two that keeps this under the
allowance. All of it is a function of (architecture, law, n, domain, tolerance) alone.
"""

import math
from dataclasses import dataclass, replace

from sltk.core.errors import SltkError
from sltk.networks.activations.activation import Activation

# Samples of one pool of an intercept cascade, and the exponent between the scales of two neighbours. With 22
# samples the nearest subset leaves less than 2**-9 of the pool's scale in all but some 1e-5 of the cases.
CASCADE_SAMPLES = 22
CASCADE_STEP = 9
EXPONENT_LIMIT = 60  # beyond it, products of two weights leave the comfortable range of float32


@dataclass(frozen=True)
class Scales:
    """Exponents of one stage: of the univariate weights, the combining weights, and each pool of constants.

    ``scale_exponents`` spreads the samples of a pool over several scales: in equal parts, in order, each has one of
    these exponents on top of its own.
    """

    univariate: int
    combine: int
    constants: tuple[int, ...]
    scale_exponents: tuple[int, ...] = (0,)

    def shifted(self, weights: int, constants: int) -> "Scales":
        """The same with combining weights, and those of constants, larger by these exponents."""
        return replace(self, combine=self.combine + weights, constants=tuple(c + constants for c in self.constants))

    def spread(self, samples: int, exponent: int) -> list[tuple[int, int]]:
        """``(how many, exponent)`` of a pool's samples, in order."""
        share, more = divmod(samples, len(self.scale_exponents))
        counts = [share + (place < more) for place in range(len(self.scale_exponents))]
        return [(count, exponent + extra) for count, extra in zip(counts, self.scale_exponents, strict=True) if count]


@dataclass(frozen=True)
class Declared:
    """What is declared of one stage's class of targets.

    Args:
        reach: bound of ``|x_i|`` at the stage's input.
        degree: parameters of one neuron.
        mass: bound kappa of ``sum |v~|`` over the samples chosen for one parameter.
        remainder: allowance of one parameter for the curvature.
        bias: tolerance of a bias.
        weight_high: ``a``, the largest weight of the law at scale 1.
        coarsest: exponent of the coarsest constants against intercepts, where it is not to be what holds whatever
            the subsets.
    """

    reach: float
    degree: int
    mass: float
    remainder: float
    bias: float
    weight_high: float
    coarsest: int | None = None


def univariate_scales(phi: Activation, declared: Declared) -> Scales:
    """Exponents of a univariate stage with first activation ``phi``."""
    slope = abs(phi.slope_positive if not phi.kinked else max(abs(phi.slope_positive), abs(phi.slope_negative)))
    down = _curvature_exponent(phi, declared, slope) if phi.curved else 0
    up = -down - round(math.log2(slope))
    constants = (0,) if phi.intercept == 0.0 else _cascade(phi, declared, up)
    _require_moderate(down, up, *constants)
    return Scales(down, up, constants)


def _curvature_exponent(phi: Activation, declared: Declared, slope: float) -> int:
    remainder, reach = phi.remainder, declared.weight_high * declared.reach
    if reach == 0.0:
        return 0
    allowed = declared.remainder * slope / (declared.mass * remainder.coefficient * reach**remainder.order)
    scale = min(allowed ** (1.0 / (remainder.order - 1)), remainder.radius / reach, 1.0)
    return math.floor(math.log2(scale))


def _cascade(phi: Activation, declared: Declared, up: int) -> tuple[int, ...]:
    """Exponents of the pools that absorb the intercepts ``d sum v``, from coarse to fine."""
    intercepts, highest = declared.degree * declared.mass, declared.coarsest
    if highest is None:
        highest = up + max(0, math.ceil(math.log2(8.0 * intercepts / (CASCADE_SAMPLES * declared.weight_high))))
    finest = math.log2(declared.bias / (declared.weight_high * abs(phi.intercept))) + CASCADE_STEP
    pools = 1 + max(0, math.ceil((highest - finest) / CASCADE_STEP))
    return tuple(highest - CASCADE_STEP * index for index in range(pools))


def _require_moderate(*exponents: int) -> None:
    if max(abs(e) for e in exponents) > EXPONENT_LIMIT:
        raise SltkError(
            f"the declared class asks for weights of scale 2**{max(exponents, key=abs)}, beyond 2**±{EXPONENT_LIMIT}: "
            "the a priori error bound of a network this deep or wide cannot be met in float32. "
            "Ask by param_eps instead of eps, or for a larger eps."
        )
