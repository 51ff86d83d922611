"""Bases of parameter space, one a file."""
