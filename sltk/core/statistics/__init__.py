"""Exact statistics: binomial limits and tests, paired tests, verdicts by rules fixed in advance."""
