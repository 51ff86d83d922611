"""One construction: declare, predict, draw, build. The finite ticket and the theory that foretells it, from one object.

>>> c = Construction(target, (-1.0, 1.0), input_shape=(1, 8, 8))  # the recipe chooses itself, or is given
>>> c.predict().p  # probability that a source holds the network, before one is drawn
>>> c.obstructions(seed=1)  # what the source of seed 1 cannot reach whatever is searched, in seconds
>>> ticket = c.build(seed=1)
"""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import Any, Literal

import torch
from torch import Tensor, nn

from sltk.certify.intervals import Box
from sltk.construct.architecture import Architecture, architecture_of
from sltk.construct.build import build_share, build_stages
from sltk.construct.checkpoint import Checkpoint, target_hash
from sltk.construct.choose.choose import Choice, choose, given_or_chosen
from sltk.construct.declaration import Declaration
from sltk.construct.failures import FailureTable
from sltk.construct.methods.allocate import allocate, target_class
from sltk.construct.methods.roles import SourcePlan
from sltk.construct.pools.obstructions import range_obstructions
from sltk.construct.pools.parts import Share
from sltk.construct.pools.problems import ProblemFamily, problem_families
from sltk.construct.predict.counting import Expectation, expected_failures
from sltk.construct.predict.success import Prediction, predict_success
from sltk.construct.recipe import Recipe, Run, Search, spelled
from sltk.construct.source import Source
from sltk.construct.ticket import Sizes, StrongTicket
from sltk.core.errors import SltkError
from sltk.core.threads import limit
from sltk.networks.activations.activation import Activation
from sltk.networks.network import Network
from sltk.networks.reading.given import require_module
from sltk.networks.reading.read import read
from sltk.subset_sum.backends import backend_on
from sltk.subset_sum.laws import Law

Domain = Box | tuple[float | Tensor, float | Tensor]


class Construction:
    """A target, its domain and a recipe: everything but the seed of the source.

    Args:
        target: a module that ``sltk.networks.reading.read`` understands, or a ``Network``.
        domain: box ``(low, high)`` of inputs, scalars or tensors of ``input_shape``.
        recipe: what fixes the source; ``"auto"`` leaves it to ``sltk.construct.choose``, from the declared class of the
            target; or a ``Choice`` that was made there.
        input_shape: of one input, needed when ``target`` is a module and ``domain`` holds scalars.
        activations: a user's own, by the class or function that computes them; see ``sltk.networks.reading.read``.

    Attributes:
        network: the target, read.
        box: the domain, with an end for every entry of the input.
        recipe: as given, or chosen.
        choice: how it was chosen; ``None`` where it was given.
        declaration: what the source may know.

    Raises:
        SltkError: bad arguments; a layer or activation that the construction cannot have.

    Source: Burkholz 2022, arXiv 2205.02343 and 2205.02321 (existence, L + 1); Pensia et al. 2020, arXiv 2006.07990
    (two layers). The blocks are re-derived; each file of ``sltk.construct.methods`` says what differs.
    """

    def __init__(
        self,
        target: nn.Module | Network,
        domain: Domain,
        recipe: Recipe | Choice | Literal["auto"] = "auto",
        *,
        input_shape: tuple[int, ...] | None = None,
        activations: Mapping[Any, Activation] | None = None,
    ) -> None:
        self.network, self.box = target_and_box(target, domain, input_shape, activations)
        given = choose(self.network, self.box) if recipe == "auto" else recipe
        self.choice = given if isinstance(given, Choice) else None
        self.recipe = given.recipe if isinstance(given, Choice) else given
        known = [*(activations or {}).values(), *(s.activation for s in self.network.stages if s.activation)]
        self.declaration = Declaration.on(
            architecture_of(self.network), self.recipe, self.box, {phi.name: phi for phi in known}
        )
        self._require_in_class()

    def __repr__(self) -> str:
        sizes = self.sizes
        return (
            f"Construction({self.recipe.method}, n={self.recipe.n}, {self.recipe.aim}={self.recipe.tolerance:g}, "
            f"{self.recipe.law}: {sizes.target:,} parameters from a source of {sizes.source:,})"
        )

    @property
    def architecture(self) -> Architecture:
        """Of the target, its weights left out."""
        return self.declaration.architecture

    @property
    def plan(self) -> SourcePlan:
        """Source layers, and what each of them is for; it has not seen the target."""
        return self.declaration.plan

    @property
    def sizes(self) -> Sizes:
        """Parameters of the target and of a source."""
        return Sizes(self.network.count(), self.source(0).size(), None)

    def tolerances(self, search: Search | None = None) -> tuple[float, ...]:
        """Tolerance of every parameter, by stage: the recipe's, or allocated from its sup error.

        Args:
            search: its objective decides by how much errors of copies are expected to be amplified.
        """
        stages = len(self.network.stages)
        if self.recipe.aim == "param_eps":
            return tuple(self.recipe.stage_tolerance(stage) for stage in range(stages))
        declared, objective = self.declaration, self._checked(search).objective
        known = target_class(
            self.network, self.box, declared.method, objective, self.recipe.n, declared.law.high,
            declared.first_activation,
        )  # fmt: skip
        return tuple(allowance.parameter for allowance in allocate(self.recipe.tolerance, known))

    def families(self, search: Search | None = None) -> tuple[tuple[ProblemFamily, ...], tuple[str, ...]]:
        """The subset-sum problems by stage and kind, with the law of their pools; in words, what is left out."""
        search = self._checked(search)
        return problem_families(self.network, self.plan, self.declaration.law, self.tolerances(search), search)

    def predict(self, search: Search | None = None, **options: Any) -> Prediction:
        """Probability that a source holds the whole network, before one is drawn.

        Args:
            search: says which parameters are left out; which subset is taken changes no success.
            options: of ``sltk.construct.predict.success.predict_success``: draws, trials, confidence, seed, folder.
        """
        return predict_success(*self.families(search), **options)

    def expected_failures(self, search: Search | None = None, **options: Any) -> tuple[Expectation, ...]:
        """Expected number of problems without a solution, by stage and kind.

        Args:
            search: as in ``predict``.
            options: of ``sltk.construct.predict.counting.expected_failures``: trials, confidence, seed.
        """
        return expected_failures(self.families(search)[0], **options)

    def source(self, seed: int) -> Source:
        """The source of ``seed``, drawn once from (architecture, law, seed), whatever the target."""
        return self.declaration.source(seed)

    def obstructions(self, seed: int, search: Search | None = None) -> FailureTable:
        """Weights that the source of ``seed`` cannot reach, since no subset's sum comes near; no search is made."""
        search = self._checked(search)
        return range_obstructions(self.network, self.plan, self.source(seed), self.tolerances(search), search)

    def build(
        self, seed: int, search: Search | None = None, run: Run | None = None, *, device: str | None = None
    ) -> StrongTicket:
        """The ticket of ``seed``: the source is drawn once, and every parameter is one subset-sum problem a copy.

        A pool that does not come within the tolerance is recorded in ``failures`` and keeps its nearest subset.
        Nothing is redrawn, and nothing is copied.

        Args:
            seed: of the source, ``0 <= seed < 2**64``.
            search: which subset to take.
            run: what changes nothing in the result.
            device: in place of ``run.device``.

        Returns:
            The ticket; its ``certificate`` bounds ``sup ||f_T - f_P||_inf`` over the domain in exact arithmetic.

        Raises:
            SltkError: a device on which torch cannot compute here.
            PartsMissing: under ``run.merge``, a part is missing or damaged.
        """
        search, run = self._checked(search), on(run or Run(), device)
        source, tolerances, parts = self.source(seed), self.tolerances(search), self.parts(seed, search, run)
        with limit(run.threads) if run.threads is not None else nullcontext():
            masks, failures, problems = build_stages(self, source, tolerances, search, run, parts)
        if parts is not None and not run.merge:
            parts.clear()
        return StrongTicket(
            declaration=self.declaration, source=source, search=search, masks=masks, failures=failures,
            problems=problems, tolerances=tolerances, domain=self.box, target_sha256=target_hash(self.network),
            target=self.network, choice=None if self.choice is None else self.choice.record(),
        )  # fmt: skip

    def build_share(self, seed: int, share: Share, search: Search | None = None, run: Run | None = None) -> int:
        """Solve a share of the ticket of ``seed`` into ``run.checkpoint``; the number of parts that were not there yet.

        When all shares are there, in whatever order and however often they ran, ``build`` with ``Run(merge=True)``
        gives the ticket of one process, bit for bit.

        Args:
            share: ``Share(2, 8)`` is the second of eight.

        Raises:
            SltkError: no checkpoint.
            PartsMissing: the search weighs samples by the certified errors of copies, and a stage below is not whole
                yet, so that the other shares have to go first.
        """
        search, run = self._checked(search), run or Run()
        source, tolerances, parts = self.source(seed), self.tolerances(search), self.parts(seed, search, run)
        if parts is None:
            raise SltkError("a share needs a folder for its parts; pass run=Run(checkpoint=FOLDER).")
        on(run, None)
        with limit(run.threads) if run.threads is not None else nullcontext():
            return build_share(self, source, tolerances, search, run, parts, share)

    def parts(self, seed: int, search: Search | None, run: Run) -> Checkpoint | None:
        """What is solved of the ticket of ``seed``; ``None`` where nothing is kept."""
        if run.checkpoint is None:
            return None
        search = self._checked(search)
        asked = {"search": search.record(), "tolerances": self.tolerances(search), "domain": _ends(self.box)}
        return Checkpoint(run.checkpoint, self.declaration.record() | {"seed": seed} | asked, self.network)

    def _checked(self, search: Search | None) -> Search:
        search = search or (Search() if self.choice is None else self.choice.search)
        search.require(self.recipe.n)
        return search

    def _require_in_class(self) -> None:
        for stage in self.network.stages:
            if not self.recipe.biases and bool((stage.affine.bias != 0).any()):
                raise SltkError(
                    f"biases=False, but layer {stage.affine.name!r} has biases; drop them or pass biases=True."
                )


def strong_ticket(
    target: nn.Module | Network,
    *,
    domain: Domain,
    seed: int,
    method: str | None = None,
    n: int | None = None,
    param_eps: float | None = None,
    eps: float | None = None,
    law: Law | str | None = None,
    input_shape: tuple[int, ...] | None = None,
    search: Search | None = None,
    run: Run | None = None,
) -> StrongTicket:
    """A mask under which a random source computes ``target``; ``Construction`` has the other options.

    Without ``param_eps`` and ``eps`` the recipe chooses itself, method, n and law included where they are not given.
    With one of them it is ``Recipe(method, n, ...)``, by default plus-one with n = 26.

    Args:
        target: a module that ``sltk.networks.reading.read`` understands, or a ``Network``.
        domain: box ``(low, high)`` of inputs, scalars or tensors of ``input_shape``.
        seed: of the source, ``0 <= seed < 2**64``.
        method: ``"plus-one"`` (source depth L + 1) or ``"two-layer"`` (2 L).
        n: samples of every pool, 1 to 40; copies of each neuron under ``plus-one``.
        param_eps: tolerance of every parameter; or
        eps: the aim for the sup error over ``domain``, from which tolerances are allocated.
        law: of the source's weights. Its range must cover the target: it is not fitted.
        input_shape: of one input, needed when ``target`` is a module and ``domain`` holds scalars.
        search: which subset to take of those within tolerance.
        run: what changes nothing in the result: checkpoint, threads, report.

    Returns:
        The ticket; its ``certificate`` bounds ``sup ||f_T - f_P||_inf`` over ``domain`` in exact arithmetic.

    Raises:
        SltkError: bad arguments; a layer or activation that the construction cannot have.
    """
    network, box = target_and_box(target, domain, input_shape)
    entries = {
        "method": method,
        "n": n,
        "law": None if law is None else spelled(law),
        "param_eps": param_eps,
        "eps": eps,
    }
    given = {name: value for name, value in entries.items() if value is not None}
    recipe = given_or_chosen(network, box, given)
    return Construction(network, box, recipe).build(seed, search, run)


def on(run: Run, device: str | None) -> Run:
    """``run`` on ``device``, if there is one given; refused before any work where nothing can be computed there."""
    run = run if device is None else replace(run, device=device)
    backend_on(run.device)
    return run


def target_and_box(
    target: nn.Module | Network,
    domain: Domain,
    input_shape: tuple[int, ...] | None,
    activations: Mapping[Any, Activation] | None = None,
) -> tuple[Network, Box]:
    """The target as a network, and its domain with an end for every entry of the input."""
    if not isinstance(target, Network):
        require_module(target)  # before its shape is asked for: a state dict is named as such
    low = domain.low if isinstance(domain, Box) else domain[0]
    high = domain.high if isinstance(domain, Box) else domain[1]
    if isinstance(target, Network):
        shape = target.input_shape
    elif input_shape is not None:
        shape = tuple(input_shape)
    elif isinstance(low, Tensor) and low.ndim:
        shape = tuple(low.shape)
    else:
        raise SltkError(
            "a construction needs input_shape (one input, no batch axis) when the target is a module and the "
            "domain is given by two numbers."
        )
    network = target if isinstance(target, Network) else read(target, shape, activations)
    interval = Box(low, high).on(shape)
    return network, Box(interval.low, interval.high)


def _ends(box: Box) -> list[list[float]]:
    ends = (torch.as_tensor(end).double().flatten().numpy() for end in (box.low, box.high))
    return [[float(value) for value in end] for end in ends]
