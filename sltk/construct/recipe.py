"""The recipe of a source: everything, besides the seed, that fixes it. No target is among it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal, get_args

import torch

from sltk.construct.architecture import Architecture, to_json
from sltk.construct.methods.allocate import Allowance, allocate, class_reaches, declared_class
from sltk.construct.methods.plan import CASCADE_SAMPLES, CASCADE_STEP, Choices, make_plan
from sltk.construct.methods.roles import Method, SourcePlan
from sltk.construct.methods.scales import Declared, Scales, univariate_scales
from sltk.construct.source import Source
from sltk.core.errors import SltkError
from sltk.networks.activations.table import Activation, activation
from sltk.subset_sum.laws import Law, parse_law

Aim = Literal["param_eps", "eps"]

MOST_SAMPLES = 40


@dataclass(frozen=True)
class Recipe:
    """Law and declared class of a source.

    Args:
        method: ``plus-one`` or ``two-layer``.
        n: samples of every pool, the copies of a neuron under ``plus-one``; at most 40.
        law: of every weight and bias, times the powers of two that the plan fixes.
        first_activation: name of the univariate layers' activation.
        aim: ``param_eps`` (tolerance of every parameter) or ``eps`` (sup error).
        tolerance: the value aimed at.
        reach: largest ``|x|`` in the declared domain.
        nonnegative: whether the domain is non-negative.
        biases: whether the class has biases; ``False`` gives a source without constant neurons.
        weight_bound: largest parameter of the declared class, used only by ``aim="eps"``.
        hidden_reach: largest hidden ``|x|`` that ``two-layer`` is made for, used only by ``aim="param_eps"``.
        scale_exponents: exponents of two over which the samples of every pool are spread that chooses among copies; a
            pool then has small samples for small parameters, and the copies' errors, which samples amplify, grow less.
        bias_exponent: exponent of the constants' weights in these stages, for biases larger than weights.
    """

    method: Method
    n: int
    law: str
    first_activation: str
    aim: Aim
    tolerance: float
    reach: float
    nonnegative: bool
    biases: bool = True
    weight_bound: float = 1.0
    hidden_reach: float = 8.0
    scale_exponents: tuple[int, ...] = (0,)
    bias_exponent: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale_exponents", tuple(self.scale_exponents))  # files have lists
        exponents = (*self.scale_exponents, self.bias_exponent)
        whole = all(isinstance(e, int) and not isinstance(e, bool) and abs(e) <= 30 for e in exponents)
        if not self.scale_exponents or not whole:
            raise SltkError(
                "scale_exponents and bias_exponent are whole exponents of two from -30 to 30, but got "
                f"scale_exponents={self.scale_exponents!r}, bias_exponent={self.bias_exponent!r}."
            )
        if self.method not in get_args(Method):
            raise SltkError(f"method must be one of {get_args(Method)}, but got method={self.method!r}.")
        if isinstance(self.n, bool) or not isinstance(self.n, int) or not 1 <= self.n <= MOST_SAMPLES:
            raise SltkError(f"n must be a whole number from 1 to {MOST_SAMPLES}, but got n={self.n!r}.")
        if not 0.0 < self.tolerance < float("inf"):
            raise SltkError(f"{self.aim} must be positive and finite, but got {self.aim}={self.tolerance!r}.")
        for name in ("weight_bound", "hidden_reach"):
            if not 0.0 < getattr(self, name) < float("inf"):
                raise SltkError(f"{name} must be positive and finite, but got {name}={getattr(self, name)!r}.")

    def record(self) -> dict[str, object]:
        """The recipe as JSON."""
        record = asdict(self) | {"scale_exponents": list(self.scale_exponents)}
        usual = {"scale_exponents": [0], "bias_exponent": 0}  # recipes without them are written as they always were
        return {name: value for name, value in record.items() if name not in usual or value != usual[name]}

    def stage_tolerances(self, stages: int, given: Sequence[float] | None, what: str) -> Sequence[float]:
        """Tolerances of the parameters by stage: those ``given``, else the recipe's own.

        Raises:
            SltkError: none are given, and the recipe aims at a sup error; ``what`` needs them.
        """
        if given is not None:
            return given
        if self.aim != "param_eps":
            raise SltkError(f"{what} needs tolerances=[...], one for each stage, where aim='eps'.")
        return (self.tolerance,) * stages


def plan_for(architecture: Architecture, recipe: Recipe, custom: Mapping[str, Activation] | None = None) -> SourcePlan:
    """The source architecture of ``recipe`` for targets of ``architecture``.

    Args:
        architecture: of the target.
        recipe: of the source.
        custom: a user's own activations by name.
    """
    phi = (custom or {}).get(recipe.first_activation) or activation(recipe.first_activation)
    law = parse_law(recipe.law)
    scales = _scales(architecture, recipe, phi, law)
    nonnegative = [recipe.nonnegative, *(_nonnegative(s.activation) for s in architecture.stages[:-1])]
    choices = Choices(recipe.method, recipe.n, phi, tuple(nonnegative), scales, recipe.biases)
    return make_plan(architecture, choices)


def source_for(plan: SourcePlan, recipe: Recipe, seed: int) -> Source:
    """The source of ``plan``, drawn by ``recipe``'s law from ``seed``."""
    return Source(plan.layers, parse_law(recipe.law), seed)


def description(architecture: Architecture, recipe: Recipe, seed: int) -> dict[str, object]:
    """All that fixes a source, as JSON."""
    return {"architecture": to_json(architecture), "recipe": recipe.record(), "seed": seed}


def _scales(architecture: Architecture, recipe: Recipe, phi: Activation, law: Law) -> tuple[Scales, ...]:
    reaches = class_reaches(architecture, recipe.reach, recipe.weight_bound)
    if recipe.aim == "param_eps":
        reaches = [reaches[0], *(min(r, recipe.hidden_reach) for r in reaches[1:])]
    mass = recipe.n * law.high / 4.0  # a minimum-error subset takes about half of the samples, of mean size a/2
    scales = []
    for index, (stage, reach) in enumerate(zip(architecture.stages, reaches, strict=True)):
        if index > 0 and recipe.method == "plus-one":
            scales.append(Scales(0, 0, (recipe.bias_exponent,), recipe.scale_exponents))
            continue
        allowed = _class_allowances(architecture, recipe, phi, law, reaches, mass)[index]
        declared = Declared(reach, stage.degree, mass, allowed.curvature, allowed.parameter, law.high)
        scales.append(univariate_scales(phi, declared, CASCADE_SAMPLES, CASCADE_STEP))
    return tuple(scales)


def _class_allowances(
    architecture: Architecture, recipe: Recipe, phi: Activation, law: Law, reaches: list[float], mass: float
) -> list[Allowance]:
    if recipe.aim == "param_eps":
        return [Allowance(recipe.tolerance, recipe.tolerance)] * len(architecture.stages)
    stages = declared_class(architecture, recipe.method, reaches, recipe.weight_bound, mass, phi)
    return allocate(recipe.tolerance, stages)


def _nonnegative(phi: Activation | None) -> bool:
    if phi is None:
        return False
    far = torch.tensor(1e3, dtype=torch.float64)
    return float(phi.range(-far, far)[0]) >= -1e-12  # outward rounding may dip below an image that starts at 0
