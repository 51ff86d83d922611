"""The contract of a training method. A new method is found by its file, and adds one case here."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

import sltk.train.methods
from sltk.core.errors import SltkError
from sltk.train.checkpoint import load_checkpoint, save_checkpoint
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.loop.samples import Samples, Task
from sltk.train.loop.state import State
from sltk.train.methods import TrainingMethod, registry
from sltk.train.methods.after_training import AfterTraining
from sltk.train.methods.at_init import AtInit
from sltk.train.methods.dense import Dense
from sltk.train.methods.dynamic.acdc import Acdc
from sltk.train.methods.dynamic.rigl import Rigl
from sltk.train.methods.dynamic.set import Set
from sltk.train.methods.edge_popup import EdgePopup
from sltk.train.methods.growing_l2 import GrowingL2Pruning
from sltk.train.methods.iht import Iht
from sltk.train.methods.imp import Imp
from sltk.train.methods.rst import Rst
from sltk.train.methods.scratch import Scratch
from sltk.train.methods.search.bernoulli import Bernoulli
from sltk.train.methods.search.concrete import Concrete
from sltk.train.methods.search.iterand import Iterand
from sltk.train.methods.search.multicoat import Multicoat
from sltk.train.outcome import Outcome
from sltk.train.phases.base import Phase, Phases
from sltk.train.phases.measure import Measure
from sltk.train.phases.prune import Prune
from sltk.train.phases.train import Train
from sltk.train.pruning.scopes import GLOBAL, LAYERWISE, Scope
from sltk.train.runner import finish, run, start
from sltk.train.setup import Setup
from tests.train.engine_task import dense, small_task

TASK, WEIGHTS = small_task(), 240
SETUP = Setup(seeds=(0, 1), epochs=1, recipe=TrainingRecipe(rate=0.05, batch=40))
METHODS = {
    "imp": Imp(0.25, rounds=2),
    "imp, layerwise": Imp(0.25, rounds=2, scope=LAYERWISE),
    "imp, rates": Imp(0.25, rounds=2, weights=False, rewind=2),
    "imp, densities": Imp(0.25, densities=(0.6, 0.25), rewind=3),
    "iht": Iht(0.25, thresholds=3, final_epochs=1),
    "rst": Rst(0.25, final_epochs=1),
    "rst, cycles": Rst(0.25, cycles=2, final_epochs=1),
    "growing-l2": GrowingL2Pruning(0.25),
    "edge-popup": EdgePopup(0.25),
    "edge-popup, own": EdgePopup(0.25, law="own"),
    "bernoulli": Bernoulli(0.25),
    "concrete": Concrete(0.25, rewind=2, search_epochs=1),
    "iterand": Iterand(0.25, every=2, share=0.5),
    "multicoat": Multicoat(0.25, coats=3),
    "snip": AtInit(0.25, score="snip"),
    "grasp": AtInit(0.25, score="grasp"),
    "acdc": Acdc(0.25, cycles=2),
    "rigl": Rigl(0.25, every=2),
    "set": Set(0.25, every=2),
    "synflow": AtInit(0.25, score="synflow"),
    "random": AtInit(0.25, score="random"),
    "after-training": AfterTraining(0.25),
    "l1": AfterTraining(0.25, l1=1e-3),
    "scratch": Scratch(0.25),
    "dense": Dense(),
}
every_method = pytest.mark.parametrize("method", METHODS.values(), ids=list(METHODS))


class Shift:
    """An augmentation that counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, x: Tensor, seeds: Sequence[int], position: int) -> Tensor:
        self.calls += 1
        return x.roll(position % 2, -1)


def whole(method: TrainingMethod) -> Outcome:
    """One run of ``method``, shared by the checks: nobody changes it."""
    if id(method) not in _RUNS:
        _RUNS[id(method)] = method, run(method, dense, TASK, SETUP)
    return _RUNS[id(method)][1]


_RUNS: dict[int, tuple[TrainingMethod, Outcome]] = {}


class Stop(Exception):
    """Raised where a run is interrupted."""


def doubled(task: Task) -> Task:
    return Task(*(Samples(part.x.double(), part.y) for part in (task.train, task.validation, task.test)))


def contents(outcome: Outcome) -> dict[str, Tensor]:
    return dict(outcome.state.replicas.state_dict()) | {"generator": outcome.state.generator}


def same_bytes(first: Outcome, second: Outcome) -> bool:
    a, b = contents(first), contents(second)
    return first.rows == second.rows and set(a) == set(b) and all(torch.equal(a[name], b[name]) for name in a)


class TestMethod:
    """What every method promises, at toy size; each check stands alone, so that a broken method can be put to it."""

    @every_method
    def test_keeps_the_density_exactly_and_gives_plain_modules(self, method: TrainingMethod) -> None:
        outcome = whole(method)
        assert {row["density"] for row in outcome.last} == {method.density}
        assert all(torch.equal(t.gate, t.mask) for t in outcome.state.replicas.tickets.values())
        plain = outcome.module(1)
        zeros = sum(int((p == 0).sum()) for n, p in plain.named_parameters() if n.endswith("weight"))
        assert zeros == WEIGHTS - round(method.density * WEIGHTS)
        right = (plain.eval()(TASK.test.x).argmax(1) == TASK.test.y).double().mean()
        assert outcome.accuracy(outcome.last[0]["label"])[1] == pytest.approx(float(right))

    @every_method
    def test_equal_seeds_give_equal_bytes_and_others_do_not(self, method: TrainingMethod) -> None:
        first = whole(method)
        assert same_bytes(first, run(method, dense, TASK, SETUP))
        assert not same_bytes(first, run(method, dense, TASK, replace(SETUP, seeds=(2, 3))))

    @every_method
    def test_stacked_equals_one_by_one(self, method: TrainingMethod) -> None:
        def double(seed: int) -> torch.nn.Module:
            return dense(seed).double()

        task = doubled(TASK)
        together = run(method, double, task, SETUP)
        for place, seed in enumerate(SETUP.seeds):
            alone = run(method, double, task, replace(SETUP, seeds=(seed,)))
            for name, ticket in alone.state.replicas.tickets.items():
                stacked = together.state.replicas.tickets[name]
                assert torch.equal(ticket.mask[0], stacked.mask[place]), name
                assert torch.allclose(ticket()[0], stacked()[place], rtol=0, atol=1e-10), name

    @every_method
    @pytest.mark.parametrize("stop", [2, 10])
    def test_a_resumed_run_ends_with_the_same_bits(self, method: TrainingMethod, stop: int, tmp_path: Path) -> None:
        self.resumes(method, stop, tmp_path / "checkpoint")

    def resumes(self, method: TrainingMethod, stop: int, path: Path) -> None:
        kept = 0

        def keep(state: State) -> None:
            nonlocal kept
            kept += 1
            if kept == stop:
                save_checkpoint(state, path)
                raise Stop

        cut = start(method, dense, TASK, SETUP)
        cut.keep = keep
        try:
            finish(method, cut, SETUP)
        except Stop:
            cut = start(method, dense, TASK, SETUP)
            load_checkpoint(cut, path, method.phases(SETUP, len(TASK.train.y)))
            assert same_bytes(finish(method, cut, SETUP), whole(method))
        else:
            assert kept < stop  # it was over before

    @every_method
    def test_every_training_follows_the_setup(self, method: TrainingMethod) -> None:
        shift, told = Shift(), list[tuple[int, int]]()
        report = lambda done, total: told.append((done, total))  # noqa: E731
        moved = run(method, dense, TASK, replace(SETUP, augment=shift, report=report))
        steps = [phase.steps for phase in method.phases(SETUP, len(TASK.train.y)) if isinstance(phase, Train)]
        assert shift.calls == sum(steps) > 0
        assert not same_bytes(whole(method), moved)
        assert told == [(n + 1, len(told)) for n in range(len(told))]


def test_every_method_has_a_case() -> None:
    assert {method.name for method in METHODS.values()} == set(registry())
    assert all(type(method) is registry()[method.name] for method in METHODS.values())


@dataclass(frozen=True)
class Broken(TrainingMethod):
    """A mask by magnitude and a training, with one more phase in between."""

    name = "broken"
    density: float = 0.25

    def phases(self, setup: Setup, rows: int) -> Phases:
        recipe, steps = setup.timed(rows)
        return [Prune(self.density), self.wrong(), Train(steps, recipe, augment=setup.augment), Measure("final")]

    def wrong(self) -> Phase:
        """Nothing is wrong here: every check passes, which is a control too."""
        return Prune(self.density)


class OneMore(Broken):
    """Keeps one coefficient less than asked."""

    def wrong(self) -> Phase:
        return Prune(self.density - 1 / WEIGHTS)


class Careless(Broken):
    """Draws from torch's global generator."""

    def wrong(self) -> Phase:
        return Prune(self.density, lambda state, tickets: {n: torch.rand(t.mask.shape) for n, t in tickets.items()})

    def phases(self, setup: Setup, rows: int) -> Phases:
        return super().phases(setup, rows)[1:]


class Mixing(Broken):
    """Lets replicas see each other."""

    def wrong(self) -> Phase:
        return Mix()


@dataclass(frozen=True)
class Mix:
    def run(self, state: State) -> None:
        for ticket in state.replicas.tickets.values():
            ticket.coefficients.data.sub_(0.1 * ticket.coefficients.data.mean(0))


class Forgetful(Broken):
    """Keeps what it has done outside the state."""

    def wrong(self) -> Phase:
        return Once({})

    def phases(self, setup: Setup, rows: int) -> Phases:
        first, own, train, last = super().phases(setup, rows)
        return [first, own, replace(train, steps=3), own, train, last]  # type: ignore[type-var]


@dataclass(frozen=True)
class Once:
    done: dict[int, int]

    def run(self, state: State) -> None:
        self.done[id(state)] = self.done.get(id(state), 0) + 1
        for ticket in state.replicas.tickets.values():
            ticket.coefficients.data.mul_(self.done[id(state)])


class Deaf(Broken):
    """Leaves out the augmentation."""

    def phases(self, setup: Setup, rows: int) -> Phases:
        return super().phases(replace(setup, augment=None), rows)


class LeftOpen(Broken):
    """Chooses a mask, and never cuts."""

    def phases(self, setup: Setup, rows: int) -> Phases:
        return [Prune(self.density, soft=True), *super().phases(setup, rows)[2:]]


CHECKS = {
    "density": lambda method, _: TestMethod().test_keeps_the_density_exactly_and_gives_plain_modules(method),
    "bytes": lambda method, _: TestMethod().test_equal_seeds_give_equal_bytes_and_others_do_not(method),
    "stacked": lambda method, _: TestMethod().test_stacked_equals_one_by_one(method),
    "resumed": lambda method, path: TestMethod().resumes(method, 4, path / "checkpoint"),
    "setup": lambda method, _: TestMethod().test_every_training_follows_the_setup(method),
}


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        (OneMore, "density"),
        (LeftOpen, "density"),
        (Careless, "bytes"),
        (Mixing, "stacked"),
        (Forgetful, "resumed"),
        (Deaf, "setup"),
    ],
)
def test_the_contract_catches_a_broken_method(broken: type[Broken], check: str, tmp_path: Path) -> None:
    CHECKS[check](Broken(), tmp_path)
    with pytest.raises(AssertionError):
        CHECKS[check](broken(), tmp_path)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: Imp(20), "kept fraction"),
        (lambda: Imp(0.1, densities=(0.5, 0.2)), "end with density=0.1"),
        (lambda: Imp(0.1, rewind=-1), "rewind"),
        (lambda: Iht(thresholds=0), "thresholds"),
        (lambda: Dense(0.5), "keeps everything"),
        (lambda: Acdc(cycles=0), "cycles"),
        (lambda: Multicoat(coats=0), "coats"),
        (lambda: Bernoulli(sigma=0.0), "sigma"),
        (lambda: Concrete(tau=0.0), "tau"),
        (lambda: run(Concrete(rewind=6), dense, TASK, SETUP), "within the training"),
        (lambda: Iterand(law="own"), "a law to draw from"),
        (lambda: Iterand(share=2.0), "share"),
        (lambda: Iterand(every=0), "every"),
        (lambda: run(Iterand(), dense, TASK, SETUP), "which is never"),
        (lambda: run(Acdc(cycles=4), dense, TASK, SETUP), "8 parts"),
        (lambda: Rigl(share=0), "share and until"),
        (lambda: Set(scope=GLOBAL), "erk or layerwise"),
        (lambda: Rigl(scope=Scope("n:m")), "erk or layerwise"),
        (lambda: run(Rigl(), dense, TASK, SETUP), "which is never"),
        (lambda: run(Set(0.25, every=2, scope=LAYERWISE), dense, TASK, replace(SETUP, basis="unit")), "in groups"),
        (lambda: Setup(basis="wavelet"), "basis must be"),
        (lambda: Setup(seeds=()), "one seed"),
        (lambda: Setup(steps=0), "steps=0"),
        (lambda: run(Dense(), dense, TASK, Setup(device="cuda:99")), "device='cuda:99'"),
        (lambda: run(Dense(), dense, TASK, Setup(device="toaster")), "device='toaster'"),
        (lambda: run(Dense(), dense, TASK, Setup(device="meta")), "device='meta'"),
    ],
)
def test_wrong_input_is_refused_by_name(make, named: str) -> None:
    with pytest.raises(SltkError, match=named) as told:
        make()
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(("text", "told"), [("", "lonely.py needs one"), ("name = 'other'", "the name 'lonely'")])
def test_a_file_without_its_method_is_refused(text: str, told: str, tmp_path: Path, monkeypatch) -> None:
    written = "from sltk.train.methods.base import TrainingMethod\n"
    written += f"class Lonely(TrainingMethod):\n    {text}\n" if text else ""
    (tmp_path / "lonely.py").write_text(written)
    monkeypatch.setattr(sltk.train.methods, "__path__", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "sltk.train.methods.lonely", raising=False)
    with pytest.raises(SltkError, match=told):
        registry.__wrapped__()
    sys.modules.pop("sltk.train.methods.lonely", None)
