"""Pools of source weights, and the subset-sum problems over them."""
