"""A value in a module under reading: one place in the chain, or several that stand side by side along the channels.

A concatenation is never formed. A step, a norm and a flattening act on each part alone; an affine map of a
concatenation is the sum of its maps of the parts, ``W [x, y] = W_x x + W_y y``: one stage a part, joined by skips. Both
are exact, and take no weight that the map has not.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import accumulate, pairwise

import torch
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.networks.affine import Affine
from sltk.networks.op import Op, Step
from sltk.networks.ops import mixing
from sltk.networks.reading.chain import Chain, Place


class Parts:
    """A value and the chain that it is in; layers are appended to it.

    Args:
        chain: stages so far.
        places: of the parts, in order along the channels.
    """

    def __init__(self, chain: Chain, places: tuple[Place, ...]) -> None:
        self.chain, self.places = chain, places

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the whole value, without the batch axis."""
        first = self.places[0].x.shape
        return (self._ends[-1], *first[2:])

    @property
    def _ends(self) -> list[int]:
        return list(accumulate((place.x.shape[1] for place in self.places), initial=0))

    def share(self, name: str) -> None:
        """What is here is read more than once: nothing may change it from now on."""
        self._each(lambda part: self.chain.share(f"{name}{part}"))

    def take(self, name: str, op: Op) -> None:
        """Append a layer or a step.

        Raises:
            SltkError: it has no place here; see ``Chain``.
        """
        if isinstance(op, Affine):
            self._affine(op)
        elif isinstance(op, Step):
            self.step(name, op)

    def step(self, name: str, op: Step) -> None:
        """Append a step to each part.

        Raises:
            SltkError: see ``Chain.step``.
        """
        self._each(lambda part: self.chain.step(f"{name}{part}", op))

    def scale(self, name: str, gain: Tensor, shift: Tensor) -> None:
        """``y -> gain y + shift``, one number a channel.

        Raises:
            SltkError: another number of channels.
        """
        if len(gain) != self.shape[0]:
            raise SltkError(f"batch norm {name!r} has {len(gain)} channels, but gets inputs of shape {self.shape}.")
        spans = iter(pairwise(self._ends))

        def own(part: str) -> None:
            start, stop = next(spans)
            self.chain.scale(f"{name}{part}", gain[start:stop], shift[start:stop])

        self._each(own)

    def joined(self, name: str, other: "Parts") -> "Parts":
        """The sum with ``other``: part by part where both have the same parts.

        Raises:
            SltkError: two shapes.
        """
        if self.shape != other.shape:
            raise SltkError(f"sum {name!r} adds shapes {self.shape} and {other.shape}; give both the same.")
        if self._ends != other._ends:
            self.merge(name)
            other.merge(name)
        found: list[Place] = []
        for part, mine, its in zip(self._names(), self.places, other.places, strict=True):
            self.chain.join(f"{name}{part}", mine, its)
            found.append(self.chain.place)
        return Parts(self.chain, tuple(found))

    def merge(self, name: str) -> None:
        """Bring the parts together in one place, by the map of each channel to itself."""
        if len(self.places) > 1:
            one = torch.eye(self.shape[0], dtype=torch.float64)
            self._affine(mixing(f"{name} (identity)", one, torch.zeros_like(one[0]), self.shape))

    def _each(self, append: Callable[[str], None]) -> None:
        found: list[Place] = []
        for part, place in zip(self._names(), self.places, strict=True):
            self.chain.go(place)
            append(part)
            found.append(self.chain.place)
        self.places = tuple(found)

    def _names(self) -> list[str]:
        return [""] if len(self.places) == 1 else [f", part {k + 1}" for k in range(len(self.places))]

    def _affine(self, affine: Affine) -> None:
        if len(self.places) > 1 and affine.inputs != self.shape[0]:
            raise SltkError(
                f"layer {affine.name!r} reads {affine.inputs} channels, but gets inputs of shape {self.shape}."
            )
        each = affine.weight.shape[1]
        if len(self.places) > 1 and affine.groups > 1 and all(end % each == 0 for end in self._ends):
            self._by_groups(affine)
            return
        maps = [affine] if len(self.places) == 1 else self._split(affine)
        stages: list[int] = []
        for place, own in zip(self.places, maps, strict=True):
            self.chain.go(place)
            self.chain.affine(own)
            stages.append(self.chain.at)
        self.chain.add_up(stages)
        self.places = (self.chain.place,)

    def _by_groups(self, affine: Affine) -> None:
        """Every group reads one part alone: the map of a concatenation is the concatenation of its maps."""
        inputs, outputs = affine.weight.shape[1], affine.weight.shape[0] // affine.groups
        spans = iter([(start // inputs, stop // inputs) for start, stop in pairwise(self._ends)])

        def own(part: str) -> None:
            first, last = next(spans)
            rows = slice(first * outputs, last * outputs)
            name, weight, bias = f"{affine.name}{part}", affine.weight[rows], affine.bias[rows]
            self.chain.affine(replace(affine, name=name, weight=weight, bias=bias, groups=last - first))

        self._each(own)

    def _split(self, affine: Affine) -> list[Affine]:
        """The maps of the parts; the last of them has the bias."""
        last = len(self.places) - 1
        affine = replace(affine, weight=affine.blocks(affine.weight), groups=1)
        return [
            replace(
                affine,
                name=f"{affine.name}{part}",
                weight=affine.weight[:, start:stop],
                bias=affine.bias if number == last else torch.zeros_like(affine.bias),
            )
            for number, (part, (start, stop)) in enumerate(zip(self._names(), pairwise(self._ends), strict=True))
        ]


def concatenated(name: str, values: list[Parts], axis: object) -> Parts:
    """The values side by side along their channels.

    Raises:
        SltkError: another axis, or shapes that differ elsewhere.
    """
    shapes = [value.shape for value in values]
    axes = 1 + len(shapes[0])
    if not isinstance(axis, int) or isinstance(axis, bool) or axis % axes != 1:
        raise SltkError(f"layer {name!r} concatenates along axis {axis!r}; only channels are, axis 1: write dim=1.")
    if any(shape[1:] != shapes[0][1:] or len(shape) != len(shapes[0]) for shape in shapes):
        raise SltkError(f"layer {name!r} concatenates shapes {shapes}; all axes but the channels must be the same.")
    return Parts(values[0].chain, tuple(place for value in values for place in value.places))
