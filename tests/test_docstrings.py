"""Public docstrings are whole sentences: none begins in the middle of one, each has its full stop.

``STILL_TO_DO`` lists what was written before the rule; it only ever gets shorter.
"""

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

STILL_TO_DO = (
    "audio/io.py",
    "audio/wav_header.py",
    "cli/",
    "datasets/verify/",
    "files/",
    "music/midi.py",
    "music/midi_notes.py",
    "music/pitch_names.py",
)
"""Rooms and files whose docstrings have not been gone through yet."""

FILES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


def is_done(name: str) -> bool:
    """Whether the file is held to the rule: neither it nor its room is still to do."""
    return not any(
        name.startswith(part) if part.endswith("/") else name == part for part in STILL_TO_DO
    )


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


@pytest.mark.parametrize("name", [name for name in FILES if is_done(name)])
def test_docstrings_are_sentences(name: str) -> None:
    source = (PACKAGE / name).read_text(encoding="utf-8")
    wrong = [f"{at}: {fault}" for at, text in docstrings(source) for fault in faults(text)]
    assert not wrong, f"{name}: " + "; ".join(wrong)


def test_the_list_of_rooms_to_do_holds_only_rooms_that_exist() -> None:
    for part in STILL_TO_DO:
        assert (PACKAGE / part).exists(), f"{part} is gone: take it from STILL_TO_DO"


def test_a_fault_is_found() -> None:
    assert faults("As :func:`other` does") == [
        "begins with 'As'",
        "its first sentence has no full stop",
    ]
    assert faults("Whether the band is simultaneous.") == []
