"""``transcribe`` with few imports: its options are those of the verb, with the same defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from bayes_a2m.cli.light import make_parser
from bayes_a2m.cli.main import make_app

ELSEWHERE = {"formats", "model"}
"""Options whose default depends on what is installed; tested with the files that are written."""


def test_options_are_those_of_the_verb_with_the_same_defaults() -> None:
    verb: Any = typer.main.get_command(make_app()).commands["transcribe"]  # type: ignore[attr-defined]
    theirs = {name: option for option in verb.params for name in option.opts}
    mine = [a for a in make_parser()._actions if a.option_strings and a.dest != "help"]
    assert {name for action in mine for name in action.option_strings} <= set(theirs)
    for action in mine:
        other = theirs[action.option_strings[-1]]
        assert set(action.option_strings) == set(other.opts)
        if action.dest not in ELSEWHERE:
            default = other.default
            assert action.default == (
                Path(default) if isinstance(action.default, Path) else default
            )
