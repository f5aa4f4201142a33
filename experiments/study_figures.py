"""Draws the figures of studies again from their tables: ``python experiments/study_figures.py``.

Every folder of ``reports/`` with a ``table.csv`` and a ``compare.json`` gets its ``arms.png``; its
models and recordings need not be there. ``bayes-a2m run`` writes the same figure.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bayes_a2m.reporting import style
from bayes_a2m.studies.figure import FIGURE, figure_of

REPORTS = Path(__file__).parents[1] / "reports"


def main() -> None:
    """Draw the figures of the folders named, of all studies where none is."""
    named = [Path(name) for name in sys.argv[1:]]
    for record in sorted(REPORTS.glob("*/compare.json")) if not named else []:
        if (record.parent / "table.csv").is_file():
            named.append(record.parent)
    for folder in named:
        style.save(figure_of(folder), folder / FIGURE, dpi=150)


if __name__ == "__main__":
    main()
