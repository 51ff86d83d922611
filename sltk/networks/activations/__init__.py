"""Elementwise functions and their constants: the table, a user's own, the rigorous image of each."""
