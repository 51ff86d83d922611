"""Rows that resume, measurements cut into tasks, verdicts by rules fixed in advance."""
