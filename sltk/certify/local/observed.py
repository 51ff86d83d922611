"""Certificates of one run: what a module gave at points, held against an enclosure of the target's outputs there.

At a point a run is its own proof of what the ticket computes; what has to be proved is the target's answer. This says
nothing of other orders of summation: ``LocalCertifier.certify`` with a format does, where its bounds are of use.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from sltk.certify.findings import answers
from sltk.certify.intervals import Box
from sltk.certify.local.balls import balls
from sltk.certify.local.certificates import LocalCertificates
from sltk.certify.local.margins import interval_leads
from sltk.certify.local.points import Points
from sltk.core.numerics.rounding import up
from sltk.core.numerics.tensors import batches
from sltk.core.report import Steps

BATCH = 8


def observed(
    points: Points, module: Callable[[Tensor], Tensor], x: Tensor, domain: Box, report: Steps | None = None
) -> LocalCertificates:
    """Error and answers of a module's run at the rows of ``x``.

    Args:
        points: the target.
        module: run on ``x`` as it is, in its dtype.
        x: ``(n, *input_shape)``, in the domain.
        domain: of the ticket.
        report: called with (inputs done, inputs in all).
    """
    balls(x, 0.0, domain)  # refuses what lies outside
    errors, said, leads, same = list[Tensor](), list[Tensor](), list[Tensor](), list[Tensor]()
    for number, rows in enumerate(batches(x, BATCH)):
        outputs = points.outputs(rows)
        with torch.no_grad():
            got = module(rows).double().flatten(1)
        answer = answers((outputs.low + outputs.high) / 2).long()
        errors.append(torch.maximum(up(outputs.high - got), up(got - outputs.low)).amax(1))
        said.append(answer)
        leads.append(interval_leads(outputs, answer).amin(1))
        same.append((answers(got) == answer) & torch.isfinite(got).all(1))
        if report:
            report(min(len(x), (number + 1) * BATCH), len(x))
    lead = torch.cat(leads)
    dtype = str(x.dtype).removeprefix("torch.")
    proved = (lead > 0) & torch.cat(same)
    return LocalCertificates(0.0, torch.cat(errors), torch.cat(said), lead, lead > 0, proved, f"{dtype}, one run")
