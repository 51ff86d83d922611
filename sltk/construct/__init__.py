"""Proof constructions: a random source and a target give a mask, and nothing else."""

from typing import TYPE_CHECKING

from sltk.core.lazy import exported

if TYPE_CHECKING:
    from sltk.construct.construction import Construction, strong_ticket
    from sltk.construct.failures import Failure
    from sltk.construct.file import load, save
    from sltk.construct.predict.widths import NetworkWidths, required_widths
    from sltk.construct.recipe import Recipe, Run, Search
    from sltk.construct.ticket import StrongTicket

__all__ = [
    "Construction",
    "Failure",
    "NetworkWidths",
    "Recipe",
    "Run",
    "Search",
    "StrongTicket",
    "load",
    "required_widths",
    "save",
    "strong_ticket",
]

__getattr__ = exported(
    {
        "sltk.construct.construction": ("Construction", "strong_ticket"),
        "sltk.construct.failures": ("Failure",),
        "sltk.construct.file": ("load", "save"),
        "sltk.construct.predict.widths": ("NetworkWidths", "required_widths"),
        "sltk.construct.recipe": ("Recipe", "Run", "Search"),
        "sltk.construct.ticket": ("StrongTicket",),
    }
)
