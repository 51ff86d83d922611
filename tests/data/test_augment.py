"""Crops and mirror images: against a loop, from streams that no other replica can move."""

import pytest
import torch
import torch.nn.functional as F

from sltk.core.errors import SltkError
from sltk.data.augment import CropFlip


def images(replicas: int = 2, rows: int = 5) -> torch.Tensor:
    return torch.randn(replicas, rows, 3, 6, 7, generator=torch.Generator().manual_seed(0))


def test_against_a_loop() -> None:
    x = images()[0]
    down, right = torch.tensor([0, 1, 2, 3, 4]), torch.tensor([4, 0, 2, 1, 3])
    mirrored = torch.tensor([True, False, True, False, True])
    found = CropFlip(2, fill=-1.0).apply(x, down, right, mirrored)
    for i, image in enumerate(x):
        padded = F.pad(image, (2, 2, 2, 2), value=-1.0)
        want = padded[:, down[i] : down[i] + 6, right[i] : right[i] + 7]
        assert torch.equal(found[i], want.flip(-1) if mirrored[i] else want)


def test_a_replica_sees_the_same_whatever_is_beside_it() -> None:
    x = images()
    both = CropFlip()(x, (7, 8), 3)
    assert torch.equal(both[1:], CropFlip()(x[1:], (8,), 3))
    assert not torch.equal(both[1:], CropFlip()(x[1:], (7,), 3))  # the seed counts
    assert not torch.equal(both[1:], CropFlip()(x[1:], (8,), 4))  # and the position


def test_equal_seeds_share_draws_and_seed_plus_position_does_not_name_a_stream() -> None:
    x = images(1).expand(2, -1, -1, -1, -1)
    shared = CropFlip()(x, (7, 7), 0)
    assert torch.equal(shared[0], shared[1])
    assert not torch.equal(CropFlip()(x, (7, 7), 1)[0], CropFlip()(x, (8, 8), 0)[0])


def test_without_padding_and_mirror_nothing_happens() -> None:
    assert torch.equal(CropFlip(0, flip=False)(images(), (1, 2), 0), images())


def test_other_shapes_are_refused() -> None:
    with pytest.raises(SltkError, match="a seed a replica"):
        CropFlip()(images()[0], (1,), 0)
