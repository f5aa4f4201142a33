"""A section of a report: what it answers, its pictures and its tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bayes_a2m.reporting.table import Table


@dataclass(frozen=True)
class Picture:
    """A figure that was written: ``file`` within the folder, what it shows, what to see in it."""

    file: str
    alt: str
    caption: str
    kind: str = "wide"
    title: str = ""


@dataclass(frozen=True)
class Part:
    """One section.

    Attributes
    ----------
    name, title
        Its anchor and heading.
    lead
        What it answers, in plain words.
    pictures, tables
        In order.
    notes
        What else has to be said.
    """

    name: str
    title: str
    lead: str
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()


def together(parts: Sequence[Part | None]) -> tuple[Part, ...]:
    """The parts that there are."""
    return tuple(part for part in parts if part is not None)
