"""Public docstrings are whole sentences, with a subject of their own and a full stop."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "bayes_a2m"

FRAGMENTS = re.compile(
    r"(Also|And|As|At|Because|But|By|For|From|How|If|In|Into|Is|Its|Like|Of|On|Or|Out|Same|Since"
    r"|So|Than|That|Their|These|Those|Through|To|What|When|Where|Which|Who|Whoever|Whose|Why|With"
    r"|Within|Without)\b"
)
"""Words that a sentence of its own does not begin with: they lean on what stands before."""

FILES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


def docstrings(source: str) -> Iterator[tuple[str, str]]:
    """The docstrings of a module and of its public classes, functions and methods.

    Yields
    ------
    name, text : str
        The qualified name, ``"module"`` for the module's own, and the cleaned text.

    >>> list(docstrings("'''One.'''\\ndef f(): 'Two.'\\ndef _g(): 'Three.'"))
    [('module', 'One.'), ('f', 'Two.')]
    """
    module = ast.parse(source)
    nodes: list[tuple[str, ast.Module | ast.ClassDef | ast.FunctionDef]] = [("module", module)]
    while nodes:
        name, node = nodes.pop(0)
        text = ast.get_docstring(node)
        if text is not None:
            yield name, text
        if isinstance(node, ast.Module | ast.ClassDef):
            prefix = f"{name}." if isinstance(node, ast.ClassDef) else ""
            nodes += [
                (prefix + child.name, child)
                for child in node.body
                if isinstance(child, ast.ClassDef | ast.FunctionDef)
                and not child.name.startswith("_")
            ]


def faults(text: str) -> list[str]:
    """What is wrong with a docstring's summary, in words; empty where nothing is.

    >>> faults("Of both.")
    ["begins with 'Of'"]
    >>> faults("Return the sum")
    ['its first sentence has no full stop']
    >>> faults("Return the sum of all\\nframes.\\n\\nMore of it")
    []
    """
    summary = text.split("\n\n")[0].strip()
    found = []
    if fragment := FRAGMENTS.match(summary):
        found.append(f"begins with {fragment[0]!r}")
    if not summary.endswith("."):
        found.append("its first sentence has no full stop")
    return found


@pytest.mark.parametrize("name", FILES)
def test_docstrings_are_sentences(name: str) -> None:
    source = (PACKAGE / name).read_text(encoding="utf-8")
    wrong = [f"{at}: {fault}" for at, text in docstrings(source) for fault in faults(text)]
    assert not wrong, f"{name}: " + "; ".join(wrong)


def test_a_fault_is_found() -> None:
    assert faults("As :func:`other` does") == [
        "begins with 'As'",
        "its first sentence has no full stop",
    ]
    assert faults("Whether the band is simultaneous.") == []
