"""Target and ticket on labelled rows: counts by hand, and the rows that are taken of each class."""

import torch
from torch import Tensor

from sltk.verify.agreement import agreement, first_of_each_class

X = torch.eye(3).repeat(2, 1)
Y = torch.tensor([0, 1, 2, 1, 1, 2])


def shifted(x: Tensor) -> Tensor:
    """Another answer for the third row of every three, and its outputs off by 2."""
    return x - 2.0 * (x[:, 2:] > 0) * torch.tensor([0.0, 0.0, 1.0])


def test_counts_are_those_of_the_rows():
    same = agreement(lambda x: x, lambda x: x, X, Y, batch=4)
    assert (same.rows, same.target_correct, same.ticket_correct, same.differing, same.error) == (6, 5, 5, 0, 0.0)
    other = agreement(lambda x: x, shifted, X, Y, batch=4)
    assert (other.target_correct, other.ticket_correct, other.differing, other.error) == (5, 3, 2, 2.0)
    assert set(other.worst[:2].tolist()) == {2, 5}


def test_first_rows_of_every_class():
    labels = torch.tensor([2, 0, 2, 2, 0, 1])
    assert first_of_each_class(labels, 2).tolist() == [1, 4, 5, 0, 2]
    assert first_of_each_class(labels, 1).tolist() == [1, 5, 0]
