"""Success of real tickets over many seeds against the conditional product formula.

Run ``python -m experiments.product_formula.study``; it writes ``out/product_formula/study.json`` and, through
``figure.py``, ``out/product_formula/success.png``.

Null hypothesis: a construction succeeds with a probability that lies in the predicted interval. The false alarm
is split in halves between that interval and the exact binomial test. The product of marginals, the union bound and
the formula for a network that has lost half of its hidden neurons go through the same test as controls. The power
is the probability that the test refuses a model where the conditional formula is right.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from experiments.product_formula.figure import SUCCESS
from experiments.product_formula.networks import SOUGHT, Sought
from sltk.construct import Search
from sltk.core.statistics.stats import clopper_pearson, power, test_proportion
from sltk.core.threads import limit
from sltk.harness.study import Study, StudyOptions, StudyRow

FALSE_ALARM = 1e-7
BLOCK = 500


@dataclass(frozen=True, kw_only=True)
class FormulaOptions(StudyOptions):
    """What is asked."""

    seeds: int = 20_000
    """Tickets of each network."""
    draws: int = 40_000
    """Draws of the incoming weights for the prediction."""
    out: Path = Path("out/product_formula")


class ProductFormula(Study[FormulaOptions]):
    """Tickets in blocks of seeds, and what each model predicts of them."""

    name = "product_formula"
    claim = "product-formula"
    measures = "The success of tickets over seeds, beside the product formula and three wrong models."
    options = FormulaOptions
    minutes = 1.9
    quick: ClassVar = {"seeds": 60, "draws": 400}
    figures: ClassVar = {"success": SUCCESS}

    def cells(self, options: FormulaOptions) -> dict[str, dict[str, Any]]:
        """Blocks of seeds, and one prediction for each network."""
        found: dict[str, dict[str, Any]] = {}
        for sought in SOUGHT:
            for start in range(0, options.seeds, BLOCK):
                stop = min(start + BLOCK, options.seeds)
                found[f"{sought.name}, seeds from {start}"] = {"sought": asdict(sought), "seeds": [start, stop]}
            found[f"{sought.name}, predictions"] = {"sought": asdict(sought), "draws": options.draws}
        return found

    def measure(self, cell: Mapping[str, Any], options: FormulaOptions) -> dict[str, Any]:
        """Which seeds succeed, or what is predicted."""
        sought = Sought.of(cell["sought"])
        with limit(1):  # a ticket of this size is done before a second thread has started
            if "draws" in cell:
                return {"models": predictions(sought, cell["draws"])}
            asked = sought.construction()
            return {"succeeded": [asked.build(s, Search("cardinality")).reached for s in range(*cell["seeds"])]}

    def conclude(self, rows: Sequence[StudyRow], options: FormulaOptions) -> dict[str, Any]:
        """Every model tested on the tickets of its network."""
        cases = []
        for sought in SOUGHT:
            own = [row for row in rows if row.cell["sought"]["name"] == sought.name]
            succeeded = [flag for row in own for flag in row.outputs.get("succeeded", ())]
            models = next(row.outputs["models"] for row in own if "models" in row.outputs)
            cases.append({"case": own[0].cell["sought"], **tested(succeeded, models)})
        return {"false_alarm": FALSE_ALARM, "cases": cases}

    def holds(self, document: Mapping[str, Any]) -> bool:
        """The conditional formula, first of the models, is refused nowhere."""
        return not any(case["models"][0]["rejected"] for case in document["cases"])

    def tables(self, document: Mapping[str, Any]) -> Iterator[str]:
        """One line a network, and one for each model of it."""
        for case in document["cases"]:
            seeds, observed, (low, high) = len(case["succeeded"]), sum(case["succeeded"]), case["limits"]
            yield (f"{case['case']['name']}: {observed}/{seeds} = {observed / seeds:.4f}, exact "
                   f"{1 - FALSE_ALARM:.7g} limits [{low:.4f}, {high:.4f}]")  # fmt: skip
            for model in case["models"]:
                yield (f"  {model['name']:32s} {model['p']:.4f} [{model['low']:.4f}, {model['high']:.4f}]  p-value "
                       f"{model['p_value']:.2g}  {'rejected' if model['rejected'] else 'not rejected'}  (power "
                       f"{model['power']:.8f})")  # fmt: skip


def tested(succeeded: Sequence[bool], models: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Each model held against the tickets."""
    seeds, observed, truth = len(succeeded), sum(succeeded), models[0]
    found = []
    for model in models:
        low, high = model["low"], model["high"]
        test = test_proportion(observed, seeds, low, high, FALSE_ALARM / 2)
        found.append({**model, "p_value": test.p_value, "rejected": test.rejected,
                      "power": power(seeds, truth["p"], low, high, FALSE_ALARM / 2)})  # fmt: skip
    limits = clopper_pearson(observed, seeds, 1.0 - FALSE_ALARM)
    return {"succeeded": list(succeeded), "limits": list(limits), "models": found}


def predictions(sought: Sought, draws: int) -> list[dict[str, Any]]:
    """The conditional product formula first, then the controls."""
    asked, sure = sought.construction(), 1.0 - FALSE_ALARM / 2
    problems = sum(family.problems for family in asked.families()[0])
    conditional = asked.predict(trials=draws * problems, confidence=sure)
    marginal = asked.predict(trials=2**22, confidence=sure, conditional=False)
    half = replace(sought, hidden=sought.hidden[::2], output=tuple(row[::2] for row in sought.output))
    halved = half.construction().predict(trials=draws * problems // 4, confidence=sure)
    expected = asked.expected_failures(trials=2**20, confidence=sure)
    rows = [
        ("conditional product", conditional.p, conditional.low, conditional.high),
        ("product of marginals", marginal.p, marginal.low, marginal.high),
        ("half of the hidden neurons", halved.p, halved.low, halved.high),
        ("union bound", *(max(0.0, 1.0 - sum(getattr(e, k) for e in expected)) for k in ("mean", "high", "low"))),
    ]
    return [dict(zip(("name", "p", "low", "high"), row, strict=True)) for row in rows]


STUDY = ProductFormula()

if __name__ == "__main__":
    sys.exit(STUDY.main())
