"""Strong lottery tickets: subnetworks of random networks that compute a target without training.

The front door: what most users need, imported when it is first used. Everything else is under the package that the
README's map names.
"""

from typing import TYPE_CHECKING

from sltk.core.lazy import exported

if TYPE_CHECKING:
    from sltk.construct.construction import Construction, strong_ticket
    from sltk.construct.file import load, save
    from sltk.construct.predict.widths import required_widths
    from sltk.construct.recipe import Recipe, Run, Search
    from sltk.core.errors import SltkError
    from sltk.networks.reading.read import read
    from sltk.subset_sum.solve import solve
    from sltk.subset_sum.widths.required_size import required_size
    from sltk.train.methods.edge_popup import edge_popup
    from sltk.train.methods.imp import imp
    from sltk.train.methods.rst import rst

__version__ = "0.1.0"

__all__ = [
    "Construction",
    "Recipe",
    "Run",
    "Search",
    "SltkError",
    "edge_popup",
    "imp",
    "load",
    "read",
    "required_size",
    "required_widths",
    "rst",
    "save",
    "solve",
    "strong_ticket",
]

__getattr__ = exported(
    {
        "sltk.construct.construction": ("Construction", "strong_ticket"),
        "sltk.construct.file": ("load", "save"),
        "sltk.construct.predict.widths": ("required_widths",),
        "sltk.construct.recipe": ("Recipe", "Run", "Search"),
        "sltk.core.errors": ("SltkError",),
        "sltk.networks.reading.read": ("read",),
        "sltk.subset_sum.solve": ("solve",),
        "sltk.subset_sum.widths.required_size": ("required_size",),
        "sltk.train.methods.edge_popup": ("edge_popup",),
        "sltk.train.methods.imp": ("imp",),
        "sltk.train.methods.rst": ("rst",),
    }
)
