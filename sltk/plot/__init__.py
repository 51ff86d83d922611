"""Figures: one style, and one function a kind of figure."""
