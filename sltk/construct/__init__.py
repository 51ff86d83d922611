"""Proof constructions: a random source and a target give a mask, and nothing else."""

from sltk.construct.failures import Failure
from sltk.construct.file import load, save
from sltk.construct.pools.obstructions import range_obstructions
from sltk.construct.predict.widths import NetworkWidths, required_widths
from sltk.construct.recipe import Recipe
from sltk.construct.strong_ticket import strong_ticket
from sltk.construct.ticket import StrongTicket

__all__ = [
    "Failure",
    "NetworkWidths",
    "Recipe",
    "StrongTicket",
    "load",
    "range_obstructions",
    "required_widths",
    "save",
    "strong_ticket",
]
