"""Activations, reading a torch module into layers, small models, data."""
