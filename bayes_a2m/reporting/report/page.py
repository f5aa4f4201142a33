"""The report as a folder: one page that can be sent on, figures as PNG and SVG, tables as CSV."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.errors import InputError
from bayes_a2m.files import atomic_folder, read_json, write_json
from bayes_a2m.reporting.html import Section, write_page
from bayes_a2m.reporting.report.context import Draft, Options, triple
from bayes_a2m.reporting.report.entry import Subject
from bayes_a2m.reporting.report.section import Part, together
from bayes_a2m.reporting.report.sections.confusion import confusion
from bayes_a2m.reporting.report.sections.embeddings import features
from bayes_a2m.reporting.report.sections.recordings import cards, recording_table
from bayes_a2m.reporting.report.sections.reliability import reliability
from bayes_a2m.reporting.report.sections.selective import accepting, conformal
from bayes_a2m.reporting.report.sections.slices import places
from bayes_a2m.reporting.report.sections.training import training
from bayes_a2m.reporting.report.sections.uncertainty import distributions, entropy, variance
from bayes_a2m.reporting.report.verdict import class_verdicts, headline
from bayes_a2m.reporting.table import Column, Table
from bayes_a2m.version import __version__

PAGE = "index.html"
RECORD = "report.json"
MADE_BY = "bayes-a2m report"

Bar = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]


def write_report(
    out: Path,
    data: Dataset,
    subjects: tuple[Subject, ...],
    options: Options | None = None,
    *,
    bar: Bar,
) -> dict[str, Any]:
    """Write the whole report, or nothing; an earlier report in ``out`` is replaced.

    Parameters
    ----------
    out
        The folder.
    data
        The recordings that all subjects speak of.
    subjects
        What is reported; the first is the one whose worst recordings are shown.
    options
        What is shown.
    bar
        Opens a progress bar.

    Returns
    -------
    dict
        The content of ``report.json``: what was reported, the verdicts, the scores.

    Raises
    ------
    InputError
        If ``out`` holds anything that no report made, or cannot be written to.
    """
    with atomic_folder(out, replaces=is_report) as folder:
        draft = Draft(folder, data, subjects, options or Options())
        parts, shown = _drawn(draft, bar)
        verdicts = _verdicts(draft)
        opening = Section("opening", "", "report_opening.html", _opening(draft, verdicts))
        sections = [
            Section(part.name, part.title, "report_section.html", {"part": part}) for part in parts
        ]
        listed = draft.table(recording_table(draft))
        facts = {"cards": shown, "table": listed, "several": len(subjects) > 1}
        sections.insert(2, Section("heard", "Listen to it", "report_recordings.html", facts))
        sections.append(Section("about", "About this report", "report_about.html", _about(draft)))
        write_page(
            folder / PAGE, _title(draft), opening, sections, embed=True, scripts=("sort.js",)
        )
        record = {
            "format_version": 1,
            "made_by": MADE_BY,
            "version": __version__,
            "data": data.name,
            "recordings": list(data.ids),
            "models": [
                {
                    "name": subject.name,
                    "origin": subject.origin,
                    "method": subject.method,
                    "verdicts": [_plain(v) for v in verdicts[subject.name]],
                    "metrics": subject.metrics,
                }
                for subject in subjects
            ],
        }
        write_json(folder / RECORD, record)
    return record


def is_report(path: Path) -> bool:
    """Whether a folder was made by this and may be replaced."""
    try:
        record = read_json(path / RECORD)
    except InputError:
        return False
    return isinstance(record, dict) and record.get("made_by") == MADE_BY


def _drawn(draft: Draft, bar: Bar) -> tuple[tuple[Part, ...], list[Any]]:
    """All parts in the order of the page, and the recordings shown."""
    makers: tuple[Callable[[], Part | None], ...] = (
        lambda: confusion(draft),
        lambda: reliability(draft),
        lambda: places(draft),
        lambda: accepting(draft),
        lambda: conformal(draft),
        lambda: distributions(draft),
        lambda: variance(draft),
        lambda: entropy(draft),
        lambda: training(draft),
    )
    made: list[Part | None] = []
    with bar("drawing") as update:
        for done, make in enumerate(makers, start=1):
            made.append(make())
            update(done, len(makers) + 1)
        shown = cards(draft)
        update(len(makers) + 1, len(makers) + 1)
    with bar("mapping features") as update:
        made.append(features(draft, update))
    return together(made), shown


def _verdicts(draft: Draft) -> dict[str, list[Any]]:
    options = draft.options
    return {
        s.name: class_verdicts(
            s.evaluation.frames, draft.names, resamples=options.resamples, seed=options.seed
        )
        for s in draft.subjects
    }


def _title(draft: Draft) -> str:
    names = [s.name for s in draft.subjects]
    return f"How far can {names[0] if len(names) == 1 else 'they'} be trusted?"


def _opening(draft: Draft, verdicts: dict[str, list[Any]]) -> dict[str, Any]:
    """What the first screen says."""
    told = []
    for subject in draft.subjects:
        metrics = subject.metrics
        near = metrics["near_boundary"]
        told.append(
            {
                "name": subject.name,
                "method": subject.method,
                "alarm": subject.evaluation.alarm,
                "headline": headline(
                    subject.evaluation.frames, draft.names, verdicts[subject.name]
                ),
                "verdicts": verdicts[subject.name],
                "accuracy": triple(metrics["metrics"]["accuracy"]),
                "ece": triple(metrics["metrics"]["ece"]),
                "nll": triple(metrics["metrics"]["nll"]),
                "near_accuracy": triple(near["accuracy"]),
                "near_ece": triple(near["ece"]),
                "cautions": metrics["calibration"]["cautions"],
            }
        )
    return {
        "models": told,
        "met": [(s.name, s.met) for s in draft.subjects if s.met],
        "data": draft.data.name,
        "recordings": len(draft.data),
        "frames": draft.subjects[0].metrics["frames"],
        "comparison": draft.table(_comparison(draft)) if len(told) > 1 else None,
        "classes": draft.table(_class_table(draft, verdicts)),
    }


def _comparison(draft: Draft) -> Table:
    scores = ("accuracy", "macro_f1", "nll", "ece", "aurc", "error_auroc", "note_onset_f1_100ms")
    columns = [Column("model", "model")]
    columns += [Column(s, s.replace("_", " "), "interval") for s in scores]
    rows = tuple(
        (s.name, *(triple(s.metrics["metrics"][name]) for name in scores)) for s in draft.subjects
    )
    return Table("models", "Side by side", tuple(columns), rows)


def _class_table(draft: Draft, verdicts: dict[str, list[Any]]) -> Table:
    columns = (
        Column("model", "model"),
        Column("class", "class"),
        Column("verdict", "verdict"),
        Column("right", "right when called", "interval"),
        Column("stated", "stated", "number", 3),
        Column("gap", "stated less right", "interval"),
        Column("found", "found of the true", "interval"),
        Column("called", "frames called", "number", 0),
    )
    rows = tuple(
        (
            name,
            v.name,
            v.word,
            triple(vars(v.right)),
            v.stated,
            triple(vars(v.gap)),
            triple(vars(v.found)),
            v.called,
        )
        for name, own in verdicts.items()
        for v in own
    )
    return Table("classes", "Class by class", columns, rows)


def _about(draft: Draft) -> dict[str, Any]:
    options = draft.options
    return {
        "version": __version__,
        "data": draft.data.name,
        "recordings": len(draft.data),
        "resamples": options.resamples,
        "seed": options.seed,
        "models": [(s.name, s.origin, s.method, s.posterior.draws) for s in draft.subjects],
        "conditions": sorted({r.condition for r in draft.data if r.condition}),
        "vocabulary": draft.names,
    }


def _plain(verdict: Any) -> dict[str, Any]:
    """A verdict as JSON holds it."""
    values = dict(vars(verdict))
    return {k: vars(v) if hasattr(v, "low") else v for k, v in values.items()}
