"""The bench of streams at toy size: the problems of ``solve``, and a ratio to it."""

import pytest

from experiments.bench import bench


@pytest.mark.parametrize("shared", [False, True])
def test_a_stream_stands_beside_the_same_problems_in_memory(shared: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "ROUNDS", 1)
    rows = [bench.ours(8, "toy", 50, shared=shared), bench.streamed(8, "toy", 50, shared=shared)]
    assert rows[1].run() == 50
    bench.measure(rows)
    own = bench.ratios(rows[1], rows)
    assert own["over_memory"] == rows[1].rate / rows[0].rate
    assert all(ratio is None for name, ratio in own.items() if name != "over_memory")
    assert bench.ratios(rows[0], rows)["over_memory"] is None


def test_other_answers_of_a_stream_are_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: chunks in another order."""
    monkeypatch.setattr(bench, "costly", list)
    bench.check(None)
    chunked = bench.chunked
    monkeypatch.setattr(bench, "chunked", lambda *asked: reversed(list(chunked(*asked))))
    with pytest.raises(AssertionError, match="a stream takes other subsets"):
        bench.check(None)
