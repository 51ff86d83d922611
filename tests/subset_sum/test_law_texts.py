"""Whatever takes a law takes its text."""

from collections.abc import Callable
from typing import Any

import pytest

from sltk.claims import subset_sum_covering
from sltk.construct import Recipe
from sltk.core.errors import SltkError
from sltk.subset_sum.bounds import closed_form_failure, closed_form_size
from sltk.subset_sum.laws import Masked, Product, Uniform
from sltk.subset_sum.probability import range_obstruction
from sltk.subset_sum.widths.required_size import required_size
from sltk.subset_sum.widths.width_certificate import certified_failure, certified_size

TAKERS: dict[str, Callable[[Any], object]] = {
    "closed_form_failure": lambda law: closed_form_failure(60, 0.1, law),
    "closed_form_size": lambda law: closed_form_size(0.1, 0.1, law),
    "required_size": lambda law: required_size(0.2, 0.1, law=law, window=1.0),
    "measured": lambda law: required_size(0.02, 0.1, law=law, method="measured", trials=500),
    "certified_failure": lambda law: certified_failure(8, 0.2, law, 1.0),
    "certified_size": lambda law: certified_size(0.2, 0.2, law, 1.0),
    "range_obstruction": lambda law: range_obstruction(5, 0.5, law),
    "product": lambda law: Product(law, law).spec(),
    "masked": lambda law: Masked(law, 0.5).spec(),
    "covering": lambda law: (
        subset_sum_covering.required_width(0.1, 0.1, law), subset_sum_covering.floor(0.1, law),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TAKERS)
def test_whatever_takes_a_law_takes_its_text(name: str) -> None:
    take = TAKERS[name]
    assert take("uniform(1.0)") == take(Uniform(1.0)) != take("uniform(3.0)")
    for wrong in ("triangular(1.0)", 1.0, None):
        if wrong is not None or name not in ("required_size", "measured"):
            with pytest.raises(SltkError):
                take(wrong)


def test_a_recipe_takes_both() -> None:
    assert Recipe(n=4, param_eps=0.1, law=Uniform(1.0)).law == "uniform(1.0)"  # pyright: ignore[reportArgumentType]
