"""What an outcome gives to other tools: columns, a DataFrame, curves of accuracy against density."""

import sys
from statistics import fmean

import pytest

from sltk.core.errors import SltkError
from sltk.plot.outcomes import draw_outcomes, outcome_curves
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.methods.imp import Imp
from sltk.train.methods.rst import Rst
from sltk.train.runner import run
from sltk.train.setup import Setup
from tests.train.engine_task import dense, small_task

SETUP = Setup(seeds=(0, 1), epochs=1, recipe=TrainingRecipe(rate=0.05, batch=40))
IMP = run(Imp(0.25, rounds=2, followers={"random": "random"}), dense, small_task(), SETUP)
RST = run(Rst(0.25, final_epochs=1), dense, small_task(), SETUP)


def test_columns_are_the_rows_of_measurements() -> None:
    for outcome, labels in ((IMP, ["0", "1", "2"]), (RST, ["transformed", "cut", "final"])):
        columns = outcome.columns()
        assert {"label", "seed", "arm", "density", "validation", "test", "loss"} <= set(columns)
        assert list(dict.fromkeys(columns["label"])) == labels
        measured = [row for row in outcome.rows if "test" in row]
        assert len(RST.rows) > len(RST.columns()["label"])  # the row of the cut, which measures no accuracy
        assert [dict(zip(columns, entry, strict=True)) for entry in zip(*columns.values(), strict=True)] == measured


def test_a_frame_is_the_columns() -> None:
    pytest.importorskip("pandas", reason="pandas is an extra: pip install sltk[frame]")
    frame = IMP.frame()
    assert frame.to_dict("list") == IMP.columns()
    mean = frame[frame.arm == "ticket"].groupby("label").test.mean()
    assert mean["2"] == pytest.approx(fmean(IMP.accuracy("2")))


def test_without_pandas_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)  # as python has it where a module cannot be imported
    with pytest.raises(SltkError, match=r"sltk\[frame\]") as told:
        IMP.frame()
    assert "\n" not in str(told.value)


def test_curves_of_accuracy_against_density() -> None:
    curves = {curve.label: curve for curve in outcome_curves({"imp": IMP, "rst": RST})}
    assert set(curves) == {"imp, ticket", "imp, random", "rst"}
    assert list(curves["imp, ticket"].density) == [1.0, 0.5, 0.25]
    assert [row[2] for row in curves["imp, random"].accuracy] == IMP.accuracy("2", "random")
    seen = outcome_curves({"imp": IMP}, "validation")[0].accuracy
    assert [row[0] for row in seen] == IMP.accuracy("0", part="validation")
    figure = draw_outcomes({"imp": IMP, "rst": RST})
    drawn = {line.get_label(): line for line in figure.axes[0].get_lines()}
    means = [100 * fmean(IMP.accuracy(label)) for label in ("0", "1", "2")]
    assert drawn["imp, ticket"].get_ydata() == pytest.approx(means)


@pytest.mark.parametrize("make", [lambda: draw_outcomes({}), lambda: draw_outcomes({"imp": IMP}, part="train")])
def test_nothing_to_draw_is_refused(make) -> None:
    with pytest.raises(SltkError, match=r"outcome|part"):
        make()
