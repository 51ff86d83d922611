"""What a plan says: source layers, and what each of them is for in the realisation of a target stage."""

from dataclasses import dataclass

from sltk.construct.methods.sums import DIRECT, Sides, Sum, sums
from sltk.construct.source import SourceLayer
from sltk.core.numerics.arrays import Indices
from sltk.networks.activations.activation import Activation


@dataclass(frozen=True)
class Constants:
    """Constant neurons at the end of a source layer, from which biases are built.

    Args:
        start: first of their channels.
        pools: channels of each pool of the cascade, in order.
        samples: most samples that a pool offers to one bias.
        intercept: ``c = phi(0)``, everything pruned; else ``c = phi(own random bias)``.
        activation: what turns a neuron's bias into its constant.
    """

    start: int
    pools: tuple[int, ...]
    samples: int
    intercept: bool
    activation: Activation

    @property
    def count(self) -> int:
        """Number of constant neurons."""
        return sum(self.pools)


@dataclass(frozen=True)
class Role:
    """How one target stage is realised.

    ``combine`` is the source layer whose weights the subset sums choose, ``below`` the one that it reads. For a
    univariate realisation ``first`` is the layer below it, ``activation`` what it applies, and ``sides`` says how a
    curved or kinked activation is handled (``sltk.construct.methods.sums``). ``phases`` holds the taps that carry a
    constant to every output pixel; behind zeros that were put between pixels, those of each phase of the output, which
    has bias problems of its own.
    """

    stage: int
    combine: int
    below: int
    inputs: int
    inner: int
    outputs: int
    copies_in: int
    copies_out: int
    samples: int
    phases: tuple[tuple[int, ...], ...]
    constants: Constants | None
    first: int | None = None
    sides: Sides = "smooth"
    activation: Activation | None = None
    groups: int = 1

    @property
    def fan(self) -> int:
        """Inputs that one output reads: those of its group."""
        return self.inputs // self.groups

    @property
    def width(self) -> int:
        """Input channels of the combining layer that one output reads: copies of its group's inputs, constants."""
        return self.fan * self.copies_in + (self.constants.count if self.constants else 0)

    def input_of(self, output: Indices, own: Indices) -> Indices:
        """Which input is number ``own`` of those that ``output`` reads; the arguments broadcast."""
        return output // (self.outputs // self.groups) * self.fan + own

    @property
    def channels(self) -> int:
        """Input channels of the combining layer."""
        return self.inputs * self.copies_in + (self.constants.count if self.constants else 0)

    @property
    def univariate(self) -> bool:
        """Whether the stage starts with a univariate layer."""
        return self.first is not None

    @property
    def sums(self) -> tuple[Sum, ...]:
        """The subset sums of one parameter."""
        return (DIRECT,) if self.activation is None else sums(self.activation, self.sides)

    @property
    def intercept(self) -> float:
        """``d`` of the univariate neurons, which every chosen weight brings along; 0 where there are none."""
        return 0.0 if self.activation is None else self.activation.intercept


@dataclass(frozen=True)
class SourcePlan:
    """A source architecture and what each of its layers is for."""

    method: str
    layers: tuple[SourceLayer, ...]
    roles: tuple[Role, ...]
