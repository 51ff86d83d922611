"""What the main job found, by kind of ticket: worst cases, successes with exact intervals, and predictions."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median

from sltk.core.statistics.stats import clopper_pearson
from sltk.studies.digits import ARMS, Job, Tally, TicketRow


@dataclass(frozen=True)
class Success:
    """Successes over sources at one n, their exact interval, and the prediction with its own.

    ``low`` and ``high`` are Clopper and Pearson's limits at the job's confidence; ``predicted`` is the product
    formula's probability for a source that has not been drawn, and its interval what the estimated factors leave open;
    they are of the job's own n.
    ``own`` are the sources' own probabilities, given what their problems share; ``expected`` is their sum, with its
    limits, and ``p_value`` that of the successes under the Poisson-binomial law of these. ``agrees`` is false where the
    test refutes them, which happens anywhere in the job with probability ``Job.false_alarm`` if they are right.
    """

    method: str
    activation: str
    n: int
    successes: int
    sources: int
    low: float
    high: float
    predicted: float | None
    predicted_low: float | None
    predicted_high: float | None
    expected: float
    expected_low: float
    expected_high: float
    p_value: float
    agrees: bool
    own: tuple[float, ...]

    @property
    def share(self) -> float:
        """Observed share of successes."""
        return self.successes / self.sources


@dataclass(frozen=True)
class Summary:
    """One kind of ticket: errors are the largest over the measured seeds, ``kept`` is the median."""

    method: str
    activation: str
    source: int
    kept: int
    failures: int
    problems: int
    worst_parameter_error: float
    data_error: float
    adversarial_error: float
    certified_bound: float
    largest_output: float
    target_accuracy: float
    ticket_accuracy: float
    differing: int
    bracketed: bool
    success: Success


def successes(job: Job, tallies: Sequence[Tally]) -> list[Success]:
    """Exact intervals beside the counts."""
    found = []
    for t in tallies:
        low, high = clopper_pearson(t.successes, t.sources, job.confidence)
        found.append(
            Success(
                method=t.method,
                activation=t.activation,
                n=t.n,
                successes=t.successes,
                sources=t.sources,
                low=low,
                high=high,
                predicted=t.prediction and t.prediction.p,
                predicted_low=t.prediction and t.prediction.low,
                predicted_high=t.prediction and t.prediction.high,
                expected=sum(t.own.p),
                expected_low=t.test.low,
                expected_high=t.test.high,
                p_value=t.test.p_value,
                agrees=not t.test.rejected,
                own=t.own.p,
            )
        )
    return found


def summaries(job: Job, rows: Sequence[TicketRow], counted: Sequence[Success]) -> list[Summary]:
    """One summary a kind, in the order of the kinds."""
    found = []
    for kind in ARMS:
        own = [r for r in rows if (r.method, r.activation) == (kind.method, kind.activation)]
        success = next(s for s in counted if (s.method, s.activation, s.n) == (kind.method, kind.activation, job.n))
        found.append(_summary(own, success))
    return found


def _summary(rows: Sequence[TicketRow], success: Success) -> Summary:
    return Summary(
        method=success.method,
        activation=success.activation,
        source=rows[0].source,
        kept=round(median(r.kept for r in rows)),
        failures=sum(r.failures for r in rows),
        problems=sum(r.problems for r in rows),
        worst_parameter_error=max(r.worst_parameter_error for r in rows),
        data_error=max(r.data_error for r in rows),
        adversarial_error=max(r.adversarial_error for r in rows),
        certified_bound=max(r.certified_bound for r in rows),
        largest_output=rows[0].largest_output,
        target_accuracy=rows[0].target_accuracy,
        ticket_accuracy=min(r.ticket_accuracy for r in rows),
        differing=max(r.differing for r in rows),
        bracketed=all(bracketed(r) for r in rows),
        success=success,
    )


def bracketed(row: TicketRow) -> bool:
    """Certified bound >= adversarial error >= data error, up to the rounding of the float64 evaluations."""
    slack = 1e-9 * max(row.largest_output, row.certified_bound)
    return row.data_error - slack <= row.adversarial_error <= row.certified_bound + slack


def record(
    job: Job, rows: Sequence[TicketRow], found: Sequence[Summary], counted: Sequence[Success]
) -> dict[str, object]:
    """All of it as JSON."""
    return {
        "job": asdict(job),
        "kinds": [asdict(s) for s in found],
        "rows": [asdict(r) for r in rows],
        "success": [asdict(s) for s in counted],
    }
