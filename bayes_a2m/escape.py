"""Names from outside, made fit for where they are shown.

A file's name may hold anything but a slash: line breaks, colour codes of a terminal, marks that
turn the direction of what follows, bytes that are no UTF-8 (Python reads them as lone surrogates,
U+DC80 to U+DCFF). Each sink has one place that escapes: this file for the terminal and for UTF-8
text, ``reporting/style.py`` for figures, Jinja's autoescape for pages, the ``csv`` module for
tables.
"""

from __future__ import annotations

import re

_SURROGATES = re.compile("[\ud800-\udfff]")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def encodable(text: str) -> str:
    r"""Text that can be written as UTF-8: lone surrogates as ``\udce9``.

    >>> print(encodable("caf\udce9"))
    caf\udce9
    """
    return _SURROGATES.sub(_escaped, text)


def printable(text: str) -> str:
    r"""One line for a terminal: control characters and marks of direction as escapes, too.

    >>> print(printable("a\nb \x1b[31mred"))
    a\nb \x1b[31mred
    """
    return _CONTROLS.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
