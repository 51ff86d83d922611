"""A construction method: how a target's stages become layers of a source. One method a file, found by being there."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import sltk.construct.methods
from sltk.construct.architecture import Architecture
from sltk.construct.methods.roles import SourcePlan
from sltk.construct.methods.scales import Scales
from sltk.core.errors import SltkError
from sltk.core.registry import import_modules
from sltk.networks.activations.activation import Activation


@dataclass(frozen=True)
class Choices:
    """What is declared of the source: part of its law, never fitted to a target.

    Args:
        samples: n, samples of a pool.
        first_activation: activation of the univariate layers.
        nonnegative: whether the inputs are known to be non-negative, stage by stage.
        scales: exponents by stage, from ``sltk.construct.methods.scales``.
        biases: whether the class has biases at all.
    """

    samples: int
    first_activation: Activation
    nonnegative: tuple[bool, ...]
    scales: tuple[Scales, ...]
    biases: bool


class Method(ABC):
    """A construction of strong tickets. Nobody else asks which one it is: what differs is answered here."""

    name: str
    depth: str  # of the source, in terms of the target's depth L

    @abstractmethod
    def univariate(self, stage: int) -> bool:
        """Whether a stage starts with a univariate layer; else it picks from the copies of the stage that it reads."""

    @abstractmethod
    def copies(self, n: int) -> int:
        """Copies of every hidden neuron of the target, each with problems of its own."""

    @abstractmethod
    def plan(self, architecture: Architecture, choices: Choices) -> SourcePlan:
        """Source layers and roles for ``architecture``; nothing here has seen a weight of the target.

        Raises:
            SltkError: an architecture that the method cannot have, with the reason and the cure.
        """

    def amplification(self, stage: int, norm: float, mass: float) -> float:
        """What errors at a stage's input are multiplied with.

        Args:
            norm: ``max_j ||W_j||_1``, where all samples of a parameter read one value;
            mass: ``max_j sum |v|`` of the chosen samples, where they read copies that err apart.
        """
        return norm if self.univariate(stage) else mass


_registered: dict[str, Method] = {}


def register_method(method: Method) -> Method:
    """Make ``method`` known by its name, as the files of this folder do for their own.

    Raises:
        SltkError: another method has that name.
    """
    known = _registered.setdefault(method.name, method)
    if type(known) is not type(method):
        raise SltkError(f"method {method.name!r} is already registered by {type(known).__name__}; choose another name.")
    return method


def method_named(name: str) -> Method:
    """The construction method of that name.

    Raises:
        SltkError: there is none.
    """
    if name not in methods():
        raise SltkError(f"method must be one of {', '.join(methods())}, but got method={name!r}.")
    return _registered[name]


def methods() -> tuple[str, ...]:
    """Names of all construction methods: one a file of this folder, and what was registered since."""
    package = sltk.construct.methods
    import_modules(package.__name__, package.__path__)
    return tuple(sorted(_registered))
