"""Decisions go to a file and back."""

from __future__ import annotations

from pathlib import Path

import pytest

from bayes_a2m.errors import InputError
from bayes_a2m.label_audit.decisions import Decision, Decisions


def test_there_and_back(tmp_path: Path) -> None:
    path = tmp_path / "decisions.json"
    made = Decisions({"007": Decision("exclude", "wrong <MIDI>"), "012": Decision("keep")})
    made.save(path)
    assert Decisions.load(path) == made
    assert made.excluded == ("007",)


@pytest.mark.parametrize("text", ["[]", "{}", '{"decisions": {"1": "exclude"}}', "no json"])
def test_other_files_are_refused_with_their_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "decisions.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"decisions\.json"):
        Decisions.load(path)


def test_a_misspelt_decision_is_named(tmp_path: Path) -> None:
    path = tmp_path / "decisions.json"
    path.write_text('{"decisions": {"1": {"decision": "exlude"}}}')
    with pytest.raises(InputError, match=r"decisions\.json.*'exlude'.*exclude"):
        Decisions.load(path)
