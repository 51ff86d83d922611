"""Compiled searches, one objective or way a file: what the backends are made of."""
