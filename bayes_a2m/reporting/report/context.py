"""A report in the making: what it is about, and the folder its figures and tables go to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.music import FrameGrid, Vocabulary
from bayes_a2m.reporting import style
from bayes_a2m.reporting.report.entry import Subject
from bayes_a2m.reporting.report.section import Picture
from bayes_a2m.reporting.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Options:
    """What a report shows.

    Attributes
    ----------
    resamples, seed
        Of the recordings, for every interval.
    accept_error
        Share of accepted frames that may be wrong.
    worst
        Recordings shown of the worst, and as many of the least sure.
    sound
        Whether their sound goes into the page.
    excerpt
        Seconds of a long recording that are shown and heard.
    projection
        ``pca`` or ``umap``, for the map of the trunk's features.
    progress
        Whether UMAP, which takes long, shows its bar.
    """

    resamples: int = 1000
    seed: int = 0
    accept_error: float = 0.05
    worst: int = 6
    sound: bool = True
    excerpt: float = 20.0
    projection: str = "pca"
    progress: bool = False


@dataclass(eq=False)
class Draft:
    """What every part is made from.

    Attributes
    ----------
    folder
        Figures go to ``figures``, tables to ``tables``.
    data
        The recordings reported on.
    subjects
        What is reported, the first of them first.
    options
        What is shown.
    """

    folder: Path
    data: Dataset
    subjects: tuple[Subject, ...]
    options: Options = field(default_factory=Options)

    @property
    def vocabulary(self) -> Vocabulary:
        """What the classes are."""
        return self.data.vocabulary

    @property
    def names(self) -> tuple[str, ...]:
        """Of the classes."""
        return self.data.vocabulary.names

    @cached_property
    def _labels(self) -> dict[FrameGrid, list[NDArray[np.int64]]]:
        return {}

    def labels(self, subject: Subject) -> list[NDArray[np.int64]]:
        """Class of every frame on the subject's grid, an array a recording."""
        grid = subject.posterior.grid
        if grid not in self._labels:
            self._labels[grid] = [r.labels(grid, self.vocabulary) for r in self.data]
        return self._labels[grid]

    def title_of(self, subject: Subject) -> str:
        """The subject's name where there are several, else nothing."""
        return subject.name if len(self.subjects) > 1 else ""

    def picture(
        self,
        name: str,
        figure: Figure,
        caption: str,
        alt: str,
        *,
        subject: Subject | None = None,
        kind: str = "wide",
        svg: bool = True,
    ) -> Picture:
        """Write a figure as PNG and SVG; ``svg`` is left out for pictures of spectra."""
        stem = name if subject is None else f"{name}_{self.stem(subject)}"
        for ending in ("png", "svg") if svg else ("png",):
            dpi = style.DPI if svg else style.SPECTRUM_DPI
            style.save(figure, self.folder / "figures" / f"{stem}.{ending}", dpi=dpi)
        title = "" if subject is None else self.title_of(subject)
        return Picture(f"figures/{stem}.png", alt, caption, kind, title)

    def table(self, table: Table) -> Table:
        """Write a table as CSV; gives what the page shows: one model needs no column for it."""
        table.write_csv(self.folder / "tables" / f"{table.name}.csv")
        return table if len(self.subjects) > 1 else table.without("model")

    def stem(self, subject: Subject) -> str:
        """The subject's name as part of a file's; different for different subjects."""
        stems: list[str] = []
        for one in self.subjects:
            stem = re.sub(r"[^A-Za-z0-9_-]+", "-", one.name).strip("-")[:40] or "model"
            while stem in stems:
                stem += "-2"
            stems.append(stem)
        return stems[self.subjects.index(subject)]


def triple(value: Mapping[str, float | None] | None) -> Mapping[str, float | None] | None:
    """A score with its interval as a table's cell; None where there is none."""
    return None if value is None or value["value"] is None else value
