"""What is proved and what is measured, question by question, one panel a law."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from sltk.plot.style import COLOURS, GREY, MARKERS, save, styled

NAMES = {
    "closed-form": "closed form (theorem)",
    "certificate": "certificate (machine)",
    "measured": "measured",
    "floor": "counting floor",
}
TITLES = {
    "uniform(1.0)": "U[-1, 1]",
    "normal(1.0)": "N(0, 1)",
    "product(uniform(1.0), uniform(1.0))": "U[-1, 1] x U[-1, 1]",
}


def draw(result: Mapping[str, Any], path: Path, about: Mapping[str, str]) -> None:
    """Sizes on a logarithmic axis."""
    laws = list(dict.fromkeys(row["law"] for row in result["rows"]))
    with styled():
        figure = Figure(figsize=(9.0, 4.4))
        panels = figure.subplots(1, len(laws), sharey=True)
        for panel, law in zip(panels, laws, strict=True):
            rows = [row for row in result["rows"] if row["law"] == law]
            places = range(len(rows))
            for number, (method, name) in enumerate(NAMES.items()):
                sizes = [row[method] for row in rows]
                colour = GREY if method == "floor" else COLOURS[number]
                panel.plot(places, sizes, MARKERS[number], color=colour, label=name)
                for place, size in zip(places, sizes, strict=True):
                    panel.annotate(
                        str(size), (place, size), (6, -3), textcoords="offset points", fontsize=7, color=colour
                    )
            panel.set_title(f"{TITLES[law]}, targets to ±{rows[0]['L'] / 2:.3g}", fontsize=10)
            panel.set_yscale("log")
            panel.set_yticks([1, 3, 10, 30, 100, 300], ["1", "3", "10", "30", "100", "300"])
            panel.minorticks_off()
            panel.set_xticks(list(places), [f"{row['eps']:g}\n{row['delta']:g}" for row in rows], fontsize=8)
            panel.set_xlim(-0.4, len(rows) - 0.3)
            panel.set_xlabel("eps (above) and delta (below)")
        panels[0].set_ylabel("samples of a pool")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(NAMES))
        figure.suptitle(
            "How many random weights reach every target within eps, except with probability delta", fontsize=11
        )
        save(figure, path, {**about, "Trials": result["trials"]})
