"""Examples of the help texts: they can be copied, and their options exist."""

from __future__ import annotations

import shlex

import pytest
import typer
from typer.testing import CliRunner

from bayes_a2m.cli.main import make_app

APP = make_app()
COMMANDS = typer.main.get_command(APP).commands  # type: ignore[attr-defined]


def examples(shown: str) -> list[str]:
    """The examples of a help text, each on one line."""
    lines = shown.splitlines()
    found = []
    for i, line in enumerate(lines):
        if line.strip().startswith("bayes-a2m "):
            example = line.strip()
            while example.endswith("\\"):
                i += 1
                example = f"{example[:-1]}{lines[i].strip()}"
            found.append(example)
            assert not lines[i + 1].strip(), f"{example!r} goes on: {lines[i + 1]!r}"
    return found


@pytest.mark.parametrize("verb", sorted(COMMANDS))
def test_examples_can_be_copied(verb: str) -> None:
    shown = CliRunner().invoke(APP, [verb, "--help"], terminal_width=80).output
    assert max(map(len, shown.splitlines())) <= 80
    told = examples(shown)
    assert any(example.startswith(f"bayes-a2m {verb}") for example in told)
    for example in told:
        program, name, *arguments = shlex.split(example.partition(" | ")[0])
        assert program == "bayes-a2m"
        command = COMMANDS[name]
        context = command.make_context(name, [], resilient_parsing=True)
        command.make_parser(context).parse_args(list(arguments))  # raises at what there is not
