"""Rows of named streams: the same numbers in any order and on any device, and pools that are drawn where they lie."""

import numpy as np
import pytest
import torch

from sltk.core import device_words, philox
from sltk.core.errors import SltkError
from sltk.core.rng import key
from sltk.subset_sum import Drawn, LogUniform, Normal, Uniform, solve, solve_stream
from sltk.subset_sum.stream import drawn, on_device
from tests.subset_sum.stream.answers import joined, same

GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
DEVICES = pytest.mark.parametrize("device", ["torch:cpu", pytest.param("cuda", marks=GPU)])
ASKED = {
    "error": {"objective": "error"},
    "error within": {"objective": "error", "eps": 0.001},
    "cardinality": {"objective": "cardinality", "eps": 0.01},
    "mass": {"objective": "mass", "eps": 0.02},
    "weighted": {"objective": "weighted", "eps": 0.02, "alpha": 2.0, "costs": np.linspace(0.1, 2.0, 15)},
    "free": {"objective": "weighted", "alpha": 1.0},
}
COUNT, N = 90, 15


def pools(seed: int = 5) -> Drawn:
    return Drawn(Uniform(), seed, "pool", n=N)


def targets() -> Drawn:
    return Drawn(Uniform(), 5, "target", count=COUNT)


def test_a_number_is_a_function_of_seed_name_and_place() -> None:
    """Golden, by the reference of Philox: number 3 of row 7 of the stream ("drawn", "pool") of seed 11."""
    place, own = 7 * 20 + 3, key(11, "drawn", "pool")
    word = philox.philox4x32((place >> 2, 0, 0, 0), (own & 0xFFFFFFFF, own >> 32))[place & 3]
    rows = Drawn(Uniform(), 11, "pool", n=20).rows(7, 9)
    assert rows.shape == (2, 20)
    assert rows[0, 3] == (2 * (word >> 8) + 1 - 2**24) / 2**24 == -0.23622864484786987
    assert Drawn(Uniform(), 11, "pool").rows(143, 144).tolist() == [rows[0, 3]]
    for seed, name in ((12, "pool"), (11, "pools")):
        assert not (Drawn(Uniform(), seed, name, n=20).rows(7, 9) == rows).any()


@pytest.mark.parametrize("law", [Uniform(0.3), Normal(1.0), LogUniform(0.01, 1.0)])
def test_rows_are_the_same_in_any_order_and_on_any_device(law, monkeypatch: pytest.MonkeyPatch) -> None:
    own = Drawn(law, 2, "pool", n=7)
    whole = own.rows(0, 40)
    monkeypatch.setattr(drawn, "PIECE", 10)
    order = np.array([39, 0, 17, 17])
    assert (own.at(order) == whole[order]).all()
    assert (own.rows(11, 31) == whole[11:31]).all()
    assert (own.on(11, 31, torch.device("cpu")).numpy() == whole[11:31]).all()
    assert own.rows(5, 5).shape == (0, 7)


@DEVICES
@pytest.mark.parametrize("asked", ASKED)
def test_pools_drawn_on_a_device_have_the_answers_of_the_cpu(asked: str, device: str) -> None:
    wanted = solve(pools().rows(0, COUNT), targets().rows(0, COUNT), **ASKED[asked])
    assert same(joined(solve_stream(pools(), targets(), chunk=40, device=device, **ASKED[asked])), wanted)
    given = targets().rows(0, COUNT)
    assert same(joined(solve_stream(pools(), given, chunk=40, device=device, **ASKED[asked])), wanted)


@DEVICES
@pytest.mark.parametrize("asked", ["error", "cardinality", "mass"])
def test_pools_never_travel(asked: str, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No pool is drawn on the CPU but those of rows that the device left open; of these, all are counted."""
    wanted = solve(pools().rows(0, COUNT), targets().rows(0, COUNT), **ASKED[asked])
    rows, at, left = Drawn.rows, Drawn.at, list[int]()

    def none_of_the_pool(self: Drawn, low: int, high: int) -> np.ndarray:
        assert self.name != "pool"
        return rows(self, low, high)

    monkeypatch.setattr(Drawn, "rows", none_of_the_pool)
    monkeypatch.setattr(Drawn, "at", lambda self, which: left.extend(which) or at(self, which))
    assert same(joined(solve_stream(pools(), targets(), chunk=40, device=device, **ASKED[asked])), wanted)
    assert len(left) == (0 if asked == "error" else (~wanted.reached).sum())
    with pytest.raises(AssertionError):  # negative control: on the CPU they are
        joined(solve_stream(pools(), targets(), chunk=40, **ASKED[asked]))


def test_what_a_device_cannot_draw_is_drawn_on_the_cpu() -> None:
    pool = Drawn(Normal(1.0), 5, "pool", n=N)
    for own, more in ((pool, {}), (pools(), {"size": 6}), (pools(), {"locked": np.arange(N) == 2})):
        wanted = joined(solve_stream(own, targets(), **more))
        assert same(joined(solve_stream(own, targets(), chunk=40, device="torch:cpu", **more)), wanted)


@pytest.mark.parametrize("broken", ["another word", "samples in another order", "misses that count as found"])
def test_a_broken_device_is_noticed(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative controls: each changes an answer."""
    asked = {"objective": "cardinality", "eps": 1e-4}
    wanted = joined(solve_stream(pools(), targets(), **asked))
    assert same(joined(solve_stream(pools(), targets(), device="torch:cpu", **asked)), wanted)
    if broken == "another word":
        words = device_words.words_at
        monkeypatch.setattr(device_words, "words_at", lambda key, flat, word: words(key, flat, word + 1))
    elif broken == "samples in another order":
        on = Drawn.on
        monkeypatch.setattr(Drawn, "on", lambda self, *where: on(self, *where).roll(1, 1))
    else:
        monkeypatch.setattr(on_device.PoolsOnDevice, "_finish", lambda *_: None)
    assert not same(joined(solve_stream(pools(), targets(), device="torch:cpu", **asked)), wanted)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"seed": -1}, "seed must satisfy"),
        ({"n": 0}, "Drawn needs n >= 1, or None, but got n=0"),
        ({"count": 0}, "Drawn needs count >= 1"),
        ({"n": 2**40, "count": 2**40}, r"at most 2\*\*63 numbers"),
    ],
)
def test_what_cannot_be_drawn_is_said(arguments: dict, said: str) -> None:
    with pytest.raises(SltkError, match=said):
        Drawn(**({"law": Uniform(), "seed": 1, "name": "pool"} | arguments))
