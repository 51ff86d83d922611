"""Success of real tickets over many seeds against the conditional product formula.

Run ``python -m experiments.product_formula.study``; it writes ``out/product_formula/study.json`` and, through
``figure.py``, ``out/product_formula/success.png``.

Null hypothesis: ``strong_ticket`` succeeds with a probability that lies in the predicted interval. The false alarm
is split in halves between that interval and the exact binomial test. The product of marginals, the union bound and
the formula for a network that has lost half of its hidden neurons go through the same test as controls. The power
is the probability that the test refuses a model where the conditional formula is right.
"""

import argparse
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from experiments.product_formula.figure import draw
from sltk.construct import StrongTicket, strong_ticket
from sltk.construct.predict.success import expected_failures, predict_success
from sltk.core.files import canonical_json, write_atomic
from sltk.core.stats import clopper_pearson, power, test_proportion
from sltk.core.threads import limit
from sltk.networks.activations.table import activation
from sltk.networks.layers import Act, Linear, Network, Stage
from sltk.subset_sum.laws import Uniform

FALSE_ALARM = 1e-7


@dataclass(frozen=True)
class Case:
    """A bias-free network with one hidden layer on ``[low, 1]^d``, and the source it is sought in."""

    name: str
    activation: str
    low: float
    hidden: tuple[tuple[float, ...], ...]
    output: tuple[tuple[float, ...], ...]
    n: int
    eps: float
    half_width: float

    def network(self) -> Network:
        """The target."""
        first, last = (_linear(name, w) for name, w in (("hidden", self.hidden), ("output", self.output)))
        phi = Act(activation(self.activation))
        return Network((first.weight.shape[1],), (Stage(first, (phi,)), Stage(last)))

    def ticket(self, network: Network, seed: int) -> StrongTicket:
        """The ticket of one seed."""
        return strong_ticket(
            network, method="plus-one", n=self.n, seed=seed, domain=(self.low, 1.0), param_eps=self.eps,
            objective="cardinality", law=Uniform(self.half_width), biases=False,
        )  # fmt: skip


CASES = (
    Case("ReLU, one input, n = 18", "relu", 0.0, ((0.7,), (-0.7,), (0.7,), (-0.7,), (0.7,), (0.7,)),
         ((1.2, -1.2, 1.2, 1.2, -1.2, 1.2),), 18, 0.1, 1.0),
    Case("tanh, two inputs, n = 16", "tanh", -1.0, ((0.6, -0.5), (-0.6, 0.5), (0.5, 0.6)), ((0.9, -0.7, 0.9),),
         16, 0.1, 1.0),
)  # fmt: skip


@limit(1)  # a ticket of this size is done before a second thread has started
def main(arguments: list[str]) -> None:
    """Run all cases, print them, and write rows and figure."""
    parser = argparse.ArgumentParser(description="Success of real tickets against the product formula.")
    parser.add_argument("--seeds", type=int, default=20_000)
    parser.add_argument("--draws", type=int, default=40_000, help="draws of the incoming weights for the prediction")
    parser.add_argument("--out", type=Path, default=Path("out/product_formula"))
    options = parser.parse_args(arguments)
    results = [run(case, options.seeds, options.draws) for case in CASES]
    options.out.mkdir(parents=True, exist_ok=True)
    write_atomic(options.out / "study.json", canonical_json({"false_alarm": FALSE_ALARM, "cases": results}))
    command = " ".join(["python -m experiments.product_formula.study", *arguments])
    draw(results, FALSE_ALARM, options.out / "success.png", command)


def _linear(name: str, weight: tuple[tuple[float, ...], ...]) -> Linear:
    matrix = torch.tensor(weight, dtype=torch.float64)
    return Linear(name, matrix, torch.zeros(matrix.shape[0], dtype=torch.float64))


def run(case: Case, seeds: int, draws: int) -> dict[str, object]:
    """Observe, predict, test."""
    network = case.network()
    tickets = (case.ticket(network, seed) for seed in range(seeds))
    succeeded = []
    for seed, ticket in enumerate(tickets):
        succeeded.append(len(ticket.failures) == 0)
        if sys.stdout.isatty():
            print(f"\r{case.name}: seed {seed + 1} of {seeds}", end="", flush=True)
    models = predictions(case, draws)
    observed, limits = sum(succeeded), clopper_pearson(sum(succeeded), seeds, 1.0 - FALSE_ALARM)
    print(f"\r{case.name}: {observed}/{seeds} = {observed / seeds:.4f}, exact {1 - FALSE_ALARM:.7g} limits "
          f"[{limits.low:.4f}, {limits.high:.4f}]")  # fmt: skip
    truth = models[0]
    for model in models:
        low, high = model["low"], model["high"]
        test = test_proportion(observed, seeds, low, high, FALSE_ALARM / 2)
        model |= {"p_value": test.p_value, "rejected": test.rejected,
                  "power": power(seeds, truth["p"], low, high, FALSE_ALARM / 2)}  # fmt: skip
        print(f"  {model['name']:32s} {model['p']:.4f} [{low:.4f}, {high:.4f}]  p-value {test.p_value:.2g}  "
              f"{'rejected' if test.rejected else 'not rejected'}  (power {model['power']:.8f})")  # fmt: skip
    return {"case": asdict(case), "succeeded": succeeded, "limits": list(limits), "models": models}


def predictions(case: Case, draws: int) -> list[dict]:
    """The conditional product formula first, then the controls."""
    network, ticket = case.network(), case.ticket(case.network(), 0)
    given = (network, ticket.recipe, ticket.plan)
    problems = sum(e.problems for e in expected_failures(*given, trials=1000))
    sure = 1.0 - FALSE_ALARM / 2
    conditional = predict_success(*given, trials=draws * problems, confidence=sure)
    marginal = predict_success(*given, trials=2**22, confidence=sure, conditional=False)
    half = replace(case, hidden=case.hidden[::2], output=tuple(row[::2] for row in case.output))
    halved = predict_success(half.network(), ticket.recipe, half.ticket(half.network(), 0).plan,
                             trials=draws * problems // 4, confidence=sure)  # fmt: skip
    expected = expected_failures(*given, trials=2**20, confidence=sure)
    rows = [
        ("conditional product", conditional.p, conditional.low, conditional.high),
        ("product of marginals", marginal.p, marginal.low, marginal.high),
        ("half of the hidden neurons", halved.p, halved.low, halved.high),
        ("union bound", *(max(0.0, 1.0 - sum(getattr(e, k) for e in expected)) for k in ("mean", "high", "low"))),
    ]
    return [dict(zip(("name", "p", "low", "high"), row, strict=True)) for row in rows]


if __name__ == "__main__":
    main(sys.argv[1:])
