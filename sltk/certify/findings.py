"""Three findings of a ticket that are shown together and never merged, and one word for the whole from a stated rule.

A ticket whose every parameter is reached can compute nothing of its target: copies that err apart are amplified from
layer to layer. So parameters *reached* are counted, the function is *measured* on inputs, and it is *certified* by a
bound over the domain. The word speaks of the function:

- ``proved``: the bound is within the limit, and so is the measured error;
- ``faithful``: the measured error is;
- ``reached only``: neither is, though every parameter is within its tolerance;
- ``failed``: not even that.

The bound is that of the functions in real arithmetic, and what is measured is the ticket as it is run, in float32:
where rounding alone takes it beyond the limit, nothing is proved of what a user gets.

The limit is the sup error that was asked for, else ``SHARE`` of the target's spread: the largest range of one output
over the inputs that were looked at. At a twentieth, one answer in a hundred or so changes on trained classifiers.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from sltk.certify.intervals import Box
from sltk.core.numerics.tensors import batches
from sltk.core.rng import torch_stream

Word = Literal["proved", "faithful", "reached only", "failed"]

SHARE = 0.05
PROBES = 256
BESIDE = 16  # beside data, which decide
BATCH = 16  # a deep ticket holds thousands of channels an image
PROBED = "probes of the domain"

Function = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Comparison:
    """Target and ticket on the same inputs.

    Attributes:
        what: which inputs, in words.
        rows: how many.
        error: largest ``|target - ticket|`` of an output; infinite where the ticket gave no number.
        largest: largest ``|target|`` of an output.
        spread: largest range of one output of the target over the inputs.
        same: inputs with the same answer: the largest output, or the sign of the only one.
    """

    what: str
    rows: int
    error: float
    largest: float
    spread: float
    same: int


@dataclass(frozen=True)
class Findings:
    """What is known of a ticket.

    Attributes:
        problems, failures: subset sums, and those that missed their tolerance.
        measured: on probes of the domain, and on data where there were any, last.
        bound: proved over the domain, in real arithmetic.
        limit: error up to which the function counts as the target's.
    """

    problems: int
    failures: int
    measured: tuple[Comparison, ...]
    bound: float
    limit: float

    @property
    def word(self) -> Word:
        """The verdict, by the rule of this module; data decide where there are any, else the probes."""
        if self.measured[-1].error <= self.limit:
            return "proved" if self.bound <= self.limit else "faithful"
        return "reached only" if self.failures == 0 else "failed"

    @property
    def rounded_away(self) -> bool:
        """Whether float32 alone takes the measured error beyond the limit, which the bound in real arithmetic keeps."""
        return self.bound <= self.limit < self.measured[-1].error

    @property
    def lost(self) -> bool:
        """Whether the measured error exceeds the target's largest output."""
        return self.measured[-1].error > self.measured[-1].largest


def conclude_findings(
    problems: int, failures: int, measured: tuple[Comparison, ...], bound: float, eps: float | None
) -> Findings:
    """Findings under the limit ``eps``, or ``SHARE`` of the spread where none was asked for."""
    limit = SHARE * measured[-1].spread if eps is None else eps
    return Findings(problems, failures, measured, bound, limit)


def probes(box: Box, shape: tuple[int, ...], seed: int, rows: int = PROBES) -> Tensor:
    """Inputs drawn uniformly from ``box``, ``(rows, *shape)`` float32, from a stream of their own."""
    ends = box.on(shape)
    drawn = torch.rand(rows, *shape, generator=torch_stream(seed, "probes"), dtype=torch.float64)
    return (ends.low + drawn * (ends.high - ends.low)).float()


def measure_function(target: Function, ticket: Function, x: Tensor, what: str, batch: int = BATCH) -> Comparison:
    """``ticket`` as it is run, in float32, beside ``target`` in float64, on the rows of ``x``."""
    error, same, outputs = 0.0, 0, list[Tensor]()
    with torch.no_grad():
        for rows in batches(x, batch):
            wanted, got = target(rows.double()).flatten(1), ticket(rows.float()).double().flatten(1)
            off = float((wanted - got).abs().max())
            error = max(error, off) if math.isfinite(off) else math.inf
            same += int((answers(wanted) == answers(got)).sum())
            outputs.append(wanted)
    all_outputs = torch.cat(outputs)
    return Comparison(what, len(x), error, float(all_outputs.abs().max()), output_spread(all_outputs), same)


def output_spread(outputs: Tensor) -> float:
    """Largest range of one output over the rows of ``(rows, outputs)``."""
    return float((outputs.amax(0) - outputs.amin(0)).max())


def answers(outputs: Tensor) -> Tensor:
    """What a classifier says of each row of ``(rows, outputs)``: the largest output, or the sign of the only one."""
    return outputs.argmax(1) if outputs.shape[1] > 1 else outputs[:, 0] > 0
