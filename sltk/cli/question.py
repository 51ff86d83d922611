"""From what the command line asks to a construction: the target, its domain, and a recipe that is given or chosen."""

from dataclasses import dataclass, fields, replace

from sltk.cli.options import Plan
from sltk.cli.target import dataset, domain, target_network
from sltk.construct import Construction, Search
from sltk.construct.choose.choose import given_or_chosen
from sltk.construct.choose.forecast import Forecast, forecast
from sltk.data.datasets import Dataset


@dataclass(frozen=True)
class Question:
    """What was asked.

    Attributes:
        construction: target, domain and recipe.
        data: where a data set was named.
    """

    construction: Construction
    data: Dataset | None

    def forecast(self) -> Forecast | None:
        """What a ticket will come to, on the data where there are any; ``None`` where the recipe was given."""
        made, data = self.construction, None if self.data is None else self.data.test_x
        return None if made.choice is None else forecast(made.network, made.box, made.choice, data)

    def search(self, given: Search) -> Search:
        """The search that was chosen, with the entries of ``given`` that are not the usual ones; or ``given``."""
        choice = self.construction.choice
        if choice is None:
            return given
        usual, entries = Search(), {f.name: getattr(given, f.name) for f in fields(Search)}
        other = {name: value for name, value in entries.items() if value != getattr(usual, name)}
        if other.get("objective", "weighted") != "weighted":
            other = {"copy_error": None, **other}
        return replace(choice.search, **other)


def question(options: Plan) -> Question:
    """Read target, data and recipe.

    Raises:
        SltkError: a target, an architecture, a domain or a recipe that cannot be.
    """
    data = dataset(options.data, options.data_folder) if options.data else None
    shape = options.input_shape or (() if data is None else data.input_shape)
    target = target_network(options.target, options.arch, shape)
    box = domain(options.low, options.high, data)
    return Question(Construction(target, box, given_or_chosen(target, box, options.recipe.given())), data)
