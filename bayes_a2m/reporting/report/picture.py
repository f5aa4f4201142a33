"""A figure of a report that was written to its folder."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Picture:
    """A figure that was written, and the words that go with it.

    Attributes
    ----------
    file
        The file's place within the report's folder.
    alt
        What it shows, for people who cannot see it.
    caption
        What there is to see in it.
    kind
        ``wide`` or ``narrow``: the room it takes on the page.
    title
        What stands above it: the model it belongs to, where there are several.
    """

    file: str
    alt: str
    caption: str
    kind: str = "wide"
    title: str = ""
