"""Machine checks of the proofs behind the claims: ``python -m proofs_checks [KEY ...]`` runs them.

One module a claim, named after its key, with a ``CHECK``. Claims without one are in ``TRUSTED``, each with the reason
why no step of its proof is checked here. What is checked rests on Python's rationals, on sympy, and on FLINT's balls,
which are rounded outward.
"""

TRUSTED: dict[str, str] = {
    "universal-tickets": "only the abstract has been read; no statement with constants is at hand to check",
    "binary-tickets": "known only as restated in another paper; the orders of width and depth carry no constant",
}
