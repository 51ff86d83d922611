r"""One ticket for a family of functions (claim ``universal-tickets``).

Statement (abstract). There are strong tickets that serve every function of a family, up to an affine readout.
"""

from sltk.core.claim import Claim, Hypothesis

CLAIM = Claim(
    key="universal-tickets",
    title="one ticket for a family of functions",
    statement=r"\exists \mathrm{mask}\ \forall f \in \mathcal{F}\ \exists A, b: "
    r"\|f - (A f_P + b)\|_\infty \le \epsilon",
    source="Burkholz et al., ICLR 2022 (arXiv 2111.11146)",
    provenance=(("statement", "abstract"),),
    explanation="A ticket need not belong to one target: if it computes a basis of a family (monomials, Fourier "
    "features), an affine readout makes any sample of it. The abstract gives no numbers.",
    hypotheses=(
        Hypothesis(
            "a readout that may be trained",
            lambda trained_readout: bool(trained_readout),
            "the family is reached through an affine map after the ticket",
            "for a fixed output use plus-one-dense",
        ),
    ),
    status="existential",
    absent={
        "proof": "only the abstract has been read; no statement with constants is at hand to check",
        "study": "only the abstract has been read, which gives no number that could be measured",
    },
)
