"""Rigorous error bounds, and adversarial lower bounds of the true error."""
