"""What is proved of a ticket: its fields, and the certificates that mask, source and target give."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from sltk.certify.a_priori import Pools, a_priori
from sltk.certify.as_run.bound import RunBound
from sltk.certify.as_run.evaluation import Evaluation
from sltk.certify.as_run.recursion import certify_as_run
from sltk.certify.boxes.pair import on_domain
from sltk.certify.boxes.search import Budget
from sltk.certify.certificate import Certificate
from sltk.certify.deviations.certify import WAY as DEVIATIONS
from sltk.certify.deviations.certify import deviated
from sltk.certify.differential.certify import MEMORY, RATE, WORK, Limits, Relaxation, relaxation
from sltk.certify.differential.split import bisected, refined
from sltk.certify.intervals import Box
from sltk.certify.local.certificates import LocalCertificates, LocalCertifier
from sltk.certify.local.forward import Run
from sltk.certify.local.points import Points
from sltk.certify.local.twofold import TwofoldNetwork
from sltk.certify.multipliers.certify import WAY, multiplied
from sltk.certify.propagate import certify
from sltk.certify.realised import Realised
from sltk.construct.certified.evaluated import evaluation
from sltk.construct.certified.twofold import twofold_network
from sltk.construct.declaration import Declaration
from sltk.construct.failures import FailureTable
from sltk.construct.masks import LayerMask
from sltk.construct.methods.roles import Role, SourcePlan
from sltk.construct.parameters import StageParameters, stage_parameters
from sltk.construct.realise import realise, require_of_plan
from sltk.construct.recipe import Search
from sltk.construct.source import Source
from sltk.construct.unread import read_neurons
from sltk.core.errors import SltkError
from sltk.core.numerics.arrays import Flags
from sltk.core.numerics.device import CPU, plain_sums, torch_device
from sltk.core.numerics.formats import format_of
from sltk.core.report import Steps
from sltk.networks.network import Network

REFINING = 2e9  # nanoseconds of bisection, as they are estimated
SEARCHING = 4e9  # products of the search for multipliers: about two seconds on one core
EXPANDING = 4e10  # products of the expansion in deviations of slopes: about three seconds on one core


@dataclass(frozen=True)
class CertifiedTicket:
    """A mask over a random source, and how far what it computes can be from the target.

    Attributes:
        declaration: what the source was drawn for.
        source: layers that materialise on request, any block of which can be drawn alone.
        search: which subset was chosen among those within tolerance.
        masks: kept indices by source layer, with a dense boolean view.
        failures: every parameter whose pool did not reach its target.
        problems: number of subset-sum problems that were solved.
        tolerances: of every weight and bias, stage by stage.
        domain: box over which the ticket is certified.
        target_sha256: hash of the weights that it was built for.
        target: the target, where it is at hand; a ticket that was loaded has none until ``with_target``.
        choice: from what class, and why, its recipe was chosen, as JSON; ``None`` where it was given.
    """

    declaration: Declaration
    source: Source
    search: Search
    masks: tuple[LayerMask, ...]
    failures: FailureTable
    problems: int
    tolerances: tuple[float, ...]
    domain: Box
    target_sha256: str
    target: Network | None = None
    choice: Mapping[str, Any] | None = None

    @property
    def plan(self) -> SourcePlan:
        """What each source layer is for."""
        return self.declaration.plan

    @property
    def prune_below(self) -> tuple[float, ...]:
        """Parameters up to this size were left out, stage by stage."""
        return tuple(self.search.pruned(tolerance) for tolerance in self.tolerances)

    @cached_property
    def certificate(self) -> Certificate:
        """Rigorous a posteriori bound of ``sup ||f_T - f_P||_inf`` over the domain, in exact arithmetic.

        The least of interval arithmetic and, where it is not too much work, the differential relaxation, for small
        networks on boxes into which the domain is cut and by an expansion in deviations of slopes, and for chains of
        curved activations with single copies the best planes that a search finds for every neuron.
        """
        target, found = self._require_target("certificate"), self._relaxed
        intervals = certify(target, self.domain, self.realised)
        known = intervals.beside("differential relaxation", found.per_output, found.text, found.leaving)
        searched = multiplied(target, self.domain, self.realised, SEARCHING)
        known = known if searched is None else known.beside(WAY, searched.per_output, searched.text)
        pair = on_domain(target, self.domain, self.realised)
        if pair is None:
            return known
        expanded = deviated(target, self.domain, self.realised, EXPANDING, pair)
        known = known if expanded is None else known.beside(DEVIATIONS, expanded.per_output, expanded.text)
        small = refined(target, self.domain, self.realised, known.per_output, Budget(work=REFINING), pair)
        return known if small is None else known.beside("bisection of the domain", small.per_output, small.text)

    @cached_property
    def _relaxed(self) -> Relaxation:
        """The whole domain relaxed, within the limits of a certificate of which nothing is said."""
        return relaxation(self._require_target("certificate"), self.domain, self.realised)

    def certify_domain(self, seconds: float, memory: int = MEMORY, work: float | None = None) -> Certificate:
        """The certificate, and a closer one by bisecting the domain for as long as is given.

        Args:
            seconds: after which no other box is halved; the whole domain is bounded first, however long that takes.
            memory: bytes of the largest matrices, about.
            work: products of coefficients and weights that one relaxation may take; ``None`` for about as many as take
                ``seconds`` on one core, and no fewer than those of ``certificate``.

        Raises:
            SltkError: there is no target, or ``seconds < 0``.
        """
        target = self._require_target("certify_domain")
        limits = Limits(max(WORK, RATE * seconds) if work is None else work, memory)
        whole = self._relaxed if self._relaxed.holds_for(limits) else None
        found = bisected(target, self.domain, self.realised, seconds, limits, whole)
        return self.certificate.beside(f"bisection for {seconds:g} s", found.per_output, found.text, found.leaving)

    def as_run(self, dtype: torch.dtype = torch.float32) -> RunBound:
        """Bound of ``sup |target - module|`` for the module as it is run, every rounding included.

        Args:
            dtype: ``torch.float32`` for ``module()``, ``torch.float64`` for ``module().double()``; inputs are numbers
                of it. The target is evaluated in real arithmetic.

        Raises:
            SltkError: another dtype, or an activation of one's own that does not say what it loses in it.
        """
        target = self._require_target("as_run")
        proved = self.certificate.per_output
        return certify_as_run(target, self.domain, self.realised, self.evaluations, format_of(dtype), proved)

    def certify(
        self, x: Tensor, radius: float = 0.0, dtype: torch.dtype | None = None, report: Steps | None = None,
        device: str = CPU,
    ) -> LocalCertificates:  # fmt: skip
        """Bounds of the error around the rows of ``x``, and whether the answers are proved the same there.

        Args:
            x: ``(n, *input_shape)``, in the domain.
            radius: of the ball around each, in its largest entry, clipped to the domain; 0 for the points themselves.
            dtype: ``torch.float32`` or ``torch.float64`` for the module as it is run in it; ``None`` for the functions
                in real arithmetic.
            report: called with (inputs done, inputs in all).
            device: where intervals and differences are computed, ``cpu`` or a device of torch; what stays on the CPU is
                said in ``sltk.certify.local.certificates``. Bounds differ by what rounding adds to them.

        Raises:
            SltkError: see ``LocalCertifier.certify``; a device that is not there.
        """
        place = torch_device(device)
        run = None if dtype is None else Run(format_of(dtype), self.evaluations)
        local = self.local if place is None else self._local_on(place)
        return local.certify(x, radius, run, report)

    def _local_on(self, place: torch.device) -> LocalCertifier:
        """Kept for the device that was asked for last."""
        known: dict[torch.device, LocalCertifier] = self._elsewhere
        if place not in known:
            known.clear()
            with plain_sums(place):  # refused before anything is computed where it has no such sums
                known[place] = self.local.on(place)
        return known[place]

    @cached_property
    def _elsewhere(self) -> dict[torch.device, LocalCertifier]:
        return {}

    @cached_property
    def _points(self) -> Points:
        return Points.of(self._require_target("observe"))

    @cached_property
    def local(self) -> LocalCertifier:
        """What local certificates need of target and ticket."""
        target = self._require_target("certify")
        maps = [known.pair(stage.affine) for known, stage in zip(self.realised, target.stages, strict=True)]
        copies = max(known.copies for known in self.realised)
        return LocalCertifier(target, maps, self.domain, copies, lambda x: self.twofold and self.twofold(x))

    @cached_property
    def twofold(self) -> TwofoldNetwork | None:
        """The ticket at points, in twice the precision; ``None`` where it keeps numbers that float32 does not have."""
        return twofold_network(self.source, self.masks, self.declaration.architecture.before)

    @cached_property
    def evaluations(self) -> list[Evaluation]:
        """What the sums of every stage lose when they are computed."""
        stages = self._require_target("evaluations").stages
        pairs = zip(self.plan.roles, self.realised, strict=True)
        return [evaluation(self.source, role, self.masks, stages, known) for role, known in pairs]

    @cached_property
    def a_priori(self) -> Certificate:
        """What is guaranteed before the mask is known: every parameter within tolerance, every pool chosen whole.

        It bounds any ticket of this recipe without failures; beyond a few layers it says little, and how little
        is the point of printing it.
        """
        target = self._require_target("a_priori")
        phi = self.declaration.first_activation
        pools = [self._pools(role) for role in self.plan.roles]
        return a_priori(
            target,
            self.domain,
            self.tolerances,
            pools,
            method=self.declaration.method,
            univariate=phi,
            prune_below=self.prune_below,
        )

    def _pools(self, role: Role) -> Pools:
        high = self.source.law.high
        samples = role.samples * len(role.sums)
        outgoing = high * float(self.source.layers[role.combine].column_factors[: role.copies_in].max())
        incoming = 0.0 if role.first is None else high * float(self.source.layers[role.first].column_factors[0])
        return Pools(samples, outgoing, incoming)

    @cached_property
    def realised(self) -> list[Realised]:
        """Parameter errors and selected masses of every stage, read back from mask and source."""
        target = self._require_target("realised")
        require_of_plan(self.plan, self.masks)
        stages = zip(self.plan.roles, target.stages, self.read, strict=True)
        return [realise(self.source, role, self.masks, stage.affine, read) for role, stage, read in stages]

    @cached_property
    def read(self) -> Sequence[Flags | None]:
        """``(copies_out, outputs)`` of every stage: neurons that something reads; ``None`` where all were solved."""
        if not self.search.skip_unread:
            return [None] * len(self.plan.roles)
        return read_neurons(self.source, self.plan.roles, self.masks)

    @cached_property
    def parameters(self) -> list[StageParameters]:
        """Errors of the effective parameters, stage by stage, pruned parameters included."""
        return stage_parameters(self.plan.roles, self.realised, self._require_target("parameters").stages)

    def _require_target(self, what: str) -> Network:
        if self.target is None:
            raise SltkError(
                f"{what} compares with the target, which a loaded ticket does not hold; call with_target first."
            )
        return self.target
