"""The table finds its files, and refuses what is no entry."""

import pytest
import torch
import torch.nn.functional as F

from sltk.core.errors import SltkError
from sltk.networks.activations.known import relu, tanh
from sltk.networks.activations.table import TABLE, activation, entries, spellings
from sltk.networks.spelling import Call, applied


def test_every_entry_makes_the_activation_of_its_name() -> None:
    assert set(TABLE) == set(entries())
    for name, entry in entries().items():
        made = entry.make(*entry.defaults)
        assert made.name.partition("(")[0] == name
        assert made is activation(name)


def test_a_file_without_entries_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(tanh, "ENTRIES")
    with pytest.raises(SltkError, match=r"tanh\.py needs ENTRIES"):
        entries.__wrapped__()


def test_a_name_in_two_files_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tanh, "ENTRIES", relu.ENTRIES)
    with pytest.raises(SltkError, match="'relu' twice"):
        entries.__wrapped__()


def test_readers_say_which_arguments_they_know() -> None:
    read = spellings().functions[F.leaky_relu]
    call = Call("here", (3,))
    assert applied(read, call, "leaky_relu", (0.3,), {"inplace": True}) == "leaky_relu(0.3)"
    with pytest.raises(SltkError, match=r"other arguments than \['negative_slope', 'inplace'\]"):
        applied(read, call, "leaky_relu", (), {"slope": 0.3})
    with pytest.raises(SltkError, match=r"other arguments than \[\]"):
        applied(spellings().functions[torch.erf], call, "erf", (1,), {})
