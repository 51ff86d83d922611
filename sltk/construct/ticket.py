"""The strong ticket: a source that anyone can redraw, and the mask under which it computes its target."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from torch import nn

from sltk.certify.a_priori import Pools, a_priori
from sltk.certify.certificate import Certificate
from sltk.certify.intervals import Box
from sltk.certify.propagate import certify
from sltk.certify.realised import Realised
from sltk.construct.architecture import Architecture, architecture_of, to_json
from sltk.construct.failures import FailureTable
from sltk.construct.masks import LayerMask
from sltk.construct.methods.roles import Role, SourcePlan
from sltk.construct.parameters import StageParameters, stage_parameters
from sltk.construct.realise import realise
from sltk.construct.recipe import Recipe
from sltk.construct.runtime.execute import dense_module, sparse_module
from sltk.construct.source import MATERIALISE_LIMIT, Source
from sltk.core.errors import SltkError
from sltk.networks.activations.table import Activation
from sltk.networks.network import Network
from sltk.runtime.filled import filled

Layout = Literal["auto", "dense", "sparse"]


@dataclass(frozen=True)
class Sizes:
    """Numbers of parameters: the target's non-zero ones, the source's, and those that the mask keeps."""

    target: int | None
    source: int
    kept: int

    @property
    def density(self) -> float:
        """Kept fraction of the source."""
        return self.kept / self.source


@dataclass(frozen=True)
class StrongTicket:
    """A mask over a random source.

    Attributes:
        source: layers that materialise on request, any block of which can be drawn alone.
        plan: what each source layer is for.
        masks: kept indices by source layer, with a dense boolean view.
        failures: every parameter whose pool did not reach its target.
        recipe: law and declared class of the source.
        architecture: of the target.
        objective: which subset was chosen among those within tolerance.
        problems: number of subset-sum problems that were solved.
        tolerances: of every weight and bias, stage by stage.
        prune_below: parameters up to this size were left out, stage by stage.
        domain: box over which the ticket is certified.
        target: the target, where it is at hand; a ticket that was loaded has none until ``with_target``.
        custom: a user's own activations by name.
    """

    source: Source
    plan: SourcePlan
    masks: tuple[LayerMask, ...]
    failures: FailureTable
    recipe: Recipe
    architecture: Architecture
    objective: str
    problems: int
    tolerances: tuple[float, ...]
    prune_below: tuple[float, ...]
    domain: Box
    target: Network | None = None
    custom: Mapping[str, Activation] = field(default_factory=dict)

    @property
    def succeeded(self) -> bool:
        """Whether the ticket is what was asked for.

        Asked by ``param_eps``: every pool reached its target. Asked by ``eps``: the certificate is within eps; a
        pool that missed its allocated tolerance is still listed, but what it costs is in the certificate.
        """
        if self.recipe.aim == "eps":
            return self.certificate.bound <= self.recipe.tolerance
        return len(self.failures) == 0

    @cached_property
    def certificate(self) -> Certificate:
        """Rigorous a posteriori bound of ``sup ||f_T - f_P||_inf`` over the domain, in exact arithmetic."""
        target = self._require_target("certificate")
        return certify(target, self.domain, self.realised)

    @cached_property
    def a_priori(self) -> Certificate:
        """What is guaranteed before the mask is known: every parameter within tolerance, every pool chosen whole.

        It bounds any ticket of this recipe without failures; beyond a few layers it says little, and how little
        is the point of printing it.
        """
        target = self._require_target("a_priori")
        phi = next(role.activation for role in self.plan.roles if role.activation is not None)
        pools = [self._pools(role) for role in self.plan.roles]
        return a_priori(
            target,
            self.domain,
            self.tolerances,
            pools,
            method=self.recipe.method,
            univariate=phi,
            prune_below=self.prune_below,
        )

    def _pools(self, role: Role) -> Pools:
        high = self.source.law.high
        samples = 2 * role.samples if role.sides == "split" else role.samples
        outgoing = high * float(self.source.layers[role.combine].column_factors[: role.copies_in].max())
        incoming = 0.0 if role.first is None else high * float(self.source.layers[role.first].column_factors[0])
        return Pools(samples, outgoing, incoming)

    @cached_property
    def realised(self) -> list[Realised]:
        """Parameter errors and selected masses of every stage, read back from mask and source."""
        target = self._require_target("realised")
        pairs = zip(self.plan.roles, target.stages, strict=True)
        return [realise(self.source, role, self.masks, stage.affine) for role, stage in pairs]

    @cached_property
    def parameters(self) -> list[StageParameters]:
        """Errors of the effective parameters, stage by stage, pruned parameters included."""
        return stage_parameters(self.plan.roles, self.realised, self._require_target("parameters"))

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
                of the neurons that reach the output, and equals ``dense`` to float tolerance; ``auto`` is sparse,
                with the layers that keep more than a measured share (``sltk.runtime.filled``) as plain dense ones.
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

    def with_target(self, target: Network) -> "StrongTicket":
        """The same ticket beside its target, so that it can be certified.

        Raises:
            SltkError: the target has another architecture.
        """
        if to_json(architecture_of(target)) != to_json(self.architecture):
            raise SltkError("the target's architecture is not the one that this ticket's source was made for.")
        return replace(self, target=target)

    def _require_target(self, what: str) -> Network:
        if self.target is None:
            raise SltkError(
                f"{what} compares with the target, which a loaded ticket does not hold; call with_target first."
            )
        return self.target
