"""A report in the making: what it is about, and the folder its figures and tables go to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.diagnostics.verdict import TOLERANCE
from bayes_a2m.music import FrameGrid, Vocabulary
from bayes_a2m.reporting import style
from bayes_a2m.reporting.report.entry import ReportEntry
from bayes_a2m.reporting.report.picture import Picture
from bayes_a2m.reporting.report.requirement import Requirement
from bayes_a2m.reporting.table import Table
from bayes_a2m.resampling.bootstrap import Interval

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from bayes_a2m.reporting.report.note_entry import NoteEntry


@dataclass(frozen=True)
class ReportOptions:
    """The options of a report.

    Attributes
    ----------
    resamples, seed
        The number of resamples of recordings for every interval, and their seed.
    tolerance
        The gap between confidence and accuracy that does not matter, as a share.
    accept_error
        The share of accepted frames that may be wrong.
    requirements
        Bounds on scores that the user set.
    sections
        The options of single sections, by their names: ``{"recordings": {"worst": 3}}``.
    sound, embed_audio
        Whether there is anything to hear, and whether it is in the pages or beside them.
    progress
        Whether UMAP, which takes long, shows its bar.
    """

    resamples: int = 1000
    seed: int = 0
    accept_error: float = 0.05
    tolerance: float = TOLERANCE
    requirements: tuple[Requirement, ...] = ()
    sections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sound: bool = True
    embed_audio: bool = False
    progress: bool = False


@dataclass(eq=False)
class ReportContext:
    """The context that every section of a report is built from.

    Attributes
    ----------
    folder
        The folder of the report: figures go to ``figures``, tables to ``tables``.
    data
        The recordings reported on.
    entries
        The models and files of predictions that are reported on, in the order of the page.
    options
        The options of the report.
    notes
        The notes that are reported on: those of the entries, then those of other tools.
    """

    folder: Path
    data: Dataset
    entries: tuple[ReportEntry, ...]
    options: ReportOptions = field(default_factory=ReportOptions)
    notes: tuple[NoteEntry, ...] = ()

    @property
    def vocabulary(self) -> Vocabulary:
        """The vocabulary that all entries share."""
        return self.data.vocabulary

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the classes."""
        return self.data.vocabulary.names

    @cached_property
    def _labels(self) -> dict[FrameGrid, list[NDArray[np.int64]]]:
        return {}

    def labels(self, entry: ReportEntry) -> list[NDArray[np.int64]]:
        """The class of every frame on the grid of an entry, an array ``(frames,)`` a recording."""
        grid = entry.posterior.grid
        if grid not in self._labels:
            self._labels[grid] = [r.labels(grid, self.vocabulary) for r in self.data]
        return self._labels[grid]

    def title_of(self, entry: ReportEntry) -> str:
        """The name of an entry where there are several; an empty text where it is the only one."""
        return entry.name if len(self.entries) > 1 else ""

    def picture(
        self,
        name: str,
        figure: Figure,
        caption: str,
        alt: str,
        *,
        entry: ReportEntry | None = None,
        kind: str = "wide",
        svg: bool = True,
        title: str = "",
    ) -> Picture:
        """Write a figure as PNG and SVG into ``figures``.

        Parameters
        ----------
        name
            The name of the files, without ending; the name of ``entry`` is put behind it.
        figure
            The figure to write.
        caption, alt, kind
            The words and the room of a :class:`~bayes_a2m.reporting.report.picture.Picture`.
        entry
            The entry that the figure belongs to; None for a figure of all.
        svg
            Whether an SVG is written, too. Pictures of spectra go without: they would hold a
            bitmap.
        title
            What stands above it; the name of ``entry`` unless given.
        """
        stem = name if entry is None else f"{name}_{self.stem(entry)}"
        for ending in ("png", "svg") if svg else ("png",):
            dpi = style.DPI if svg else style.SPECTRUM_DPI
            style.save(figure, self.folder / "figures" / f"{stem}.{ending}", dpi=dpi)
        title = title or ("" if entry is None else self.title_of(entry))
        return Picture(f"figures/{stem}.png", alt, caption, kind, title)

    def table(self, table: Table) -> Table:
        """Write a table as CSV into ``tables``.

        Returns
        -------
        Table
            The table as the page shows it: without the column ``model`` where there is one model.
        """
        table.write_csv(self.folder / "tables" / f"{table.name}.csv")
        return table if len(self.entries) > 1 else table.without("model")

    def stem(self, entry: ReportEntry) -> str:
        """The name of an entry as part of the name of a file; different for different entries."""
        stems: list[str] = []
        for known in self.entries:
            stem = re.sub(r"[^A-Za-z0-9_-]+", "-", known.name).strip("-")[:40] or "model"
            while stem in stems:
                stem += "-2"
            stems.append(stem)
        return stems[self.entries.index(entry)]


def known(score: Interval | None) -> Interval | None:
    """A score with its interval as the cell of a table; None where it is undefined."""
    return None if score is None or score.value is None else score
