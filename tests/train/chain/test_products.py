"""Products of a chain: what the compiled ones add up, in which order, and when they are taken."""

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.core.threads import limit
from sltk.models.dense import dense_network
from sltk.train.chain import products, recognise
from sltk.train.chain.layer import turned_bmm
from sltk.train.chain.product_kernels import product, turn
from sltk.train.chain.products import Compiled, Kind, Times, block_of, laid, same_bits, times
from tests.train.chain.test_chain import both_ways, same
from tests.train.engine_task import state_of

PLAIN = Kind(0, (40, 50, 60), False, False, False)
KINDS = [
    PLAIN,
    Kind(0, (300, 20, 33), True, False, False),
    Kind(0, (33, 47, 70), False, True, False),
    Kind(0, (64, 47, 300), False, True, True),
    Kind(0, (64, 47, 300), False, False, True),
    Kind(3, (40, 50, 60), False, False, False),
    Kind(3, (40, 50, 60), True, False, False),
    Kind(3, (40, 50, 60), False, True, True),
    Kind(3, (40, 50, 60), True, False, True),
]


def of_torch(kind: Kind) -> Times:
    if kind.biased:
        return torch.baddbmm if kind.count else torch.addmm
    return (turned_bmm if kind.left_turned else torch.bmm) if kind.count else torch.mm


def whole(kind: Kind, seed: int) -> list[Tensor]:
    """Bias and factors of whole numbers, whose products are exact in any order."""
    left, right, bias = kind.operands()
    generator = torch.Generator().manual_seed(seed)
    for one in (left, right, *bias):
        one.copy_(torch.randint(-9, 10, one.shape, generator=generator))
    return [*bias, left, right]


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Compiled products wherever they give torch's bits, whatever they take, in the smallest network."""
    monkeypatch.setattr(recognise, "LEAST", 0)
    monkeypatch.setattr(products, "_sooner", lambda *_: True)
    products._tried.cache_clear()
    yield
    products._tried.cache_clear()


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("block", [7, 1000])
def test_a_product_is_the_product(kind: Kind, block: int) -> None:
    """Every layout, and sizes that no tile divides: exact for whole numbers."""
    given = whole(kind, 1)
    wanted = given[-2].double() @ given[-1].double() + (given[0] if kind.biased else 0.0)
    out = torch.full(wanted.shape, torch.nan)
    assert torch.equal(Compiled(kind, block)(*given, out=out).double(), wanted)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.right_turned], ids=str)
def test_factors_that_never_change_are_laid_once(kind: Kind) -> None:
    """The same bits, of numbers that are rounded."""
    left, right, bias = kind.operands()
    for one in (left, right, *bias):
        one.normal_(generator=torch.Generator().manual_seed(5))
    taken, kept = laid(Compiled(kind, 29), right)
    assert kept.is_contiguous()
    assert torch.equal(kept, right)
    wanted, found = kind.out(), kind.out()
    Compiled(kind, 29)(*bias, left, right, out=wanted)
    assert torch.equal(taken(*bias, left, kept, out=found), wanted)
    assert laid(torch.mm, right) == (torch.mm, right)


@pytest.mark.parametrize(("rows", "columns"), [*itertools.product((16, 37, 64), repeat=2)])
def test_turned_matrices(rows: int, columns: int) -> None:
    source = torch.randn(2, rows, columns, generator=torch.Generator().manual_seed(0))
    out = torch.zeros(2, columns, rows)
    turn(out.data_ptr(), source.data_ptr(), 2, rows, columns)
    assert torch.equal(out, source.mT)


@pytest.mark.parametrize("block", [5, 13, 24])
def test_terms_are_added_in_order_and_in_blocks(block: int) -> None:
    """Bit for bit: one fused multiply-add a term, then one sum a block, the bias first.

    The oracle rounds twice, to float64 and to float32, and so may differ once in 2^29 operations; here are 30,000.
    """
    generator = np.random.default_rng(0)
    left, right, bias = (generator.normal(size=s).astype(np.float32) for s in ((24, 24), (24, 48), (24,)))
    wanted = np.repeat(bias[:, None], 48, 1)
    for first in range(0, 24, block):
        sums = np.zeros((24, 48), np.float32)
        for k in range(first, min(24, first + block)):
            wide = left[:, k, None].astype(np.float64) * right[k].astype(np.float64)
            sums = (wide + sums.astype(np.float64)).astype(np.float32)
        wanted = wanted + sums
    out = np.empty((24, 48), np.float32)
    to, one, other, begin = (x.ctypes.data for x in (out, left, right, bias))
    product(to, one, other, begin, False, 1, 24, 48, 24, 24, 1, block)
    assert np.array_equal(out.view(np.int32), wanted.view(np.int32))
    product(to, one, other, begin, False, 1, 24, 48, 24, 24, 1, block - 1)
    assert not np.array_equal(out, wanted)  # the control: another block is another rounding


@pytest.mark.parametrize("block", [2, 17, 39, 41, 58, 60])
def test_the_block_is_read_off_a_product(block: int) -> None:
    """Where the first partial sum ends: within the first ``m`` places, at their end, behind them, nowhere."""
    assert block_of(Compiled(PLAIN, block), PLAIN) == block


def test_other_bits_are_told() -> None:
    """Negative control: another block, a last row left out, and the sign of a zero."""

    def without_last(*given: Tensor, out: Tensor) -> Tensor:
        good(*given, out=out)[-1] = 0.0
        return out

    def signed(*given: Tensor, out: Tensor) -> Tensor:
        good(*given, out=out)
        return out.copy_(torch.where(out == 0.0, -0.0, out))

    good = Compiled(PLAIN, 20)
    assert same_bits(good, Compiled(PLAIN, 20), PLAIN)
    assert not same_bits(good, Compiled(PLAIN, 30), PLAIN)
    assert not same_bits(good, without_last, PLAIN)
    lonely = Kind(0, (16, 16, 16), False, False, False)
    nothing = lambda *given, out: out.zero_()  # noqa: E731
    negative = lambda *given, out: out.zero_().neg_()  # noqa: E731
    assert not same_bits(nothing, negative, lonely)


@pytest.mark.usefixtures("always")
def test_a_product_in_another_order_is_left_to_torch() -> None:
    backwards = lambda left, right, out: torch.mm(left.flip(1), right.flip(0), out=out)  # noqa: E731
    left, right = torch.randn(40, 60), torch.randn(60, 50)
    assert times(backwards, left, right) is backwards


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_what_is_taken_has_the_bits_of_torch(kind: Kind) -> None:
    """On numbers that the trial has not seen, a fifth of them 0."""
    left, right, bias = kind.operands()
    generator = torch.Generator().manual_seed(77)
    for one in (left, right, *bias):
        one.normal_(generator=generator)
    left[torch.rand(left.shape, generator=generator) < 0.2] = 0.0
    torchs = of_torch(kind)
    taken = times(torchs, left, right, biased=kind.biased)
    first, second = (torch.empty(*left.shape[:-1], right.shape[-1]) for _ in range(2))
    torchs(*bias, left, right, out=first)
    taken(*bias, left, right, out=second)
    assert torch.equal(first.view(torch.int32), second.view(torch.int32))


def test_factors_that_lie_otherwise_are_laid_anew_and_others_refused() -> None:
    """What compiled code would read at wrong places."""
    left, right = whole(PLAIN, 3)
    wanted, out = left @ right, torch.empty(40, 50)
    wide = torch.zeros(40, 120)
    wide[:, ::2] = left
    taken = Compiled(PLAIN, 60)
    assert torch.equal(taken(wide[:, ::2], right.mT.contiguous().mT, out=out), wanted)
    with pytest.raises(SltkError, match="factor"):
        taken(left[:39], right, out=out)
    for other in (out[:39], torch.empty(50, 40).mT):
        with pytest.raises(SltkError, match="out"):
            taken(left, right, out=other)


def test_what_is_not_known_is_left_to_torch() -> None:
    x = torch.randn(64, 64)
    assert times(torch.mm, x.double(), x.double()) is torch.mm
    assert times(torch.mm, x[:8], x) is torch.mm  # fewer rows than a tile
    assert times(torch.mm, x.mT, x.mT) is torch.mm


def test_the_sooner_one_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that says so."""
    kind = Kind(0, (32, 32, 32), False, False, False)
    for seconds, wanted in ((itertools.cycle([2.0, 1.0]), True), (itertools.cycle([1.0, 2.0]), False)):
        monkeypatch.setattr(products, "_seconds", lambda run, seconds=seconds: next(seconds))
        assert products._sooner(torch.mm, Compiled(kind, 32), kind) is wanted


def four(seed: int) -> nn.Module:
    return dense_network((16, 70, 33, 40, 4), seed)


CHAINS = [("canonical", (0,)), ("dct", (0,)), ("haar", (0,)), ("canonical", (0, 1))]


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize(("basis", "seeds"), CHAINS)
def test_a_chain_of_compiled_products_ends_with_the_bytes_of_autograd(
    basis: str, seeds: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    with limit(1):
        first, second = both_ways(lambda: state_of(four, seeds, basis), monkeypatch)
    assert same(first, second)
    assert first.chain is not None
    if not any(isinstance(layer._forwards, Compiled) for layer in first.chain._layers):
        pytest.skip("torch adds up in another order here, and its own products are taken")


def test_small_networks_are_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "_tried", lambda *_: pytest.fail("a small network pays for no trial"))
    both_ways(lambda: state_of(four, (0,)), monkeypatch)
