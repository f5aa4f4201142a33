"""Draw the figures of ``reports/calibration`` and ``reports/notes`` again from their numbers.

    python experiments/benchmarks/report_figures.py

Neither models nor recordings need be there: ``out_of_fold.json`` holds the bins of the reliability
diagrams, ``METHOD.csv`` every predicted note and whether it is right, ``synthetic.csv`` the scores
by gap. Figures of studies are drawn by ``experiments/study_figures.py``.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_a2m.diagnostics.calibration_summary import ReliabilityBin, diagram_of
from bayes_a2m.evaluation.note_results import NoteReliabilityBin
from bayes_a2m.files import read_json
from bayes_a2m.metrics.kernels import bin_of, ratio
from bayes_a2m.metrics.note_calibration import BINS
from bayes_a2m.reporting import style
from bayes_a2m.reporting.note_reliability import draw_note_bins
from bayes_a2m.reporting.reliability import class_diagrams_figure, diagram_figure
from bayes_a2m.resampling.bootstrap import Interval, intervals, resample_weights
from bayes_a2m.resampling.exact import clopper_pearson

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REPORTS = Path(__file__).parents[2] / "reports"

METHODS = ("laplace", "point", "point_frames")
"""The predicted notes of ``reports/notes``."""

DECODER_BEFORE = "decoder in use before"


def main() -> None:
    """Draw all of them."""
    calibration, notes = REPORTS / "calibration", REPORTS / "notes"
    found = read_json(calibration / "out_of_fold.json")
    for name, figure in calibration_figures(found).items():
        style.save(figure, calibration / f"{name}.png")
    for method in METHODS:
        style.save(note_figure(notes / f"{method}.csv"), notes / f"{method}_reliability.png")
    style.save(gap_figure(notes / "synthetic.csv"), notes / "synthetic_gaps.png")


def calibration_figures(found: dict[str, Any]) -> dict[str, Figure]:
    """The reliability diagrams of what ``out_of_fold.json`` holds, by the names of their files."""
    summary, trusted = found["calibration"], found["trust"]
    names = list(summary["per_class"])
    colours = style.class_colours(len(names))
    bins = {
        "rest": [summary["per_class"][name]["reliability"] for name in names],
        "called": [trusted[name]["levels"] for name in names],
    }
    figures = {"reliability": diagram_figure(_diagram(summary["reliability"]))}
    for kind, own in bins.items():
        diagrams = {
            name: (_diagram(one), colour)
            for name, one, colour in zip(names, own, colours, strict=True)
        }
        figures[f"reliability_{kind}"] = class_diagrams_figure(diagrams, kind=kind)
    return figures


def _diagram(bins: list[dict[str, Any]]) -> Any:
    return diagram_of([ReliabilityBin.model_validate(one) for one in bins])


def note_figure(table: Path) -> Figure:
    """The share of predicted notes that are right by their probability, a panel a tolerance.

    Parameters
    ----------
    table
        ``METHOD.csv``: a row a predicted note and tolerance, with ``recording``, ``probability``
        and ``right``.
    """
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    tolerances = sorted({row["tolerance"] for row in rows}, key=float)
    figure = style.new_figure(style.WIDTH, 3.0)
    panels = figure.subplots(1, len(tolerances), sharey=True, squeeze=False)[0]
    for axes, tolerance in zip(panels, tolerances, strict=True):
        draw_note_bins(axes, note_bins([r for r in rows if r["tolerance"] == tolerance]))
        axes.set_xlim(0, 1)
        style.dress(axes, x="predicted probability of a note")
        axes.set_ylabel("")
        words = f"onset within {1000 * float(tolerance):.0f} ms"
        axes.set_title(words, fontsize=style.LABEL, loc="left", pad=5)
    style.dress(panels[0], y="share of notes right")
    figure.tight_layout(pad=0.4, w_pad=1.5)
    return figure


def note_bins(rows: list[dict[str, str]]) -> list[NoteReliabilityBin]:
    """Ten bins of equal width, those with notes, with 95 % intervals from resampling recordings."""
    ids = sorted({row["recording"] for row in rows})
    probability = np.array([float(row["probability"]) for row in rows])
    right = np.array([row["right"] == "1" for row in rows], dtype=np.float64)
    place = np.array([ids.index(row["recording"]) for row in rows])
    bins = bin_of(probability, BINS)
    weights = resample_weights(len(ids), 1000, np.random.default_rng(0))
    found = []
    for b in np.unique(bins):
        own = bins == b
        count = np.bincount(place[own], minlength=len(ids)).astype(np.float64)
        hits = np.bincount(place[own], right[own], len(ids))
        accuracy = intervals(
            lambda w, hits=hits, count=count: {"accuracy": ratio(w @ hits, w @ count)}, weights
        )["accuracy"]
        if accuracy.value in (0.0, 1.0):  # all resamples are alike, which makes nothing certain
            low, high = clopper_pearson(hits.sum(), count.sum())
            accuracy = Interval(accuracy.value, float(low), float(high))
        confidence = float(probability[own].mean())
        found.append(
            NoteReliabilityBin(notes=int(own.sum()), confidence=confidence, accuracy=accuracy)
        )
    return found


def gap_figure(table: Path) -> Figure:
    """F1 of repeated notes against the gap before them, a line a decoder.

    Parameters
    ----------
    table
        ``synthetic.csv``: ``way, gap_from, gap_to, repeats, f1, low, high``, gaps in seconds.
    """
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    ways = list(dict.fromkeys(row["way"] for row in rows))
    figure = style.new_figure(style.WIDTH, 3.2)
    axes = figure.subplots()
    looks = style.looks(len(ways))
    for k, way in enumerate(ways):
        own = [row for row in rows if row["way"] == way]
        at = np.arange(len(own)) + 0.1 * (k - (len(ways) - 1) / 2)
        value, low, high = (
            np.array([float(row[key] or "nan") for row in own]) for key in ("f1", "low", "high")
        )
        axes.vlines(at, low, high, color=looks[k].colour, linewidth=1.2)
        name = way.replace(DECODER_BEFORE, "Viterbi decoder of 0.1.0")
        axes.plot(
            at, value, color=looks[k].colour, marker=looks[k].marker, markersize=4, label=name
        )
    first = [row for row in rows if row["way"] == ways[0]]
    axes.set_xticks(range(len(first)), labels=[_gap(row) for row in first])
    style.dress(
        axes,
        x="gap to the note before of the same pitch (ms); below it, the number of repeats",
        y="onset F1 of repeats, 50 ms",
        grid=True,
    )
    axes.set_ylim(0, 1.03)
    axes.legend(fontsize=style.TICK, frameon=False, loc="lower right")
    figure.tight_layout(pad=0.4)
    return figure


def _gap(row: dict[str, str]) -> str:
    """The label of a gap: its range in milliseconds over the number of its repeats."""
    low, high = 1000 * float(row["gap_from"]), 1000 * float(row["gap_to"] or "inf")
    words = f"{low:.0f} to {high:.0f}" if high < 4000 else f"over {low:.0f}"
    return f"{words}\n{row['repeats']}"


if __name__ == "__main__":
    main()
