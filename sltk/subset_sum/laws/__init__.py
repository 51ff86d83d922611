"""Laws of pool samples and source weights: exact in float32, drawn from counted random words.

One law a file; a file that is put here is registered. A user's law is a frozen dataclass that derives from ``Law``,
with ``@register_law`` where its text should be readable by ``parse_law``.
"""

from sltk.core.registry import import_modules
from sltk.subset_sum.laws.base import Law, LawConstants
from sltk.subset_sum.laws.log_uniform import LogUniform
from sltk.subset_sum.laws.masked import Masked
from sltk.subset_sum.laws.normal import Normal
from sltk.subset_sum.laws.product import Product
from sltk.subset_sum.laws.text import law_of, parse_law, register_law, registered_laws
from sltk.subset_sum.laws.uniform import Uniform

__all__ = [
    "Law",
    "LawConstants",
    "LogUniform",
    "Masked",
    "Normal",
    "Product",
    "Uniform",
    "law_of",
    "parse_law",
    "register_law",
    "registered_laws",
]

import_modules(__name__, __path__)
