r"""Success of a construction as a conditional product (claim ``product-formula``).

Theorem. Given the univariate weights w and the constants c, all subset-sum problems of a construction have
independent outgoing weights, so ``P(success) = E prod_theta (1 - p(theta | w))^copies``, the average over w and c taken
outside. The product of marginals is smaller where problems share w (Jensen).
"""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from sltk import construct
from sltk.claims._pools import count
from sltk.core.claim import Case, Claim, Hypothesis, Preset
from sltk.core.lazy import calling, later
from sltk.core.statistics.verdict import Proportion
from sltk.core.threads import limit

if TYPE_CHECKING:
    from sltk.construct import Construction
    from sltk.construct.predict.success import Prediction
    from sltk.networks.network import Network

_networks = later("sltk.claims._networks")

HIDDEN = (0.7, -0.7, 0.7, -0.7, 0.7, 0.7, -0.7, -0.7)
OUTPUT = (1.2, -1.2, 1.2, 1.2, -1.2, 1.2, -1.2, -1.2)
SAMPLES, PARAM_EPS = 18, 0.1
NULL_ALARM = 5e-10
DRAWS = 2**20


def network(neurons: int = len(HIDDEN)) -> "Network":
    """One input, hidden ReLU neurons, one output, no biases; or the first ``neurons`` of them."""
    return _networks.one_hidden_layer(HIDDEN[:neurons], OUTPUT[:neurons])


def construction(target: "Network") -> "Construction":
    """Inputs in [0, 1], 18 samples a pool, every parameter to .1."""
    recipe = construct.Recipe("plus-one", SAMPLES, PARAM_EPS, law="uniform(1.0)", biases=False)
    return construct.Construction(target, (0.0, 1.0), recipe)


@cache
def predicted(neurons: int, conditional: bool, trials: int) -> "Prediction":
    """The formula's success probability and its interval, which misses it with probability at most 5e-10."""
    with limit(1):
        return construction(network(neurons)).predict(
            trials=trials, conditional=conditional, confidence=1.0 - NULL_ALARM
        )


def measure(cell: Mapping[str, Any], trials: int, generator: np.random.Generator) -> Mapping[str, Any]:
    """Tickets without a failure, by the real construction."""
    with limit(1):
        search = construct.Search("cardinality")
        asked, seeds = construction(network(cell["neurons"])), generator.integers(2**63, size=trials).tolist()
        return count(np.array([asked.build(seed, search).reached for seed in seeds]))


def cases(preset: Preset) -> tuple[Case, ...]:
    """The formula for the target; controls: half of the neurons left out, and (standard) the product of marginals."""
    draws = DRAWS if preset == "quick" else 4 * DRAWS
    right, half = predicted(8, True, draws), predicted(4, True, draws // 2)
    models = [("conditional product", right, half.low, False), ("half of the neurons", half, right.high, True)]
    if preset == "standard":
        wrong = predicted(8, False, draws)
        models = [("conditional product", right, wrong.high, False), *models[1:],
                  ("product of marginals", wrong, right.low, True)]  # fmt: skip
    trials = max(_plan(model, other).trials for _, model, other, _ in models)
    return tuple(_case(name, model, other, trials, control) for name, model, other, control in models)


def _plan(model: "Prediction", other: float, trials: int | None = None) -> Proportion:
    return Proportion(model.low, model.high, other, fixed=trials, null_alarm=NULL_ALARM)


def _case(name: str, model: "Prediction", other: float, trials: int, control: bool) -> Case:
    said = f"P(success) = {model.p:.4f} in [{model.low:.4f}, {model.high:.4f}]"
    return Case(name, {"neurons": len(HIDDEN)}, _plan(model, other, trials), said, control)


CLAIM = Claim(
    key="product-formula",
    title="success is a conditional product",
    statement=r"\Pr[\mathrm{success} \mid w, c] = \prod_l \prod_\theta "
    r"(1 - p_{\rho_{l-1}}(\theta, \epsilon_l \mid w))^{\rho_l} \prod_{l,j,k} (1 - p_{\mathrm{bias}}(b_{jk} \mid c))",
    source="Derived for this project",
    provenance=(("statement", "derived"),),
    explanation="How often a construction succeeds, before a source is drawn: problems that share univariate weights "
    "rise and fall together, so success must be averaged over them, not failure. The union bound and the product of "
    "marginals are both too low, which shows in the measured rate.",
    hypotheses=(
        Hypothesis(
            "a success probability of each problem in [0, 1]",
            lambda p: 0.0 <= p <= 1.0,
            "factors are probabilities",
            "call sltk.construct.predict.success.predict_success, which measures them",
        ),
    ),
    bound=lambda p, copies: (1.0 - p) ** copies,
    construction=calling("sltk.construct", "strong_ticket"),
    measure=measure,
    cases=cases,
)
