"""The contract of an affine kind: besides that of every kind, what certificates and constructions ask of it."""

import json
from collections.abc import Iterator

import pytest
import torch
from torch import nn

from sltk.construct.architecture import architecture_of, from_json, to_json
from sltk.networks.affine import Affine
from sltk.networks.network import Network, Stage
from sltk.networks.op import Op
from sltk.networks.ops import affine_kind
from sltk.networks.reading.read import read
from tests.networks.ops.contract import OpContract, Shape, normal


class AffineContract(OpContract):
    """Affine maps: what the certificates and the constructions ask besides."""

    def _affine(self) -> Iterator[tuple[Affine, Shape]]:
        for op, shape in self.examples():
            assert isinstance(op, Affine)
            yield op, shape

    def taps(self, op: Affine, shape: Shape) -> Iterator[tuple[tuple[int, ...], int, int, int | None]]:
        """``(output, parameter of its row, input channel, flat input or None)``, by a way independent of the kind.

        Parameters are counted as the weight has them, channels over all groups.
        """
        raise NotImplementedError

    def _read(self, module: nn.Module, shape: Shape) -> Op:
        (stage,) = read(module, shape).stages
        return stage.affine

    def test_an_architecture_keeps_the_geometry_through_json(self) -> None:
        for op, shape in self._affine():
            kept = architecture_of(Network(shape, (Stage(op),)))
            again = from_json(json.loads(json.dumps(to_json(kept))), {})
            assert again == kept
            stage, kind = again.stages[0], affine_kind(again.stages[0].kind)
            assert kind is type(op)
            own = stage.inputs // stage.groups
            assert kind.weight_shape(stage.outputs, own, stage.inner, stage.kernel) == op.weight.shape
            blank = {"stride": stage.stride, "padding": stage.padding, "dilation": stage.dilation}
            blank |= {"groups": stage.groups}
            with_geometry = kind("blank", op.weight, op.bias, **{k: v for k, v in blank.items() if k in vars(op)})
            assert torch.equal(with_geometry(normal(1, 2, *shape)), op(normal(1, 2, *shape)))

    def test_windows_and_correlation_are_the_map(self) -> None:
        for op, shape in self._affine():
            rows = 3 * op.weight.shape[0]
            x, weight = normal(2, 1, *shape), normal(3, rows, *op.geometry.shape[1:])
            dense = torch.cat([op.blocks(part) for part in weight.chunk(3)]).flatten(1) @ op.windows(x)
            torch.testing.assert_close(op.correlate(weight, x)[0].reshape(rows, -1), dense)
            assert op.blocks(op.kernel).shape[1] == op.inputs == shape[0]
            assert op.output_positions(shape) == tuple(op(x).shape[2:])
            bias = op.offset.reshape(-1, *(1,) * (len(shape) - 1))
            torch.testing.assert_close(op.correlate(op.kernel, x)[0] + bias, op(x)[0])

    def test_support_reach_is_the_largest_sum_over_a_support(self) -> None:
        for op, shape in self._affine():
            reach, support = normal(4, *shape).abs(), (op.weight.flatten(1) != 0)
            sums: dict[tuple[int, ...], float] = {}
            for output, parameter, _, place in self.taps(op, shape):
                if place is not None and bool(support[output[0], parameter]):
                    sums[output] = sums.get(output, 0.0) + float(reach.flatten()[place])
            assert op.support_reach(reach) == pytest.approx(max(sums.values()), rel=1e-13)

    def test_every_parameter_meets_at_most_what_is_said(self) -> None:
        for op, shape in self._affine():
            sizes = normal(5, 2, *shape).abs()
            inputs = op.inputs
            inner = op.weight[0, 0].numel()
            found = op.by_parameter(sizes, inputs, inner)
            assert found.shape == (2, inputs, inner)
            met = torch.zeros(inputs * inner).double()
            for _, parameter, channel, place in self.taps(op, shape):
                if place is not None:
                    assert parameter // inner == channel % op.geometry.shape[1]
                    meets = channel * inner + parameter % inner
                    met[meets] = max(met[meets], sizes[0].flatten()[place])
            assert bool((found[0].flatten() >= met).all())
            assert float(found.max()) == float(sizes.max())

    def test_constant_taps_are_those_that_never_meet_the_padding(self) -> None:
        for op, shape in self._affine():
            geometry = op.geometry
            inner = op.weight[0, 0].numel()
            rows = [(parameter, place) for _, parameter, channel, place in self.taps(op, shape) if channel == 0]
            padded = {parameter for parameter, place in rows if place is None}
            found = op.constant_taps(inner, geometry.shape[2:], geometry.padding, geometry.dilation)
            assert not padded.intersection(found), op
            assert padded or found == tuple(range(inner)), op

    def test_channels_can_be_mapped_to_themselves(self) -> None:
        for op, shape in self._affine():
            gain, shift, x = normal(6, shape[0]), normal(7, shape[0]), normal(8, 2, *shape)
            own = type(op).diagonal("own", gain, shift, shape)
            assert own is not None
            spread = (-1, *(1,) * (len(shape) - 1))
            torch.testing.assert_close(own(x), x * gain.reshape(spread) + shift.reshape(spread))
            assert type(op).diagonal("own", gain, shift, (*shape, 2)) is None

    def test_groups_hold_all_parameters_of_a_neuron(self) -> None:
        for op, _ in self._affine():
            degree = op.weight[0].numel()
            inputs = op.geometry.shape[1]
            for channels in (None, 1, inputs):
                assert_product(op.grouped(inputs, degree // inputs, channels), degree)
            assert_product(op.univariate(inputs, degree // inputs), degree)


def assert_product(pair: tuple[int, int], degree: int) -> None:
    assert pair[0] * pair[1] == degree
