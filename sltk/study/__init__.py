"""Measurements: declared, run, stored."""
