"""The strong ticket: a source that anyone can redraw, and the mask under which it computes its target."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from sltk.certify.a_priori import Pools, a_priori
from sltk.certify.as_run.bound import RunBound
from sltk.certify.as_run.evaluation import Evaluation
from sltk.certify.as_run.recursion import certify_as_run
from sltk.certify.boxes.search import Budget
from sltk.certify.certificate import Certificate
from sltk.certify.differential.certify import MEMORY, RATE, WORK, Limits, relaxation
from sltk.certify.differential.split import REFINING, bisected, refined
from sltk.certify.findings import (
    BESIDE,
    PROBED,
    PROBES,
    Comparison,
    Findings,
    conclude_findings,
    measure_function,
    probes,
)
from sltk.certify.intervals import Box
from sltk.certify.local.certificates import LocalCertificates, LocalCertifier
from sltk.certify.local.forward import Run
from sltk.certify.local.observed import observed
from sltk.certify.local.points import Points
from sltk.certify.propagate import certify
from sltk.certify.realised import Realised
from sltk.construct.architecture import Architecture, architecture_of, to_json
from sltk.construct.declaration import Declaration
from sltk.construct.evaluated import evaluation
from sltk.construct.export.plain import mask_dict, source_module
from sltk.construct.export.problem import export_problem
from sltk.construct.export.rows import failure_rows
from sltk.construct.export.tensors import export
from sltk.construct.failures import FailureTable
from sltk.construct.masks import LayerMask
from sltk.construct.methods.roles import Role, SourcePlan
from sltk.construct.parameters import StageParameters, stage_parameters
from sltk.construct.realise import realise, require_of_plan
from sltk.construct.recipe import Recipe, Search
from sltk.construct.runtime.execute import dense_module, sparse_module
from sltk.construct.source import MATERIALISE_LIMIT, Source
from sltk.core.errors import SltkError
from sltk.core.numerics.formats import format_of
from sltk.core.report import Steps
from sltk.networks.activations.activation import Activation
from sltk.networks.network import Network
from sltk.networks.reading.read import network_of
from sltk.runtime.filled import filled

Layout = Literal["auto", "dense", "sparse"]


@dataclass(frozen=True)
class Sizes:
    """Numbers of parameters: the target's non-zero ones, the source's, and those that the mask keeps.

    ``target`` is ``None`` for a ticket without its target, ``kept`` before there is a mask.
    """

    target: int | None
    source: int
    kept: int | None

    @property
    def density(self) -> float:
        """Kept parameters over all of the source; nan before there is a mask."""
        return math.nan if self.kept is None else self.kept / self.source


@dataclass(frozen=True)
class StrongTicket:
    """A mask over a random source.

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

    def __repr__(self) -> str:
        recipe, sizes = self.recipe, self.sizes
        target = "target not at hand" if sizes.target is None else f"{sizes.target:,} parameters of the target"
        return (
            f"StrongTicket({recipe.method}, n={recipe.n}, {recipe.aim}={recipe.tolerance:g}, {recipe.law}, "
            f"seed={self.source.seed}\n"
            f"  keeps {sizes.kept:,} of {sizes.source:,} random parameters (density {sizes.density:.3g}); {target}\n"
            f"  {len(self.failures):,} of {self.problems:,} subset-sum problems failed\n"
            f"  over {self.domain})"
        )

    @property
    def recipe(self) -> Recipe:
        """What fixed the source, besides architecture, domain and seed."""
        return self.declaration.recipe

    @property
    def plan(self) -> SourcePlan:
        """What each source layer is for."""
        return self.declaration.plan

    @property
    def architecture(self) -> Architecture:
        """Of the target."""
        return self.declaration.architecture

    @property
    def prune_below(self) -> tuple[float, ...]:
        """Parameters up to this size were left out, stage by stage."""
        return tuple(self.search.pruned(tolerance) for tolerance in self.tolerances)

    @property
    def reached(self) -> bool:
        """Whether every subset-sum problem was solved within its tolerance. It says nothing of the function."""
        return len(self.failures) == 0

    @property
    def succeeded(self) -> bool:
        """Whether the ticket computes its target, by ``findings`` on inputs of the domain: proved or faithful."""
        return self._on_probes.word in ("proved", "faithful")

    @cached_property
    def _on_probes(self) -> Findings:
        return self.findings()

    def findings(self, data: Tensor | None = None, what: str = "data", seed: int = 0) -> Findings:
        """Parameters reached, function measured, function certified; and one word for the whole.

        Args:
            data: inputs ``(rows, *input_shape)`` that decide, beside probes of the domain; none for probes alone.
            what: the data in words.
            seed: of the probes.
        """
        target, module = self._require_target("findings"), self.module().eval()
        rows = PROBES if data is None else BESIDE
        inputs = [(PROBED, probes(self.domain, target.input_shape, seed, rows))]
        inputs += [] if data is None else [(what, data)]
        measured = [measure_function(target, module, x, name) for name, x in inputs]
        del module  # it need not lie beside the certificate, which is as large
        return self.conclude(measured)

    def conclude(self, measured: Sequence[Comparison]) -> Findings:
        """The findings where the function was ``measured`` already; the last comparison decides."""
        eps = self.recipe.tolerance if self.recipe.aim == "eps" else None
        return conclude_findings(self.problems, len(self.failures), tuple(measured), self.certificate.bound, eps)

    @cached_property
    def certificate(self) -> Certificate:
        """Rigorous a posteriori bound of ``sup ||f_T - f_P||_inf`` over the domain, in exact arithmetic.

        The least of interval arithmetic and, where it is not too much work, the differential relaxation, for small
        networks on boxes into which the domain is cut.
        """
        target = self._require_target("certificate")
        found = relaxation(target, self.domain, self.realised)
        intervals = certify(target, self.domain, self.realised)
        known = intervals.beside("differential relaxation", found.per_output, found.text, found.leaving)
        small = refined(target, self.domain, self.realised, known.per_output, Budget(work=REFINING))
        return known if small is None else known.beside("bisection of the domain", small.per_output, small.text)

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
        found = bisected(target, self.domain, self.realised, seconds, limits)
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
        self, x: Tensor, radius: float = 0.0, dtype: torch.dtype | None = None, report: Steps | None = None
    ) -> LocalCertificates:
        """Bounds of the error around the rows of ``x``, and whether the answers are proved the same there.

        Args:
            x: ``(n, *input_shape)``, in the domain.
            radius: of the ball around each, in its largest entry, clipped to the domain; 0 for the points themselves.
            dtype: ``torch.float32`` or ``torch.float64`` for the module as it is run in it; ``None`` for the functions
                in real arithmetic.
            report: called with (inputs done, inputs in all).

        Raises:
            SltkError: see ``LocalCertifier.certify``.
        """
        run = None if dtype is None else Run(format_of(dtype), self.evaluations)
        return self.local.certify(x, radius, run, report)

    def observe(self, x: Tensor, dtype: torch.dtype = torch.float32, report: Steps | None = None) -> LocalCertificates:
        """What the module gives at the rows of ``x`` in one run, held against an enclosure of the target's outputs.

        This proves answers of deep networks, where bounds of every order of summation say nothing; it holds for the run
        that is made here.

        Args:
            x: ``(n, *input_shape)``, in the domain.
            dtype: of the run.
            report: called with (inputs done, inputs in all).
        """
        module = self.module().to(dtype).eval()
        return observed(self._points, module, x.to(dtype), self.domain, report)

    @cached_property
    def _points(self) -> Points:
        return Points.of(self._require_target("observe"))

    @cached_property
    def local(self) -> LocalCertifier:
        """What local certificates need of target and ticket."""
        target = self._require_target("certify")
        maps = [known.pair(stage.affine) for known, stage in zip(self.realised, target.stages, strict=True)]
        return LocalCertifier(target, maps, self.domain, max(known.copies for known in self.realised))

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
        pairs = zip(self.plan.roles, target.stages, strict=True)
        return [realise(self.source, role, self.masks, stage.affine) for role, stage in pairs]

    @cached_property
    def parameters(self) -> list[StageParameters]:
        """Errors of the effective parameters, stage by stage, pruned parameters included."""
        return stage_parameters(self.plan.roles, self.realised, self._require_target("parameters").stages)

    @property
    def worst_parameter_error(self) -> float:
        """Largest error of an effective weight or bias over all copies."""
        return max(stage.worst() for stage in self.parameters)

    @property
    def sizes(self) -> Sizes:
        """Parameters of target, source and ticket."""
        kept = sum(mask.kept() for mask in self.masks)
        return Sizes(self.target.count() if self.target else None, self.source.size(), kept)

    def module(self, layout: Layout = "auto", limit: int = MATERIALISE_LIMIT) -> nn.Module:
        """Mask times source as an ordinary float32 module.

        Args:
            layout: ``dense`` holds every source weight under its boolean mask; ``sparse`` holds the kept weights
                of live neurons, on a path from an input or a constant to the output, and equals ``dense`` to float
                tolerance; ``auto`` is sparse, with the layers that keep more than a measured share
                (``sltk.runtime.filled``) as plain dense ones.
            limit: most weights that a dense layer may have.

        Raises:
            SltkError: unknown layout, or a dense layer over the limit.
        """
        if layout == "dense":
            return dense_module(self.source, self.masks, self.architecture.before, limit)
        if layout == "sparse":
            return sparse_module(self.source, self.masks, self.architecture.before)
        if layout == "auto":
            return filled(sparse_module(self.source, self.masks, self.architecture.before))
        raise SltkError(f"layout must be 'auto', 'dense' or 'sparse', but got layout={layout!r}.")

    def source_module(self, limit: int = MATERIALISE_LIMIT) -> nn.Module:
        """The whole source as an ordinary module, before the mask; see ``sltk.construct.export.plain``."""
        return source_module(self.source, self.architecture.before, limit)

    def mask_dict(self, limit: int = MATERIALISE_LIMIT) -> dict[str, Tensor]:
        """Boolean masks by the names of ``source_module``'s parameters; see ``sltk.construct.export.plain``."""
        return mask_dict(self.source, self.masks, self.architecture.before, limit)

    def failure_rows(self) -> list[dict[str, Any]]:
        """Failures with layer, index, kind, target and nearest sum; see ``sltk.construct.export.rows``."""
        return failure_rows(self.failures, self.architecture.stages, self.source, self.plan.roles, self.masks)

    def export(self, folder: str | Path, limit: int = MATERIALISE_LIMIT) -> Path:
        """Target, source and masks as plain ``.safetensors``; see ``sltk.construct.export.tensors``."""
        target = self._require_target("export")
        return export(folder, target, self.source, self.masks, self.architecture.before, limit)

    def export_problem(self, folder: str | Path, eps: float | None = None) -> Path:
        """The question whether the error exceeds ``eps``, by default the certificate's bound, as ONNX and VNN-LIB.

        See ``sltk.construct.export.problem``.
        """
        target = self._require_target("export_problem")
        claimed = self.certificate.bound if eps is None else eps
        return export_problem(folder, target, self.source, self.masks, self.domain, claimed)

    def with_target(
        self, target: nn.Module | Network, activations: Mapping[Any, Activation] | None = None
    ) -> "StrongTicket":
        """The same ticket beside its target, so that it can be certified.

        Args:
            target: a module that ``sltk.networks.reading.read`` understands, or a ``Network``.
            activations: a user's own, by the class or function that computes them in a module.

        Raises:
            SltkError: the target is neither, or has another architecture.
        """
        network = network_of(target, self.architecture.input_shape, activations)
        if to_json(architecture_of(network)) != to_json(self.architecture):
            raise SltkError("the target's architecture is not the one that this ticket's source was made for.")
        return replace(self, target=network)

    def _require_target(self, what: str) -> Network:
        if self.target is None:
            raise SltkError(
                f"{what} compares with the target, which a loaded ticket does not hold; call with_target first."
            )
        return self.target
