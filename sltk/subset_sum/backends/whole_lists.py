"""Meeting in the middle with all sums of both halves, whatever the costs: what the default is compared with."""

from dataclasses import dataclass

from sltk.subset_sum.backends.base import register_backend
from sltk.subset_sum.backends.meet_in_the_middle import MeetInTheMiddle


@register_backend
@dataclass(frozen=True)
class WholeLists(MeetInTheMiddle):
    """As ``MeetInTheMiddle``, and no pool is large enough to ask first what the optimum can afford."""

    smallest: int = MeetInTheMiddle.limits.shared + 1
    name = "whole-lists"
