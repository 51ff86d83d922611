"""Mask times source as a torch module."""
