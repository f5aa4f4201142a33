"""The page on the command line, from the command itself."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.structure.pages import Page

PAGE = "reference/command_line.md"

HERE = "<!-- The verbs, written by docs/site/command_line.py -->"
"""Where in the page they go."""


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Fill the page."""
    return markdown.replace(HERE, verbs()) if page.file.src_uri == PAGE else markdown


def verbs() -> str:
    """All of them as Markdown: the options of the command, then a part for every verb."""
    import typer
    from typer.main import get_command

    from bayes_a2m.cli.main import make_app

    app: Any = get_command(make_app())
    context = typer.Context(app, info_name="bayes-a2m")
    text = described(app.help or "") + options(app, context)
    for name, verb in app.commands.items():
        own = typer.Context(verb, info_name=name, parent=context)
        usage = " ".join(verb.collect_usage_pieces(own))
        text += f"## {name}\n\n```\nbayes-a2m {name} {usage}\n```\n\n"
        text += described(verb.help or "") + options(verb, own)
    return text


def described(words: str) -> str:
    """A help text as Markdown, its examples as code."""
    prose, _, examples = words.replace("\b", "").partition("Examples:")
    text = "\n\n".join(" ".join(part.split()) for part in prose.split("\n\n")) + "\n\n"
    lines = [
        re.sub(r"\s+", " ", line).strip()
        for line in textwrap.dedent(examples).split("\n\n")
        if line.strip()
    ]
    return text + ("```sh\n" + "\n".join(lines) + "\n```\n\n" if lines else "")


def options(command: Any, context: Any) -> str:
    """A table of arguments and options, with what they mean and their defaults."""
    rows = []
    for parameter in command.params:
        found = parameter.get_help_record(context)
        if found is not None:
            name, words = (" ".join(part.split()).replace("|", "\\|") for part in found)
            rows.append(f"| `{name}` | {escaped(words)} |")
    return "| | |\n|---|---|\n" + "\n".join(rows) + "\n\n" if rows else ""


def escaped(words: str) -> str:
    """Words in which nothing is Markdown."""
    return re.sub(r"([<>*_\[\]])", r"\\\1", words)
