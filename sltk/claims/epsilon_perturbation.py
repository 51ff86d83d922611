r"""Weights that may move a little (claim ``epsilon-perturbation``).

Statement (abstract). If each weight may move by up to eps after it was drawn, ``1/(1 + eps)`` as many are needed.
"""

from sltk.core.claim import Claim, Hypothesis


def factor(perturbation: float) -> float:
    """``1 / (1 + eps)``: what the number of samples may be multiplied with."""
    return 1.0 / (1.0 + perturbation)


CLAIM = Claim(
    key="epsilon-perturbation",
    title="weights that may move a little",
    statement=r"n_\varepsilon \approx \frac{n}{1 + \varepsilon}",
    source="Xiong et al. 2022 (arXiv 2210.16589)",
    provenance=(("statement", "abstract"),),
    explanation="Between pruning alone and training: random weights that may be changed by a small amount need a "
    "smaller source. The abstract gives the factor and not its exact conditions.",
    hypotheses=(
        Hypothesis(
            "a perturbation >= 0",
            lambda perturbation: perturbation >= 0.0,
            "it is the largest change of a weight",
            "pass its size",
        ),
    ),
    bound=factor,
    absent={
        "proof": "only the abstract has been read; its factor 1/(1+eps) comes with no proof at hand",
        "study": "only the abstract has been read; what exactly may move is not known well enough to be measured",
    },
)
