"""The report as a folder: one page that can be sent on, figures as PNG and SVG, tables as CSV."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from bayes_a2m import renamed
from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.evaluation.scoring import unlike_cautions
from bayes_a2m.files import OutputFolder
from bayes_a2m.metrics.metric import metric_named, registered
from bayes_a2m.reporting.html import PageSection, write_page
from bayes_a2m.reporting.report.context import ReportContext, ReportOptions, known
from bayes_a2m.reporting.report.entry import ReportEntry
from bayes_a2m.reporting.report.gap_bar import gap_bar
from bayes_a2m.reporting.report.note_entry import NoteEntry, of_entry
from bayes_a2m.reporting.report.record import ReportedModel, ReportedNotes, ReportRecord
from bayes_a2m.reporting.report.recording_page import write_recording_pages
from bayes_a2m.reporting.report.requirement import check
from bayes_a2m.reporting.report.section import Section, make_sections
from bayes_a2m.reporting.report.verdict import (
    ClassVerdict,
    class_verdicts,
    headline,
    withdrawn_verdicts,
)
from bayes_a2m.reporting.report.weakness import weaknesses
from bayes_a2m.reporting.table import Column, Table
from bayes_a2m.version import __version__

PAGE = "index.html"

NUMBERS = ("accuracy", "nll", "ece", "note_onset_f1_50ms", "note_onset_f1_100ms", "note_ece")
"""The scores of the first screen."""

MOST_IN_OVERVIEW = 6
"""Classes up to which the verdicts on several models stand in one table, a model a row."""

RECORD = "report.json"

Bar = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]


def write_report(
    out: Path,
    data: Dataset,
    entries: tuple[ReportEntry, ...],
    options: ReportOptions | None = None,
    *,
    bar: Bar,
    force: bool = False,
    notes: Sequence[NoteEntry] = (),
) -> ReportRecord:
    """Write the whole report, or nothing; an earlier report in ``out`` is replaced.

    Files of others in ``out`` stay as they are.

    Parameters
    ----------
    out
        The folder.
    data
        The recordings that all entries speak of.
    entries
        The models and predictions reported on; the worst recordings of the first are shown.
    options
        The options of the report.
    bar
        Opens a progress bar.
    force
        Whether files of others may be replaced.
    notes
        The notes of other tools, reported on beside those of the entries.

    Returns
    -------
    ReportRecord
        The content of ``report.json``: what was reported, the verdicts, the scores.

    Raises
    ------
    InputError
        If ``out`` holds what no report made and would have to be replaced, or cannot be written
        to, an option of a section is unknown, or a requirement names a score that there is not.
    """
    chosen = options or ReportOptions()
    sections_of_report = make_sections(chosen.sections)
    with report_folder(out, force=force).replacing() as folder:
        drawn = {"resamples": chosen.resamples, "seed": chosen.seed}
        own = tuple(of_entry(entry, data, **drawn) for entry in entries)
        context = ReportContext(folder, data, entries, chosen, (*own, *notes))
        verdicts = _verdicts(context)
        checked = [one for e in entries for one in check(chosen.requirements, e.name, e.metrics)]
        facts = _opening(context, verdicts) | {"requirements": checked}
        opening = PageSection("opening", "", "report_opening.html", facts)
        with bar("drawing") as update:
            sections = _built(sections_of_report, context, update)
        write_page(
            folder / PAGE,
            _title(context),
            opening,
            sections,
            embed=True,
            embed_sound=chosen.embed_audio,
            scripts=("sort.js",),
        )
        write_recording_pages(context, sound=chosen.sound, embed=chosen.embed_audio)
        record = ReportRecord(
            version=__version__,
            data=data.name,
            recordings=list(data.ids),
            models=[
                ReportedModel(
                    name=entry.name,
                    origin=entry.origin,
                    method=entry.method,
                    provenance=dict(entry.provenance),
                    verdicts=verdicts[entry.name],
                    metrics=entry.metrics,
                )
                for entry in entries
            ],
            notes=[ReportedNotes(name=one.name, f1=one.f1, results=one.results) for one in notes],
            requirements=checked,
        )
        record.write(folder / RECORD)
    return record


def report_folder(path: Path, *, force: bool = False) -> OutputFolder:
    """The folder that a report is written to; it replaces there what a report wrote, no more."""
    return OutputFolder(path, "report", force=force, beside=())


def _built(
    sections: Sequence[Section], context: ReportContext, update: Callable[[int, int], None]
) -> list[PageSection]:
    """Build every section; those that have nothing to show are left out."""
    pages = []
    for done, section in enumerate(sections, start=1):
        content = section.build(context) if context.entries or not section.needs_models else None
        if content is not None:
            facts = {"content": content, **content.facts}
            pages.append(PageSection(section.name, section.title, section.template, facts))
        update(done, len(sections))
    return pages


def _verdicts(context: ReportContext) -> dict[str, list[ClassVerdict]]:
    options = context.options
    return {
        s.name: class_verdicts(
            s.evaluation.frames.select(s.evaluation.inside),
            context.names,
            resamples=options.resamples,
            seed=options.seed,
            tolerance=options.tolerance,
        )
        if s.evaluation.inside.any()
        else withdrawn_verdicts(context.names, tolerance=options.tolerance)
        for s in context.entries
    }


def _conditions_told(entry: ReportEntry) -> str | None:
    """Say where nothing is promised of any recording, or where this is not known."""
    unlike = entry.metrics.unlike
    if unlike is None:
        return (
            "Whether these recordings are like those that it learned from is not known; the "
            "verdicts are about recordings like these."
        )
    if unlike.recordings and not entry.evaluation.inside.any():
        return (
            "All of these recordings are unlike those that it learned from, and nothing is "
            "promised of them; the table of all recordings says how they differ."
        )
    return None


def _title(context: ReportContext) -> str:
    names = [one.name for one in context.notes]
    return f"How far can {names[0] if len(names) == 1 else 'they'} be trusted?"


def _opening(context: ReportContext, verdicts: dict[str, list[ClassVerdict]]) -> dict[str, Any]:
    """The facts of the first screen."""
    told = []
    for entry in context.entries:
        scores = entry.metrics.metrics
        own = verdicts[entry.name]
        told.append(
            {
                "name": entry.name,
                "method": entry.method,
                "alarm": entry.evaluation.alarm,
                "headline": headline(entry.evaluation.frames, context.names, own),
                "conditions": _conditions_told(entry),
                "verdicts": own,
                "bars": [gap_bar(v) for v in own],
                "numbers": [
                    (metric_named(name).label, metric_named(name).family, score)
                    for name in NUMBERS
                    if (score := known(scores.get(name))) is not None
                ],
                "weaknesses": weaknesses(entry),
                "provenance": dict(entry.provenance),
                "cautions": [*entry.cautions, *gathered(_other_cautions(entry))],
            }
        )
    return {
        "models": told,
        "met": [(s.name, s.seen) for s in context.entries if s.seen],
        "unknown": [
            *(s.name for s in context.entries if s.seen is None),
            *(one.name for one in context.notes if one.origin == "notes"),
        ],
        "data": context.data.name,
        "recordings": len(context.data),
        "frames": context.entries[0].metrics.frames if context.entries else 0,
        "overview": len(told) > 1 and len(context.names) <= MOST_IN_OVERVIEW,
        "class_names": context.names,
        "comparison": context.table(_comparison(context)) if len(told) > 1 else None,
        "classes": context.table(_class_table(context, verdicts)),
    }


def _other_cautions(entry: ReportEntry) -> list[str]:
    """The cautions of the calibration but for that of unlike recordings, which has its place."""
    told = set(unlike_cautions(entry.evaluation.inside))
    return [one for one in entry.metrics.calibration.cautions if one not in told]


def gathered(cautions: Sequence[str]) -> list[str]:
    """Say once what several cautions end in, after the subjects of all of them.

    >>> gathered(["C4: 5 recordings; too few", "E4: 7 recordings; too few", "no notes"])
    ['C4: 5 recordings, E4: 7 recordings; too few', 'no notes']
    """
    subjects: dict[str, list[str]] = {}
    for one in cautions:
        subject, _, end = one.rpartition("; ")
        subjects.setdefault(end, []).extend([subject] if subject else [])
    return [f"{', '.join(own)}; {end}" if own else end for end, own in subjects.items()]


def _comparison(context: ReportContext) -> Table:
    scores = ["accuracy", "macro_f1", "nll", "ece", "aurc", "error_auroc", "note_onset_f1_100ms"]
    scores += [metric.name for metric in registered()]
    columns = [Column("model", "model")]
    columns += [Column(s, metric_named(s).label, "interval") for s in scores]
    rows = tuple(
        (s.name, *(known(s.metrics.metrics[name]) for name in scores)) for s in context.entries
    )
    return Table("models", "Side by side", tuple(columns), rows)


def _class_table(context: ReportContext, verdicts: dict[str, list[ClassVerdict]]) -> Table:
    columns = (
        Column("model", "model"),
        Column("class", "class"),
        Column("verdict", "verdict"),
        Column("precision", "precision", "interval"),
        Column("confidence", "mean confidence", "number", 3),
        Column("overconfidence", "overconfidence", "interval"),
        Column("recall", "recall", "interval"),
        Column("predicted", "predicted frames", "number", 0),
    )
    rows = tuple(
        (
            name,
            v.name,
            v.word,
            known(v.precision),
            v.confidence,
            known(v.overconfidence),
            known(v.recall),
            v.predicted,
        )
        for name, own in verdicts.items()
        for v in own
    )
    return Table("classes", "Class by class", columns, rows)


__getattr__ = renamed.names_of(__name__)
