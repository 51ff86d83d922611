"""The strong ticket: a source that anyone can redraw, and the mask under which it computes its target."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

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
from sltk.certify.local.certificates import LocalCertificates
from sltk.certify.local.observed import observed
from sltk.construct.architecture import Architecture, architecture_of, to_json
from sltk.construct.certified.ticket import CertifiedTicket
from sltk.construct.export.plain import mask_dict, source_module
from sltk.construct.export.problem import export_problem
from sltk.construct.export.rows import failure_rows
from sltk.construct.export.tensors import export
from sltk.construct.recipe import Recipe
from sltk.construct.runtime.evaluated import evaluated
from sltk.construct.runtime.execute import dense_module, sparse_module
from sltk.construct.runtime.placed import Placed
from sltk.construct.source import MATERIALISE_LIMIT
from sltk.core.errors import SltkError
from sltk.core.numerics.device import CPU, torch_device
from sltk.core.report import Steps
from sltk.core.threads import beside
from sltk.networks.activations.activation import Activation
from sltk.networks.network import Network
from sltk.networks.reading.read import network_of
from sltk.runtime.filled import filled
from sltk.runtime.unfolded import unfolded

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
class StrongTicket(CertifiedTicket):
    """A mask over a random source.

    Its fields and certificates are those of ``CertifiedTicket``.
    """

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
    def architecture(self) -> Architecture:
        """Of the target."""
        return self.declaration.architecture

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
        exactly = evaluated(target)
        # What is certified keeps one core busy, and what is run keeps all of them.
        measured, _ = beside(
            lambda: [measure_function(exactly, module, x, name) for name, x in inputs], lambda: self.certificate
        )
        return self.conclude(measured)

    def conclude(self, measured: Sequence[Comparison]) -> Findings:
        """The findings where the function was ``measured`` already; the last comparison decides."""
        eps = self.recipe.tolerance if self.recipe.aim == "eps" else None
        return conclude_findings(self.problems, len(self.failures), tuple(measured), self.certificate.bound, eps)

    def observe(
        self, x: Tensor, dtype: torch.dtype = torch.float32, report: Steps | None = None, device: str = CPU
    ) -> LocalCertificates:
        """What the module gives at the rows of ``x`` in one run, held against an enclosure of the target's outputs.

        This proves answers of deep networks, where bounds of every order of summation say nothing; it holds for the run
        that is made here.

        Args:
            x: ``(n, *input_shape)``, in the domain.
            dtype: of the run.
            report: called with (inputs done, inputs in all).
            device: where the module is run, ``cpu`` or a device of torch; the target is enclosed on the CPU.

        Raises:
            SltkError: a device that is not there.
        """
        place, module = torch_device(device), self.module(device=device).to(dtype).eval()
        run = module if place is None else Placed(module, place)
        found = observed(self._points, run, x.to(dtype), self.domain, report)
        return found if place is None else replace(found, run=f"{found.run} on {device}")

    @property
    def worst_parameter_error(self) -> float:
        """Largest error of an effective weight or bias over all copies."""
        return max(stage.worst() for stage in self.parameters)

    @property
    def sizes(self) -> Sizes:
        """Parameters of target, source and ticket."""
        kept = sum(mask.kept() for mask in self.masks)
        return Sizes(self.target.count() if self.target else None, self.source.size(), kept)

    def module(self, layout: Layout = "auto", limit: int = MATERIALISE_LIMIT, device: str = "cpu") -> nn.Module:
        """Mask times source as an ordinary float32 module.

        Args:
            layout: ``dense`` holds every source weight under its boolean mask; ``sparse`` holds the kept weights
                of live neurons, on a path from an input or a constant to the output, and equals ``dense`` to float
                tolerance; ``auto`` is sparse, with the layers that keep more than a measured share
                (``sltk.runtime.filled``) as plain dense ones.
            limit: most weights that a dense layer may have.
            device: where the module, and so its inputs, are: ``cpu``, or a device of torch. There ``auto`` is dense as
                far as a fixed memory reaches, and every layer a product of matrices (``sltk.runtime.unfolded``): on a
                GPU torch's own convolutions multiply numbers of fewer bits, which deep tickets do not survive.

        Raises:
            SltkError: unknown layout, a dense layer over the limit, or a device that is not there.
        """
        place = torch_device(device)
        if layout == "dense":
            return dense_module(self.source, self.masks, self.architecture.before, limit).to(place or CPU)
        if layout in ("sparse", "auto"):
            made = sparse_module(self.source, self.masks, self.architecture.before)
            if layout == "sparse":
                return made.to(place or CPU)
            return filled(made) if place is None else unfolded(made, place)
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
