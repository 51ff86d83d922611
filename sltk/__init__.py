"""Strong lottery tickets: constructed by subset sums, certified, and held against the theorems."""

__version__ = "0.1.0"
