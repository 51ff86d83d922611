"""The main job: tickets of small networks that read handwritten digits, built, certified, attacked and measured.

Two small convolutional networks, one with ReLU and one with tanh, are trained on scikit-learn's digits. For each of
them and each construction, several sources are drawn, one a seed; none is drawn again where a pool fails.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sltk.certify.adversary import sup_error
from sltk.certify.intervals import Box
from sltk.construct import Construction, Recipe, Search, StrongTicket
from sltk.construct.predict.own import SourcePredictions, predict_sources
from sltk.construct.predict.success import Prediction
from sltk.construct.recipe import Objective
from sltk.core.report import Report
from sltk.core.statistics.poisson_binomial import SuccessTest
from sltk.core.threads import limit
from sltk.data.datasets import Dataset, load
from sltk.models.digits import digits_conv, train
from sltk.networks.network import Network
from sltk.networks.reading.read import read
from sltk.verify.agreement import agreement

ACTIVATIONS = ("relu", "tanh")
METHODS = ("plus-one", "two-layer")
DENSITY = 0.5  # of the targets: pruned while they are trained, as the targets of the field are


@dataclass(frozen=True)
class Job:
    """What is run.

    Args:
        seeds: sources of every kind whose tickets are measured: 0, 1, ...
        sources: sources of every kind and n over which success is counted: 0, 1, ...
        n: samples of a pool.
        param_eps: tolerance of every parameter.
        law: of the source's weights.
        sweep: other n at which only success is counted.
        restarts: starts of each sort in the adversarial search.
        steps: steps of that search.
        draws: of the shared weights, for the prediction of a source that has not been drawn.
        confidence: of every interval.
        false_alarm: of all tests of predictions against successes together.
    """

    seeds: int = 10
    sources: int = 40
    n: int = 22
    param_eps: float = 0.01
    law: str = "uniform(2.0)"
    sweep: tuple[int, ...] = (14, 16, 18, 20)
    restarts: int = 6
    steps: int = 25
    draws: int = 3000
    confidence: float = 0.95
    false_alarm: float = 0.05


@dataclass(frozen=True)
class Arm:
    """A construction and the activation of its target."""

    method: str
    activation: str

    @property
    def label(self) -> str:
        """Both, in words."""
        return f"{self.method}, {self.activation}"


ARMS = tuple(Arm(method, activation) for activation in ACTIVATIONS for method in METHODS)


@dataclass(frozen=True)
class Subject:
    """A trained target with the data that it was trained for."""

    network: Network
    data: Dataset
    box: Box


@dataclass(frozen=True)
class TicketRow:
    """One ticket: one kind, one seed. Errors are absolute, in units of the target's outputs."""

    method: str
    activation: str
    seed: int
    n: int
    succeeded: bool
    failures: int
    problems: int
    source: int
    kept: int
    worst_parameter_error: float
    data_error: float
    adversarial_error: float
    certified_bound: float
    largest_output: float
    target_accuracy: float
    ticket_accuracy: float
    differing: int
    rows: int
    seconds: float


@dataclass(frozen=True)
class Tally:
    """Successes over sources at one n.

    Attributes:
        prediction: for a source that has not been drawn; at the job's own n.
        own: for these sources, from what each of them shares among its problems.
        test: of ``own`` against the successes.
    """

    method: str
    activation: str
    n: int
    successes: int
    sources: int
    prediction: Prediction | None
    own: SourcePredictions
    test: SuccessTest


@limit(1)  # small networks run twice as fast when torch does not spread each of their layers over the cores
def trained_subjects(seed: int = 0) -> dict[str, Subject]:
    """The targets, trained on the spot, by activation."""
    data = load("digits")
    subjects = {}
    for activation in ACTIVATIONS:
        module = digits_conv(activation, seed)
        train(module, data, seed=seed, density=DENSITY)
        subjects[activation] = Subject(read(module, data.input_shape), data, Box(data.low, data.high))
    return subjects


def build(
    job: Job, kind: Arm, subject: Subject, seed: int, n: int | None = None, objective: Objective = "weighted"
) -> StrongTicket:
    """One ticket of ``kind`` from the source of ``seed``."""
    return construction(job, kind, subject, n).build(seed, Search(objective))


def construction(job: Job, kind: Arm, subject: Subject, n: int | None = None) -> Construction:
    """The construction of ``kind``, with ``n`` samples a pool or the job's own number."""
    recipe = Recipe(kind.method, job.n if n is None else n, job.param_eps, law=job.law)
    return Construction(subject.network, subject.box, recipe)


@limit(1)
def measured(job: Job, kind: Arm, subject: Subject, seed: int) -> tuple[TicketRow, NDArray[np.float64]]:
    """One ticket built and measured: its row, and the errors of all its effective parameters."""
    started = time.perf_counter()
    ticket = build(job, kind, subject, seed)
    parameters, sizes = ticket.parameters, ticket.sizes
    assert sizes.kept is not None
    x, y = subject.data.test_x, subject.data.test_y
    module = ticket.module("sparse").eval().double()
    met = agreement(subject.network, module, x.double(), y, batch=len(x))
    worst = x[met.worst].double()
    attack = sup_error(
        subject.network, module, subject.box, data=worst, shape=subject.data.input_shape,
        restarts=job.restarts, steps=job.steps, seed=seed,
    )  # fmt: skip
    row = TicketRow(
        method=kind.method,
        activation=kind.activation,
        seed=seed,
        n=job.n,
        succeeded=ticket.reached,
        failures=len(ticket.failures),
        problems=ticket.problems,
        source=sizes.source,
        kept=sizes.kept,
        worst_parameter_error=max(stage.worst() for stage in parameters),
        data_error=met.error,
        adversarial_error=attack.error,
        certified_bound=ticket.certificate.bound,
        largest_output=met.largest,
        target_accuracy=met.target_accuracy,
        ticket_accuracy=met.ticket_accuracy,
        differing=met.differing,
        rows=met.rows,
        seconds=time.perf_counter() - started,
    )
    return row, np.concatenate([stage.built() for stage in parameters])


def measure_all(
    job: Job, subjects: dict[str, Subject], report: Report
) -> tuple[list[TicketRow], dict[str, NDArray[np.float64]]]:
    """All tickets: rows in order of kind and seed, and parameter errors by kind's label."""
    rows: list[TicketRow] = []
    errors: dict[str, NDArray[np.float64]] = {}
    for kind in ARMS:
        found = []
        for seed in range(job.seeds):
            report("tickets", len(rows), len(ARMS) * job.seeds)
            row, parameters = measured(job, kind, subjects[kind.activation], seed)
            rows.append(row)
            found.append(parameters)
        errors[kind.label] = np.concatenate(found)
    report("tickets", len(rows), len(rows))
    return rows, errors


def count_successes(job: Job, subjects: dict[str, Subject], report: Report, folder: Path | None = None) -> list[Tally]:
    """Successes over all sources at every n of the sweep and at the job's own n, beside what is predicted.

    Whether a source holds the network does not depend on which of the subsets within tolerance is taken, so the
    objective that finds one soonest is used. Estimates are kept in ``folder`` by their content.
    """
    todo = [(kind, n) for kind in ARMS for n in (*job.sweep, job.n)]
    tallies = []
    for done, (kind, n) in enumerate(todo):
        report("success against n", done, len(todo))
        tallies.append(tally(job, kind, subjects[kind.activation], n, job.false_alarm / len(todo), folder))
    report("success against n", len(todo), len(todo))
    return tallies


def tally(job: Job, kind: Arm, subject: Subject, n: int, false_alarm: float, folder: Path | None) -> Tally:
    """One kind at one n; a fifth of the false alarm is spent on the limits of the sources' own predictions."""
    asked, seeds = construction(job, kind, subject, n), range(job.sources)
    prediction = asked.predict(draws=job.draws, confidence=job.confidence, folder=folder) if n == job.n else None
    own = predict_sources(asked, seeds, confidence=1.0 - false_alarm / 5.0, folder=folder)
    successes = sum(build(job, kind, subject, seed, n, "cardinality").reached for seed in seeds)
    test = own.test(successes, 0.8 * false_alarm)
    return Tally(kind.method, kind.activation, n, successes, len(seeds), prediction, own, test)
