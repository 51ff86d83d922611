"""``Measure`` adds rows, stores a level where one is asked for, and changes nothing else."""

from dataclasses import dataclass

from sltk.train.levels import store_level
from sltk.train.loop.evaluation import density, evaluate, live_density
from sltk.train.loop.state import State


@dataclass(frozen=True)
class Measure:
    """Add a row a replica: density and live density, accuracies on the validation and the test part, loss on the test
    part, and what has been spent so far (``sltk.train.loop.budget.Budget``).
    """

    label: str

    def run(self, state: State) -> None:
        """Evaluate; nothing is changed."""
        held, _ = evaluate(state.replicas, state.task.validation)
        seen, loss = evaluate(state.replicas, state.task.test)
        kept, alive = density(state.replicas), live_density(state.replicas, state.task.test.x)
        for r, seed in enumerate(state.replicas.seeds):
            row = {
                "label": self.label,
                "seed": seed,
                "arm": state.replicas.arms[r],
                "density": kept[r],
                "live": alive[r],
                "validation": float(held[r]),
                "epochs": state.epochs,
                "steps": state.steps,
                "multiply_adds": state.products[r],
            }
            state.rows.append(row | {"test": float(seen[r]), "loss": float(loss[r])})
        if state.levels is not None:
            store_level(state, state.levels, self.label)
