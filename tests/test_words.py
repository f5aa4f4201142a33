"""Pages, figures and help use the standard terms of the field, not words of our own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from bayes_a2m.cli.main import make_app

PACKAGE = Path(__file__).parent.parent / "bayes_a2m"

STANDARD = {
    r"(frames?|class|share|silence|right when|confidence when|error where) called": "predicted",
    r"called (right|rightly|wrongly)": "accuracy",
    r"found of the true": "recall",
    r"stated": "confidence, or probability",
    r"what is taken for what": "confusion matrix",
    r"sets that hold the truth": "conformal prediction sets",
    r"accepting only what is sure": "selective prediction",
    r"doubts? in the (sound|data)": "aleatoric uncertainty",
    r"doubts? in the model": "epistemic uncertainty",
    r"all doubt": "total uncertainty",
    r"ways of being uncertain": "uncertainty methods",
    r"by place": "by subgroup",
    r"tuning parts?": "tuning split",
    r"fitting parts?": "training split",
    r"trained numbers": "parameters",
    r"nats a frame": "nats per frame",
    r"\S+ less (the other|reference|right|\{\})": "a minus sign",
    r"never met": "not seen in training",
    r"alien": "mismatched",
    r"twins?": "degraded copies",
}
"""What must not be read, as patterns, and the standard term in its place."""

ALONE = {"called": "predicted", "stated": "confidence", "runs": "duration", "doubt": "uncertainty"}
"""Words that may stand in a sentence or name a key, but not head a column or an axis."""

SHOWN = ("x", "y", "label", "title", "caption", "xlabel", "ylabel", "alt")
"""Keyword arguments whose text is read on a figure or a page."""


def own_words(text: str) -> list[str]:
    """The words of our own that a text has, each with its standard term."""
    plain = " ".join(text.split())
    return [
        f"{found[0]!r} -> {term}"
        for pattern, term in STANDARD.items()
        for found in [re.search(rf"(?<![\w-]){pattern}(?![\w-])", plain, re.IGNORECASE)]
        if found
    ]


def visible(template: str) -> str:
    """The text of a template: without comments, tags of Jinja, and those of HTML."""
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", template, flags=re.DOTALL)
    return re.sub(r"<[^>]*>", " ", text)


def spoken(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Strings with a space in them that are no docstrings: line and text, f-strings as one."""
    silent = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            silent.add(node.value)
        elif isinstance(node, ast.JoinedStr):
            parts = [p.value if isinstance(p, ast.Constant) else "{}" for p in node.values]
            silent.update(p for p in node.values if isinstance(p, ast.Constant))
            yield node.lineno, "".join(map(str, parts))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in silent:
            yield node.lineno, node.value if " " in node.value else ""


def heads(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Labels of axes, titles, and headings of columns: line and text."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        given = [k.value for k in node.keywords if k.arg in SHOWN]
        if isinstance(node.func, ast.Name) and node.func.id == "Column":
            given += node.args[1:2]
        for value in given:
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield value.lineno, value.value


TEMPLATES = sorted((PACKAGE / "reporting" / "templates").glob("*.html"))

ROOT = PACKAGE.parent

SPEAKING = sorted(
    path
    for room in ("bayes_a2m", "docs", "experiments")
    for path in (ROOT / room).rglob("*.py")
    if path.name != "conftest.py"
)
"""All code that draws, prints or raises: what it says is read by somebody."""

HEADINGS = sorted(
    [
        *ROOT.glob("*.md"),
        *(p for room in ("docs", "reports", "data") for p in (ROOT / room).rglob("*.md")),
    ]
)
"""The pages of the site, and the studies with their tables."""


@pytest.mark.parametrize("page", HEADINGS, ids=lambda path: str(path.relative_to(ROOT)))
def test_headings_and_columns_of_pages(page: Path) -> None:
    """Headings, heads of tables, and words below or in place of figures."""
    lines = page.read_text(encoding="utf-8").splitlines()
    shown = [
        line
        for line, below in zip(lines, [*lines[1:], ""], strict=True)
        if line.startswith(("#", "![", "*")) or re.match(r"\|[-| :]+$", below)
    ]
    assert not [word for line in shown for word in own_words(line)]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_templates(template: Path) -> None:
    assert not own_words(visible(template.read_text(encoding="utf-8")))


@pytest.mark.parametrize("file", SPEAKING, ids=lambda path: str(path.relative_to(ROOT)))
def test_figures_tables_captions_and_messages(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    found = [f"line {line}: {word}" for line, text in spoken(tree) for word in own_words(text)]
    found += [
        f"line {line}: {text!r} -> {ALONE[text]}" for line, text in heads(tree) if text in ALONE
    ]
    assert not found


def test_help() -> None:
    command = get_command(make_app())
    texts = {"bayes-a2m": command.help or ""}
    for name, verb in command.commands.items():  # type: ignore[attr-defined]
        texts[name] = verb.help or ""
        texts |= {f"{name} {p.name}": getattr(p, "help", None) or "" for p in verb.params}
    assert len(texts) > 100
    assert not {name: found for name, text in texts.items() if (found := own_words(text))}


def test_words_of_our_own_are_seen() -> None:
    assert own_words("share called right") == [
        "'share called' -> predicted",
        "'called right' -> accuracy",
    ]
    assert own_words("no diagram called 'x'; confidence (NLL, nats per frame); untwined") == []
    assert own_words(visible("<p>{{ stated }} Doubt <b>in</b> the model</p>")) == [
        "'Doubt in the model' -> epistemic uncertainty"
    ]
    tree = ast.parse('Column("called", "called")\ndress(axes, x="stated", y=f"{a} less {b}")')
    assert [text for _, text in heads(tree)] == ["called", "stated"]
    assert [own_words(text) for _, text in spoken(tree) if own_words(text)] == [
        ["'{} less {}' -> a minus sign"]
    ]
