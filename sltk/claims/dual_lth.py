r"""Random subnetworks, transformed (claim ``dual-lth``).

Statement (empirical). A uniformly random subnetwork of a random dense network can be transformed, by training under a
growing penalty on the rest, so that it then trains in isolation to the level of lottery tickets.
"""

from sltk.core.claim import Claim, Hypothesis


def largest_penalty(learning_rate: float, momentum: float) -> float:
    """Penalties from ``2 (1 + momentum) / learning_rate`` on make gradient descent on the penalty itself diverge."""
    return 2.0 * (1.0 + momentum) / learning_rate


CLAIM = Claim(
    key="dual-lth",
    title="random subnetworks, transformed",
    statement=r"\min_\theta L(\theta) + \tfrac{\lambda(t)}{2} \|(1 - \mathrm{mask}) \odot \theta\|^2, "
    r"\ \mathrm{mask} \sim \mathrm{uniform}: \ \text{the cut network trains to the level of a ticket}",
    source="Bai et al. 2022 (arXiv 2203.04248)",
    provenance=(("statement", "read"), ("the limit of the penalty", "derived")),
    explanation="The dual of the lottery: choose the mask at random and move the weights into it. It is a claim about "
    "training; `sltk rst` decides its weak form (against dense-then-cut, and a random mask from scratch) and its "
    "strong one (against lottery tickets), paired over seeds, at equal budgets; `experiments/rst_phase` maps where.",
    hypotheses=(
        Hypothesis(
            "a learning rate > 0 and 0 <= momentum < 1",
            lambda learning_rate, momentum: learning_rate > 0.0 and 0.0 <= momentum < 1.0,
            "the penalty is followed by gradient descent",
            "pass those of the optimiser",
        ),
    ),
    bound=largest_penalty,
    absent={
        "proof": "an empirical statement about training; there is nothing to prove",
        "study": "`sltk rst` trains for minutes and judges it by paired tests with findings of their own",
    },
)
