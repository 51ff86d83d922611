"""Subset sums of more targets than fit into memory: rows that come one after the other, answers that go out so."""
