r"""Lottery tickets in any basis of parameter space (claim ``generalized-lth``).

Statement (empirical). Write the weights as ``W = B c``. Magnitude pruning of c with rewinding finds matching sparse
coefficients in non-canonical bases too, and better matched bases (DCT) compress further.
"""

from sltk.core.claim import Claim, Hypothesis


def kept_fraction(rounds: int, prune: float = 0.2) -> float:
    """``(1 - p)^r``: density after r rounds that each drop the fraction p of the survivors."""
    return (1.0 - prune) ** rounds


CLAIM = Claim(
    key="generalized-lth",
    title="lottery tickets in any basis",
    statement=r"W = B c,\ c \leftarrow \mathrm{mask} \odot c_k,\ \text{density } (1 - p)^r: "
    r"\text{accuracy flat or rising, then falling, in every basis } B",
    source="Alabdulmohsin et al. 2021 (arXiv 2107.06825)",
    provenance=(("statement", "read"), ("the protocol of the toolkit's engine", "derived")),
    explanation="Sparsity means few coefficients in a basis of one's choice. It is a claim about training, not about "
    "subset sums: accuracies over seeds decide it. `sltk imp` trains in eleven bases and judges five parts of the "
    "claim, paired over seeds.",
    hypotheses=(
        Hypothesis(
            "a fraction 0 < prune < 1 that goes in each round",
            lambda prune: 0.0 < prune < 1.0,
            "at 0 nothing goes, at 1 all",
            "pass a fraction such as .2",
        ),
    ),
    bound=kept_fraction,
    absent={
        "proof": "an empirical statement about training; there is nothing to prove",
        "study": "`sltk imp` trains for minutes and judges it by paired tests with findings of their own",
    },
)
