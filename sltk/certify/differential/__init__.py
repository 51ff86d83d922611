"""A linear relaxation of target and ticket together: their difference as a functional of the input."""
