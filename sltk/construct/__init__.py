"""Proof constructions: a random source and a target give a mask, and nothing else."""
