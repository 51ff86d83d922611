"""All that fixes a source besides its seed: architecture, recipe, and what is known of the inputs. No target."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

import torch

from sltk.certify.intervals import Box
from sltk.construct.architecture import Architecture, StageShape, from_json, to_json
from sltk.construct.methods.allocate import Allowance, allocate, class_reaches, declared_class
from sltk.construct.methods.base import Choices, Method, method_named
from sltk.construct.methods.roles import SourcePlan
from sltk.construct.methods.scales import Declared, Scales, univariate_scales
from sltk.construct.recipe import Recipe, from_record
from sltk.construct.source import Source
from sltk.core.errors import SltkError
from sltk.networks.activations.activation import Activation, require_admissible
from sltk.networks.activations.table import activation
from sltk.subset_sum.laws import Law, parse_law

MOST_STAGES = 10_000
LARGEST_SIZE = 2**24  # outputs, inputs, pixels of a channel


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
    custom: Mapping[str, Activation] = field(default_factory=dict[str, Activation])

    def __post_init__(self) -> None:
        self.recipe.require()
        self.recipe.require_stages(len(self.architecture.stages))

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
        signs = (self.nonnegative, *(_nonnegative(stage.activation) for stage in self.architecture.stages))
        # Both what is read and the stage before: the second keeps the sources of files that exist.
        nonnegative = tuple(signs[i] and signs[wire.reads + 1] for i, wire in enumerate(self.architecture.wires))
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
        architecture = from_json(record["architecture"], custom)
        require_sizes(architecture)
        return cls(architecture, recipe, float(reach), nonnegative, dict(custom))

    @property
    def reaches(self) -> list[float]:
        """Bound of ``|x|`` at the input of each stage that the source is made for."""
        found = class_reaches(self.architecture, self.reach, self.recipe.weight_bound)
        if self.recipe.aim == "param_eps":
            return [found[0], *(min(reach, self.recipe.hidden_reach) for reach in found[1:])]
        return found

    def _scales(self) -> tuple[Scales, ...]:
        recipe, law, reaches = self.recipe, self.law, self.reaches
        mass = recipe.n * law.high / 4.0  # a minimum-error subset takes about half of the samples, of mean size a/2
        allowed, scales = self._allowances(reaches, mass), list[Scales]()
        for index, (stage, reach) in enumerate(zip(self.architecture.stages, reaches, strict=True)):
            if not self.method.univariate(index):
                own = (recipe.bias_exponent_of(index),)
                scales.append(Scales(0, recipe.sample_exponent(index), own, recipe.scale_exponents))
                continue
            allowance = allowed[index]
            own = recipe.sample_exponent(index)
            coarsest = recipe.cascade_exponents[index] - own if recipe.cascade_exponents else None
            declared = Declared(reach, stage.degree, mass, allowance.curvature, allowance.parameter, law.high, coarsest)
            # Samples, their mass and the tolerance all grow alike, so that the curvature asks for the same inputs.
            relative = univariate_scales(self.first_activation, declared)
            cascade = self.first_activation.intercept != 0.0  # its scales follow from the weights' intercepts
            scales.append(relative.shifted(own, own if cascade else recipe.bias_exponent_of(index, common=False)))
        return tuple(scales)

    def _allowances(self, reaches: list[float], mass: float) -> list[Allowance]:
        recipe = self.recipe
        if recipe.aim == "param_eps":
            stages = range(len(self.architecture.stages))
            return [Allowance(recipe.tolerance, recipe.curvature_of(stage)) for stage in stages]
        stages = declared_class(
            self.architecture, self.method, reaches, recipe.weight_bound, mass, self.first_activation
        )
        return allocate(recipe.tolerance, stages)


def require_sizes(architecture: Architecture) -> None:
    """Check the numbers of an architecture that a file declares, before anything is made of them.

    Raises:
        SltkError: a size that is no positive whole number, or larger than any that can be built.
    """
    if not 1 <= len(architecture.stages) <= MOST_STAGES:
        raise SltkError(f"an architecture has 1 to {MOST_STAGES} stages, but the file has {len(architecture.stages)}.")
    for stage in architecture.stages:
        for name, size in (("outputs", stage.outputs), ("inputs", stage.inputs), ("inner", stage.inner)):
            if not _whole(size, 1, LARGEST_SIZE):
                raise SltkError(f"{name} of a stage must be from 1 to {LARGEST_SIZE:,}, but the file has {size!r:.40}.")
        for name in ("kernel", "stride", "padding", "dilation"):
            if not _pair(getattr(stage, name)):
                raise SltkError(
                    f"{name} of a stage must be two whole numbers, but the file has {getattr(stage, name)!r:.60}."
                )
        _require_name_and_wires(stage)
    if not all(_whole(size, 1, LARGEST_SIZE) for size in architecture.input_shape):
        raise SltkError(f"the input's shape in the file is {architecture.input_shape!r:.60}, which is no shape.")


def _require_name_and_wires(stage: StageShape) -> None:
    name = cast(object, stage.name)  # of a file, whatever its annotation says
    reads = [read for read in (stage.reads, *stage.adds) if read is not None]
    if not isinstance(name, str) or not all(_whole(read, -1, MOST_STAGES) for read in reads):
        raise SltkError("a stage of the file has a name that is no text, or reads a stage that there is not.")


def _pair(value: object) -> bool:
    if not isinstance(value, tuple):
        return False
    entries = list[object](value)  # pyright: ignore[reportUnknownArgumentType]  # of a file, so of any type
    return len(entries) == 2 and all(_whole(entry, 0, 2**16) for entry in entries)


def _whole(value: object, least: int, most: int) -> bool:
    """Whether a value from a file is a whole number in that range."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


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
