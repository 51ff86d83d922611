"""Kernels that search: meeting in the middle, by objective."""
