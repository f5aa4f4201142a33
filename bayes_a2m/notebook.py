"""The looks of objects in a console and in a notebook: a line, a small table, a small piano roll.

A data set of sixty recordings is not to fill a hundred screens. What is shown in each place comes
from one mapping, :meth:`Shown._shown`; everything in it is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

from bayes_a2m.escape import printable

LONGEST = 400
"""Characters of the longest ``repr``."""

WIDTH, ROW, MARGIN = 640, 16, 44
"""Pixels: the width of a roll, the height of a pitch, and the room for names of pitches."""

BLUE = "#0072B2"


class RollNote(NamedTuple):
    """A note to draw: seconds, a MIDI pitch, and how solid it is, between 0 and 1."""

    onset: float
    offset: float
    pitch: int
    opacity: float = 1.0


class Shown:
    """The base of objects that are shown in short.

    >>> class Pair(Shown):
    ...     def _shown(self):
    ...         return {"left": 1, "right": "two"}
    >>> Pair()
    Pair(left=1, right=two)
    """

    __slots__ = ()

    def _shown(self) -> Mapping[str, object]:
        """What is worth saying, by name, the most important first."""
        raise NotImplementedError

    def _html(self) -> str:
        """More HTML below the table of a notebook; none unless overridden."""
        return ""

    def __repr__(self) -> str:
        facts = ", ".join(f"{name}={value}" for name, value in self._shown().items())
        text = printable(f"{type(self).__name__}({facts})")
        return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"

    def _repr_html_(self) -> str:
        return table(type(self).__name__, self._shown()) + self._html()


def table(caption: str, facts: Mapping[str, object]) -> str:
    """A small table of names and values.

    >>> table("Note", {"pitch": "<60>"})
    '<table><caption>Note</caption><tbody><tr><th>pitch</th><td>&lt;60&gt;</td></tr></tbody></table>'
    """
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(printable(str(value)))}</td></tr>"
        for name, value in facts.items()
    )
    return f"<table><caption>{escape(caption)}</caption><tbody>{rows}</tbody></table>"


def roll(notes: Sequence[RollNote], seconds: float, names: Mapping[int, str]) -> str:
    """A piano roll as SVG, a row for every pitch of ``names``, the highest first.

    Parameters
    ----------
    notes
        What to draw; pitches without a name are left out.
    seconds
        The width.
    names
        The name of every pitch that has a row.
    """
    pitches = sorted(names, reverse=True)
    high, scale = ROW * len(pitches), (WIDTH - MARGIN) / max(seconds, 1e-9)
    parts = [
        f'<text x="{MARGIN - 6}" y="{i * ROW + 12}" text-anchor="end" fill="currentColor" '
        f'font-size="11">{escape(names[pitch])}</text>'
        for i, pitch in enumerate(pitches)
    ]
    for note in notes:
        if note.pitch in names:
            x, y = MARGIN + note.onset * scale, pitches.index(note.pitch) * ROW + 2
            wide = max((min(note.offset, seconds) - note.onset) * scale, 1.0)
            parts.append(
                f'<rect x="{x:.1f}" y="{y}" width="{wide:.1f}" height="{ROW - 4}" fill="{BLUE}" '
                f'fill-opacity="{max(note.opacity, 0.08):.2f}" stroke="{BLUE}"/>'
            )
    words = f"Piano roll of {len(notes)} notes, {seconds:.1f} s"
    return (
        f'<svg viewBox="0 0 {WIDTH} {high}" width="{WIDTH}" height="{high}" role="img" '
        f'aria-label="{words}">{"".join(parts)}</svg>'
    )
