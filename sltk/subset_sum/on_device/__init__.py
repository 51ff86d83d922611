"""The solver in torch operations: the same subsets as the compiled kernels', ties among them, on any device of torch.

Every file repeats one kernel of ``sltk.subset_sum.kernels`` on many problems at once, with the same roundings (sums are
added in the same order in float64) and the same order of search, so that of several best subsets the same is taken.
"""
