"""All that fixes a source besides its seed: architecture, recipe, and what is known of the inputs. No target."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch

from sltk.certify.intervals import Box
from sltk.construct.architecture import Architecture, from_json, to_json
from sltk.construct.methods.allocate import Allowance, allocate, class_reaches, declared_class
from sltk.construct.methods.base import Choices, Method, method_named
from sltk.construct.methods.roles import SourcePlan
from sltk.construct.methods.scales import Declared, Scales, univariate_scales
from sltk.construct.recipe import Recipe, from_record
from sltk.construct.source import Source
from sltk.core.errors import SltkError
from sltk.networks.activations.table import Activation, activation, require_admissible
from sltk.subset_sum.laws import Law, parse_law


@dataclass(frozen=True)
class Declaration:
    """The class of targets that a source is drawn for.

    Args:
        architecture: of the target, its weights left out.
        recipe: method, law, declared class.
        reach: largest ``|x|`` in the declared domain.
        nonnegative: whether the domain is non-negative.
        custom: a user's own activations by name.
    """

    architecture: Architecture
    recipe: Recipe
    reach: float
    nonnegative: bool
    custom: Mapping[str, Activation] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.recipe.require()

    @classmethod
    def on(
        cls, architecture: Architecture, recipe: Recipe, box: Box, custom: Mapping[str, Activation] | None = None
    ) -> "Declaration":
        """The declaration for inputs in ``box``."""
        reach = float(box.on(architecture.input_shape).magnitude.max())
        return cls(architecture, recipe, reach, bool((torch.as_tensor(box.low) >= 0).all()), dict(custom or {}))

    @cached_property
    def method(self) -> Method:
        """The construction method."""
        return method_named(self.recipe.method)

    @cached_property
    def law(self) -> Law:
        """Law of every weight and bias, times the powers of two that the plan fixes."""
        return parse_law(self.recipe.law)

    @cached_property
    def first_activation(self) -> Activation:
        """Activation of the univariate layers: the declared one, else the target's first, else ReLU."""
        own = [stage.activation for stage in self.architecture.stages]
        return first_activation_of(own, self.recipe.first_activation, self.custom)

    @cached_property
    def plan(self) -> SourcePlan:
        """Source layers, and the role of each; a function of this declaration alone."""
        stages = self.architecture.stages
        nonnegative = (self.nonnegative, *(_nonnegative(stage.activation) for stage in stages[:-1]))
        choices = Choices(self.recipe.n, self.first_activation, nonnegative, self._scales(), self.recipe.biases)
        return self.method.plan(self.architecture, choices)

    def source(self, seed: int) -> Source:
        """The source of ``seed``, drawn once."""
        return Source(self.plan.layers, self.law, seed)

    def record(self) -> dict[str, object]:
        """The declaration as JSON."""
        return {
            "architecture": to_json(self.architecture),
            "recipe": self.recipe.record(),
            "inputs": {"reach": self.reach, "nonnegative": self.nonnegative},
        }

    @classmethod
    def of(cls, record: Mapping[str, Any], custom: Mapping[str, Activation]) -> "Declaration":
        """The declaration that ``record()`` wrote; ``custom`` holds a user's own activations by name."""
        inputs = record["inputs"]
        reach, nonnegative = inputs["reach"], inputs["nonnegative"]
        if isinstance(reach, bool) or not isinstance(reach, int | float) or not isinstance(nonnegative, bool):
            raise SltkError(
                f"stored inputs need a number for reach and a flag for nonnegative, but got {inputs!r:.200}."
            )
        recipe = from_record(Recipe, record["recipe"])
        return cls(from_json(record["architecture"], custom), recipe, float(reach), nonnegative, dict(custom))

    def _scales(self) -> tuple[Scales, ...]:
        recipe, law = self.recipe, self.law
        reaches = class_reaches(self.architecture, self.reach, recipe.weight_bound)
        if recipe.aim == "param_eps":
            reaches = [reaches[0], *(min(r, recipe.hidden_reach) for r in reaches[1:])]
        mass = recipe.n * law.high / 4.0  # a minimum-error subset takes about half of the samples, of mean size a/2
        allowed, scales = self._allowances(reaches, mass), []
        for index, (stage, reach) in enumerate(zip(self.architecture.stages, reaches, strict=True)):
            if not self.method.univariate(index):
                scales.append(Scales(0, 0, (recipe.bias_exponent,), recipe.scale_exponents))
                continue
            allowance = allowed[index]
            declared = Declared(reach, stage.degree, mass, allowance.curvature, allowance.parameter, law.high)
            scales.append(univariate_scales(self.first_activation, declared))
        return tuple(scales)

    def _allowances(self, reaches: list[float], mass: float) -> list[Allowance]:
        recipe = self.recipe
        if recipe.aim == "param_eps":
            return [Allowance(recipe.tolerance, recipe.tolerance)] * len(self.architecture.stages)
        stages = declared_class(
            self.architecture, self.method, reaches, recipe.weight_bound, mass, self.first_activation
        )
        return allocate(recipe.tolerance, stages)


def first_activation_of(
    own: Sequence[Activation | None], name: str | None = None, custom: Mapping[str, Activation] | None = None
) -> Activation:
    """The activation of univariate layers: the one called ``name``, else the first of the target's own, else ReLU.

    Raises:
        SltkError: there is none of that name, or it cannot serve.
    """
    if name is not None:
        phi = (custom or {}).get(name) or activation(name)
    else:
        phi = next((phi for phi in own if phi is not None), None) or activation("relu")
    require_admissible(phi)
    return phi


def _nonnegative(phi: Activation | None) -> bool:
    if phi is None:
        return False
    far = torch.tensor(1e3, dtype=torch.float64)
    return float(phi.range(-far, far)[0]) >= -1e-12  # outward rounding may dip below an image that starts at 0
