"""Where training runs: as ``sltk.core.numerics.device`` has it."""

from sltk.core.numerics.device import require_device

__all__ = ["require_device"]
