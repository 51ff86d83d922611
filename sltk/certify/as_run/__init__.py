"""A ticket as it is run in float32 or float64: every rounding of its module is bounded, stage by stage.

`evaluation` says what one stage's sums and univariate neurons lose; `recursion` carries that through the error
recursion of `sltk.certify.propagate`; `bound` is what comes out.
"""
