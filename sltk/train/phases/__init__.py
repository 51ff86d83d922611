"""Phases, one kind a file: each changes one part of a state. A method is a sequence of them."""
