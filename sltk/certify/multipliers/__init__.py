"""Bounds by multipliers: every neuron is bounded as a function of its argument and difference, planes are chosen."""
