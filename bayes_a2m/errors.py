"""The exceptions that people are meant to read."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """An error in what the user gave: the message says what is wrong, where, and what to do.

    The command line prints the message on one line of stderr and exits with code 2;
    in Python it is a ``ValueError``.
    """


class PartlyFinishedError(InputError):
    """A failure of a part of the work; what is finished of it is of use to go on from."""


def suggest(word: str, known: Iterable[str]) -> str:
    """Suggest the known word nearest to ``word``: `` (did you mean 'x'?)``, or nothing.

    >>> suggest("lerning_rate", ["learning_rate", "epochs"])
    " (did you mean 'learning_rate'?)"
    >>> suggest("zzz", ["learning_rate"])
    ''
    """
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" (did you mean {near[0]!r}?)" if near else ""
