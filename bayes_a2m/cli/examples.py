"""Examples in a help text that can be copied: long ones are continued as a shell reads them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

WIDTH = 68
"""Columns of an example: a help text has eighty, less its indentation."""

COMMAND = "bayes-a2m "

VERBATIM = "\b"
"""What says at the head of a paragraph that its lines stay as they are."""


def copyable(text: str) -> str:
    r"""Continue the long examples of a help text on further lines.

    A paragraph that begins with the command is an example; others are as they were.

    >>> print(copyable("Do it.\n\n    bayes-a2m do it --well").replace("\b", "|"))
    Do it.
    <BLANKLINE>
        bayes-a2m do it --well
    >>> long = "bayes-a2m transcribe song.wav -m models/crnn --format mid --tempo 96 --bends"
    >>> print(copyable("Do.\n\n    " + long).replace("\b", "|"))
    Do.
    <BLANKLINE>
        |
    bayes-a2m transcribe song.wav -m models/crnn --format mid \
        --tempo 96 --bends
    """
    return "\n\n".join(map(_continued, inspect.cleandoc(text).split("\n\n")))


def _continued(paragraph: str) -> str:
    words = " ".join(paragraph.split())
    if not words.startswith(COMMAND) or len(words) <= WIDTH:
        return paragraph
    margin = paragraph[: len(paragraph) - len(paragraph.lstrip())]
    lines = [""]
    for part in _parts(words.split()):
        if lines[-1] and len(lines[-1]) + len(part) + 1 > WIDTH - 2:
            lines.append("    " + part)
        else:
            lines[-1] = f"{lines[-1]} {part}" if lines[-1] else part
    # the margin of what stays as it is comes from its head
    return f"{margin}{VERBATIM}\n" + " \\\n".join(lines)


def _parts(words: list[str]) -> Iterator[str]:
    """Options with their values, and what stands alone."""
    part = words[0]
    for word in words[1:]:
        if word.startswith("-") or not part.startswith("-"):
            yield part
            part = word
        else:
            part = f"{part} {word}"
    yield part
