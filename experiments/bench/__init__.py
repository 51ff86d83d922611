"""Rates of the subset-sum solver beside plain C, plain Python, and published programs."""
