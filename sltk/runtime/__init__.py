"""Layers that hold kept weights alone: sparse products, gradients, threads."""
