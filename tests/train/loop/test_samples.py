"""The rows of a step."""

import torch

from sltk.train.loop.samples import Batch


def test_a_batch_is_written_over_the_one_before() -> None:
    """The rows asked for, replica by replica, in the same tensors at each call."""
    data, labels = torch.arange(24.0).view(6, 2, 2), torch.arange(6)
    batch = Batch(data, labels, 2, 3)
    kept = []
    for rows in (torch.tensor([[0, 5, 1], [2, 2, 4]]), torch.tensor([[3, 3, 3], [1, 0, 5]])):
        x, y = batch.take(rows)
        assert torch.equal(x, data[rows])
        assert torch.equal(y, labels[rows])
        kept.append((x.data_ptr(), y.data_ptr()))
    assert kept[0] == kept[1]
    assert torch.equal(data, torch.arange(24.0).view(6, 2, 2))
