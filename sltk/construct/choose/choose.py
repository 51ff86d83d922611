"""A recipe for a target that nobody tuned it for, from the declared class of the target and rehearsals on other pools.

What has to hold, by prediction: no pool of the whole network fails with probability .95; the copies of a neuron do not
come apart: a layer multiplies their own errors by less than 1 in the mean (``g`` of ``docs/depth.md``), and what they
come to at the output is small beside its values.

What is chosen: for every stage the power of two of its tolerance, of its samples and of its biases' samples; n and
the scales within a pool, the first of a short list that will do; the trade of a sum's error against its samples' size.

Where neurons have copies, the fewest of them are then chosen that do for nearly every parameter
(``sltk.construct.choose.few_copies``); that is a choice of the search, and leaves the source as it is.

The choice never sees the source that is drawn afterwards, nor a parameter of the target beyond its half octave.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from sltk.certify.intervals import Box
from sltk.construct.architecture import architecture_of
from sltk.construct.choose.cascade import Cascade
from sltk.construct.choose.few_copies import few_copies
from sltk.construct.choose.rehearsal import Pools
from sltk.construct.choose.stages import Scales, StageChoice, StageQuestion
from sltk.construct.choose.straight import curvatures
from sltk.construct.choose.target_class import TargetClass
from sltk.construct.declaration import Declaration
from sltk.construct.methods.base import Method, method_named
from sltk.construct.pools.problems import problem_families
from sltk.construct.recipe import DEFAULT_LAW, Recipe, Search
from sltk.core.errors import SltkError
from sltk.core.threads import in_order
from sltk.networks.network import Network

FAILURES = 0.05  # expected in the whole network: none with probability exp(-.05) = .951
TOLERANCE = 2.0**-7  # of a parameter, in units of its stage's octave
# With copies; and without, where more samples than failures ask for are cheap, and let them be small: a sum of smaller
# weights has less rounding to float32.
SAMPLES = {True: (32, 36, 40), False: (36, 40)}
OWN_ERROR = 0.01  # of the copies at the last layer, relative to its values, from the class alone
# Scales of a pool's samples. Large ones in plenty, since a pool fails where all of them have one sign; of each smaller
# octave a few, from which small parameters are built.
LADDERS = {True: (((0,) * 6 + (-1,) * 3 + (-2,) * 3 + (-3, -3, -4, -4, -5, -5, -6, -6, -7)),
                  (0, 0, -1, -1, -2, -2, -3, -4, -5, -6, -7)),
           False: ((0,),)}  # fmt: skip
CHOSEN = ("method", "n", "law", "first_activation", "biases", "scale_exponents")


@dataclass(frozen=True)
class Choice:
    """A recipe and a search that were chosen, with what they were chosen from.

    Attributes:
        target_class: all that the choice has seen of the target.
        stages: what was chosen stage by stage.
        given: entries of the recipe that were not to be chosen.
        all_copies: the same recipe searched over all copies at once, where ``search`` has few of them first.
    """

    recipe: Recipe
    search: Search
    target_class: TargetClass
    stages: tuple[StageChoice, ...]
    given: Mapping[str, Any] = field(default_factory=dict[str, Any])
    all_copies: "Choice | None" = None

    @property
    def missed(self) -> float:
        """Expected number of failures in the whole network."""
        return sum(stage.missed for stage in self.stages)

    @property
    def none_missed(self) -> float:
        """Predicted probability that no pool fails."""
        return math.exp(-self.missed)

    @property
    def growth(self) -> float:
        """``g`` in the mean over the layers; 0 where there are no copies."""
        found = [stage.growth for stage in self.stages if stage.growth > 0.0]
        return math.exp(sum(map(math.log, found)) / len(found)) if found else 0.0

    @property
    def own(self) -> float:
        """Expected error at the last layer, relative to its values."""
        return self.stages[-1].own

    @property
    def seconds(self) -> float:
        """Expected time of the search."""
        return sum(stage.seconds for stage in self.stages)

    @property
    def problems(self) -> int:
        """Number of subset-sum problems."""
        return sum(stage.problems for stage in self.stages)

    @property
    def meets(self) -> bool:
        """Whether all conditions hold."""
        return self.missed <= FAILURES and self.growth < 1.0 and self.own <= OWN_ERROR

    def reasons(self) -> tuple[str, ...]:
        """Why this recipe, in words."""
        largest = ", ".join(f"2^{stage.octave}" for stage in self.stages)
        samples = ", ".join(f"2^{stage.octave + stage.offset + 1}" for stage in self.stages)
        aimed = "" if self.missed <= FAILURES else f", more than the {FAILURES} aimed at"
        said = [
            f"by layer, parameters are at most {largest}, samples at most {samples}",
            f"n = {self.recipe.n}: {self.missed:.2g} failures expected in {self.problems:,} problems{aimed}: none "
            f"with probability {self.none_missed:.2f}",
        ]
        if self.growth > 0.0:
            apart = "do not come apart" if self.growth < 1.0 and self.own <= OWN_ERROR else "may come apart"
            said.append(
                f"copies {apart}: a layer multiplies their own errors by g = {self.growth:.2g} in the mean, to about "
                f"{self.own:.1%} of the output"
            )
        if self.all_copies is not None:
            first = [few for stage in self.stages if (few := stage.first) < self.recipe.n] or [self.recipe.n]
            said.append(f"of {self.recipe.n} copies of a neuron, {_span(min(first), max(first))} are searched first")
        return tuple(said)

    def record(self) -> dict[str, Any]:
        """What was seen and predicted, as JSON; no clock has a part in it."""
        return {
            "given": {key: _stored(value) for key, value in self.given.items()},
            "class": self.target_class.record(),
            "expected_failures": float(f"{self.missed:.6g}"),
            "growth": float(f"{self.growth:.6g}"),
            "reasons": list(self.reasons()),
        }


def _span(least: int, most: int) -> str:
    return f"{least}" if least == most else f"{least} to {most}"


def _stored(value: object) -> object:
    return list[object](value) if isinstance(value, tuple) else value  # pyright: ignore[reportUnknownArgumentType]


def choose(network: Network, box: Box, given: Mapping[str, Any] | None = None) -> Choice:
    """A recipe for ``network`` on ``box``, and the search that goes with it.

    Args:
        network: the target, of which the declared class alone is used.
        box: its domain.
        given: entries of the recipe that are not to be chosen, of ``CHOSEN``. Where the method is among them it stays;
            else it is plus-one where that meets the conditions, and two-layer where it does not.

    Returns:
        The first of a short list that meets the conditions; else, of those with the fewest failures, the one with the
        least own error, and its ``reasons`` say so.

    Raises:
        SltkError: an entry that cannot be; an architecture that the method cannot have.
    """
    fixed, known = dict(given or {}), TargetClass.of(network, box)
    if unknown := set(fixed) - set(CHOSEN):
        raise SltkError(
            f"a recipe that chooses itself leaves alone {', '.join(CHOSEN)}, but got {', '.join(sorted(unknown))}; "
            "pass param_eps or eps to give the whole recipe."
        )
    found = _by_method(network, box, known, fixed)
    rest = None if found.all_copies is None else replace(found.all_copies, given=fixed)
    return replace(found, given=fixed, all_copies=rest)


def given_or_chosen(network: Network, box: Box, entries: Mapping[str, Any]) -> Recipe | Choice:
    """The recipe of ``entries`` where a tolerance is among them; else a choice that leaves these entries alone.

    Raises:
        SltkError: an entry that cannot be.
    """
    whole = entries.get("param_eps") is not None or entries.get("eps") is not None
    return Recipe(**entries) if whole else choose(network, box, entries)


def _by_method(network: Network, box: Box, known: TargetClass, fixed: Mapping[str, Any]) -> Choice:
    rest = {name: value for name, value in fixed.items() if name != "method"}
    if "method" in fixed:
        return _chosen(network, box, known, method_named(fixed["method"]), rest)
    two_layer = method_named("two-layer")
    try:
        found = _chosen(network, box, known, method_named("plus-one"), rest)
    except SltkError:  # an architecture that has no copies to join, as one that reads its input twice
        return _chosen(network, box, known, two_layer, rest)
    return found if found.meets else _chosen(network, box, known, two_layer, rest)


def _chosen(network: Network, box: Box, known: TargetClass, method: Method, fixed: Mapping[str, Any]) -> Choice:
    copies, tried = method.copies(2) > 1, list[_Draft]()
    ladders = (tuple(fixed["scale_exponents"]),) if "scale_exponents" in fixed else LADDERS[copies]
    for n in (fixed["n"],) if "n" in fixed else SAMPLES[copies]:
        for ladder in ladders:
            tried.append(_with(network, box, known, method, {**fixed, "n": n, "scale_exponents": ladder}))
            if tried[-1].choice.meets:
                return _with_few_copies(network, tried[-1]) if copies else tried[-1].choice
    return min((draft.choice for draft in tried), key=lambda choice: (max(choice.missed, FAILURES), choice.own))


class _Draft(NamedTuple):
    """A choice, and what was asked and found of its stages."""

    choice: Choice
    questions: list[StageQuestion]
    scales: list[Scales]


def _with_few_copies(network: Network, draft: _Draft) -> Choice:
    """The same recipe, searched over the few copies that do where they come to an error that is as small."""
    whole, questions = draft.choice.stages, draft.questions
    asked = [replace(q, before=_before(network, whole, i)) for i, q in enumerate(questions)]
    copies = few_copies(network.wires, asked, draft.scales, whole)
    fewer = [q.of_copies(few.first, few.read) for q, few in zip(questions, copies, strict=True)]
    scales = [
        _of_share(found, few.read / q.copies) for found, few, q in zip(draft.scales, copies, questions, strict=True)
    ]
    stages = [
        replace(stage, cascade=old.cascade) for stage, old in zip(_stages(network, fewer, scales), whole, strict=True)
    ]
    search = replace(
        draft.choice.search,
        copy_error=tuple(stage.trade for stage in stages),
        first_copies=tuple(stage.first for stage in stages),
    )
    found = replace(draft.choice, search=search, stages=tuple(stages), all_copies=draft.choice)
    return found if found.meets else draft.choice


def _of_share(scales: Scales, share: float) -> Scales:
    """The same scales, where a share of the problems is there that may fail."""
    (weights, missed), (biases, missed_biases) = scales
    return (weights, share * missed), (biases, share * missed_biases)


def _stages(network: Network, questions: Sequence[StageQuestion], scales: Sequence[Scales]) -> list[StageChoice]:
    stages = list[StageChoice]()
    for index, (asked, found) in enumerate(zip(questions, scales, strict=True)):
        stages.append(replace(asked, before=_before(network, stages, index)).choose(found))
    return stages


def _before(network: Network, stages: Sequence[StageChoice], index: int) -> float:
    """What the copies that a stage reads do not share, relative to their values."""
    reads = network.wires[index].reads
    return stages[reads].own if reads >= 0 else 0.0


def _with(network: Network, box: Box, known: TargetClass, method: Method, fixed: Mapping[str, Any]) -> _Draft:
    """The choice where n and the scales within a pool are given."""
    count = len(network.stages)
    zeros = (0,) * count
    entries: dict[str, Any] = {"law": DEFAULT_LAW, **fixed}
    plain = Recipe(
        method=method.name, param_eps=TOLERANCE, hidden_reach=math.ldexp(1.0, known.reach),
        stage_exponents=zeros, sample_exponents=zeros, bias_exponents=zeros, **entries,
    )  # fmt: skip
    search = Search("weighted", copy_error=0.003, prune_below=0.0, skip_unread=True)
    own = {stage.activation.name: stage.activation for stage in network.stages if stage.activation is not None}

    def declare(curvature: float | tuple[float, ...]) -> Declaration:
        return Declaration.on(architecture_of(network), replace(plain, curvature=curvature), box, own)

    declared = declare(curvatures(declare, count))
    pools = _pools(network, declared, search)
    total = sum(sizes.total for sizes in known.weights)

    def question(index: int) -> StageQuestion:
        weights = known.weights[index]
        # Half of what may fail goes by the number of problems, half to every stage alike.
        allowed = FAILURES * 0.5 * (weights.total / max(total, 1) + 1.0 / count)
        return StageQuestion(
            network.stages[index], weights, known.biases[index], pools.get(index, {}), method.univariate(index),
            allowed, cascade=_cascade(declared, index),
        )  # fmt: skip

    questions = [question(index) for index in range(count)]
    scales = list(in_order(StageQuestion.scales, questions))
    stages = _stages(network, questions, scales)
    recipe = replace(
        declared.recipe,
        stage_exponents=tuple(s.octave for s in stages),
        sample_exponents=tuple(s.offset for s in stages),
        bias_exponents=tuple(s.biases for s in stages),
        cascade_exponents=tuple(s.cascade for s in stages),
    )
    search = replace(search, copy_error=tuple(s.trade for s in stages))
    return _Draft(Choice(recipe, search, known, tuple(stages)), questions, scales)


def _cascade(declared: Declaration, stage: int) -> Cascade | None:
    """What the constants against the intercepts of a stage are chosen from; ``None`` where there are none."""
    plan = declared.plan
    role = plan.roles[stage]
    if role.first is None or role.intercept == 0.0:
        return None
    return Cascade(declared.law, plan.layers[role.first].columns[0][1])


def _pools(network: Network, declared: Declaration, search: Search) -> dict[int, dict[str, Pools]]:
    """Pools by stage and kind, in units of the class."""
    found: dict[int, dict[str, Pools]] = {}
    plan, tolerances = declared.plan, (TOLERANCE,) * len(network.stages)
    for family in problem_families(network, plan, declared.law, tolerances, search)[0]:
        slope = plan.roles[family.stage].sums[0].slope if family.kind == "weight" else 1.0
        found.setdefault(family.stage, {})[family.kind] = Pools.of(family, slope)
    return found
