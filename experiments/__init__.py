"""Experiments: what is run, and what is drawn."""
