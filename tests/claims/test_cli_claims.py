"""``sltk claims``, ``sltk show`` and ``sltk verify KEY``: what they print, what they write, and how they exit."""

import json
from dataclasses import replace

import pytest

from sltk.claims import claim, registry
from sltk.cli.main import main


def verify(folder, *keys):
    return main(["verify", *keys, "--quick", "--out", str(folder)])


def test_claims_lists_every_key(capsys):
    assert main(["claims"]) == 0
    listed = capsys.readouterr().out
    assert all(f" {key} " in listed for key in registry())
    assert main(["claims", "--status", "certified"]) == 0
    listed = capsys.readouterr().out
    assert "width-certificate" in listed
    assert "attention" not in listed


@pytest.mark.parametrize("key", registry())
def test_show_explains_every_claim(key, capsys):
    """Its five pieces, and the statement under its right name."""
    assert main(["show", key]) == 0
    shown = capsys.readouterr().out
    assert all(f"│ {piece} " in shown for piece in ("claim", "proof", "test", "study", "figure"))
    assert ("working form" in shown) != claim(key).quotable


def test_verify_measures_once(tmp_path, capsys):
    assert verify(tmp_path, "amplification", "counting-floor") == 0
    said = capsys.readouterr().out
    assert "2 of 2 negative controls refuted" in said
    assert "Total false-alarm probability 1e-09" in said
    document = json.loads((tmp_path / "claims.json").read_text())
    assert {case["key"] for case in document["cases"]} == {"amplification", "counting-floor"}
    assert document["false_alarm"] == 1e-9
    rows = tmp_path / "rows" / "amplification.jsonl"
    before = rows.read_bytes()
    assert verify(tmp_path, "amplification") == 0
    assert rows.read_bytes() == before


def test_damaged_rows_are_told(tmp_path, capsys):
    verify(tmp_path, "amplification")
    rows = tmp_path / "rows" / "amplification.jsonl"
    before = rows.read_bytes()
    rows.write_bytes(before[:-40])
    assert verify(tmp_path, "amplification") == 0
    assert "1 damaged rows were set aside" in capsys.readouterr().out
    assert rows.read_bytes() == before


def test_a_false_claim_ends_with_one(tmp_path, capsys, monkeypatch):
    """Negative control: a refuted case that is no control, and a control that is not refuted."""
    own = claim("amplification")
    assert own.cases is not None
    turned = tuple(replace(case, control=not case.control) for case in own.cases("quick"))
    monkeypatch.setattr("sltk.cli.commands.claims.claim", lambda key: replace(own, cases=lambda preset: turned))
    assert verify(tmp_path, "amplification") == 1
    assert capsys.readouterr().out.count("not as it ought to be") == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["verify", "amplificaton"], "did you mean amplification"),
        (["verify", "attention"], "is not measured"),
        (["verify", "amplification", "--all"], "leave one out"),
        (["verify", "amplification", "--jobs", "0"], "--jobs"),
        (["show", "nothing-like-it"], "no claim has the key"),
    ],
)
def test_wrong_input_ends_with_two(arguments, message, capsys, tmp_path):
    out = ["--out", str(tmp_path)] if arguments[0] == "verify" else []
    assert main([*arguments, *out]) == 2
    assert message in capsys.readouterr().err
