"""Notes: whether their probabilities can be believed, and those to listen to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import Field

from bayes_a2m.audio.features import CQTFeatures, FeatureExtractor, Spectrum
from bayes_a2m.baselines.pitch_curve import pitch_curve
from bayes_a2m.config.settings import Settings
from bayes_a2m.metrics.metric import metric_named
from bayes_a2m.metrics.notes import matched_pairs
from bayes_a2m.music import Note
from bayes_a2m.music.notes import monophonic
from bayes_a2m.reporting.note_reliability import (
    note_reliability_caption,
    note_reliability_figure,
)
from bayes_a2m.reporting.piano_roll import RollNote, piano_roll_figure
from bayes_a2m.reporting.report.context import ReportContext, known
from bayes_a2m.reporting.report.note_entry import NoteEntry
from bayes_a2m.reporting.report.picture import Picture
from bayes_a2m.reporting.report.recording_page import note_link
from bayes_a2m.reporting.report.section import Section, SectionContent
from bayes_a2m.reporting.sound import write_flac
from bayes_a2m.reporting.table import Column, Table

F1 = ("note_onset_f1_50ms", "note_onset_f1_100ms", "note_onset_offset_f1")

TOLERANCE = 0.05
"""Seconds around an onset within which a note is right."""


@dataclass(frozen=True)
class NoteCard:
    """A note on the page.

    Attributes
    ----------
    recording, title
        The recording it is in, and the note itself.
    why
        What it is shown for: ``surest wrong`` or ``least sure``.
    words
        What is stated, and what the reference has there.
    picture, sound
        The seconds around it, to see and to hear; no sound where none is asked for.
    page
        The place on the page that plays all of the recording.
    """

    recording: str
    title: str
    why: str
    words: str
    picture: Picture
    sound: str | None
    page: str


class Notes(Section):
    """The reliability of notes, all scores of them, and the ones to listen to."""

    name = "notes"
    title = "Can its notes be believed?"
    template = "report_notes.html"
    needs_models = False

    class Options(Settings):
        """The choice of notes, and how they are shown."""

        shown: int = Field(3, ge=0, description="of the surest wrong, and of the least sure")
        around: float = Field(1.5, gt=0, description="seconds shown and heard around a note")
        sound: bool = Field(True, description="whether their sound goes into the page")

    def build(self, context: ReportContext) -> SectionContent | None:
        """Write the section's figures, sounds and table, and give what the page shows."""
        entries = context.notes
        if not entries:
            return None
        pictures = tuple(
            _reliability(context, entry) for entry in entries if entry.results.reliability
        )
        facts = {
            "cards": _cards(context, entries[0], self.options),
            "first": entries[0].name if len(entries) > 1 else "",
            "table": _table(context, _scores(entries)),
            "cautions": [entry.caution for entry in entries if entry.caution],
        }
        return SectionContent(pictures=pictures, facts=facts)


def _table(context: ReportContext, table: Table) -> Table:
    shown = context.table(table)
    return table if len(context.notes) > 1 else shown.without("model")


def _reliability(context: ReportContext, entry: NoteEntry) -> Picture:
    return context.picture(
        f"note_reliability_{context.notes.index(entry) + 1:02d}",
        note_reliability_figure(entry.results),
        note_reliability_caption(entry.results),
        "Points near a dashed diagonal: the share of notes that is right, by predicted "
        "probability; below, the number of notes in each bin.",
        kind="narrow",
        title=entry.name if len(context.notes) > 1 else "",
    )


def _scores(entries: tuple[NoteEntry, ...]) -> Table:
    """A row for every model and tool."""
    columns = (
        Column("model", "model"),
        Column("notes", "notes predicted", "number", 0),
        Column("note_confidence", "mean confidence", "interval"),
        Column("note_precision", "precision (50 ms)", "interval"),
        Column("note_ece", metric_named("note_ece").label, "interval"),
        Column("note_ece_debiased", metric_named("note_ece_debiased").label, "interval"),
        Column("note_brier", metric_named("note_brier").label, "interval"),
        Column("note_auroc", metric_named("note_auroc").label, "interval"),
        *(Column(name, metric_named(name).label, "interval") for name in F1),
        Column("onset_coverage", "onset in its 90 % interval", "interval"),
        Column("onset_width", "width of that (s)", "interval"),
        Column("offset_coverage", "offset in its 90 % interval", "interval"),
        Column("expected_f1", "F1 expected without labels", "interval"),
    )
    rows = []
    for entry in entries:
        found = entry.results
        rows.append(
            (
                entry.name,
                found.notes + found.unknown,
                known(found.confidence),
                known(found.precision),
                known(found.ece),
                known(found.ece_debiased),
                known(found.brier),
                known(found.auroc),
                *(known(entry.f1.get(name)) for name in F1),
                None if found.onset is None else known(found.onset.coverage),
                None if found.onset is None else known(found.onset.width),
                None if found.offset is None else known(found.offset.coverage),
                None if found.forecast is None else known(found.forecast.expected),
            )
        )
    return Table("notes", "Notes and their probabilities", columns, tuple(rows))


def _cards(context: ReportContext, entry: NoteEntry, options: Notes.Options) -> list[NoteCard]:
    """The surest wrong notes of an entry and, of the others, the least sure."""
    sure: list[tuple[float, bool, int, int]] = []
    for i, (recording, row) in enumerate(zip(context.data, entry.rows, strict=True)):
        pairs = matched_pairs(
            list(recording.notes or ()), [one.note for one in row], onset_tolerance=TOLERANCE
        )
        right = {j for _, j in pairs}
        sure += [
            (one.probability, j in right, i, j)
            for j, one in enumerate(row)
            if one.probability is not None
        ]
    wrong = sorted((one for one in sure if not one[1]), key=lambda one: (-one[0], one[2:]))
    wrong = wrong[: options.shown]
    unsure = sorted((one for one in sure if one not in wrong), key=lambda one: (one[0], one[2:]))
    chosen = [(one, "surest wrong") for one in wrong]
    chosen += [(one, "least sure") for one in unsure[: options.shown]]
    extract = FeatureExtractor(CQTFeatures())
    return [
        _card(context, entry, i, j, right, why, f"note_{number:02d}", extract, options)
        for number, ((_, right, i, j), why) in enumerate(chosen, start=1)
    ]


def _card(
    context: ReportContext,
    entry: NoteEntry,
    i: int,
    j: int,
    right: bool,
    why: str,
    stem: str,
    extract: FeatureExtractor,
    options: Notes.Options,
) -> NoteCard:
    """A note with the seconds around it, of all models."""
    recording, one = context.data[i], entry.rows[i][j]
    # whole half seconds, so that the times on the axis are round
    start = math.floor(2 * max(0.0, one.note.onset - options.around)) / 2
    end = min(recording.duration, one.note.offset + options.around)
    rate = extract.settings.sample_rate
    samples = recording.audio(rate)[round(start * rate) : round(end * rate)]
    curve = pitch_curve(recording.audio(rate), rate, monophonic(recording.notes or ()))
    rows: Mapping[str, tuple[RollNote, ...]] = {e.name: e.rows[i] for e in context.notes}
    name = context.vocabulary.pitch_name(one.note.pitch)
    figure = piano_roll_figure(
        rows,
        Spectrum(extract(samples), extract.settings),
        context.vocabulary,
        reference=recording.notes or (),
        curve=curve,
        start=start,
        title=f"{recording.id}, {start:.1f} to {end:.1f} s",
        marks=[(one.note.onset, one.note.offset)],
    )
    words = _words(one, right, recording.notes or (), context)
    picture = context.picture(
        stem,
        figure,
        "",
        "Spectrum around the note; below, a row a model: the reference’s notes as amber bars, "
        "predicted notes in blue, the more opaque the likelier, with whiskers at the onset.",
        svg=False,
    )
    sound = None
    if options.sound:
        sound = f"sound/{stem}.flac"
        write_flac(context.folder / sound, samples, rate)
    title = f"{name} at {one.note.onset:.2f} s"
    return NoteCard(recording.id, title, why, words, picture, sound, note_link(i, one.note))


def _words(one: RollNote, right: bool, reference: tuple[Note, ...], context: ReportContext) -> str:
    """What is stated of a note, and what the reference has there."""
    stated = f"Probability {one.probability:.2f}; "
    if right:
        return stated + "it is right."
    names = context.vocabulary.pitch_name
    sounding = [n for n in reference if n.onset < one.note.offset and n.offset > one.note.onset]
    same = [n for n in sounding if n.pitch == one.note.pitch]
    if same:
        nearest = min(same, key=lambda n: abs(n.onset - one.note.onset))
        late = 1000 * (one.note.onset - nearest.onset)
        way = "late" if late > 0 else "early"
        return stated + f"the pitch is there, its onset is {abs(late):.0f} ms too {way}."
    if sounding:
        there = ", ".join(dict.fromkeys(names(n.pitch) for n in sounding))
        return stated + f"the reference has {there} there."
    return stated + "the reference has no note there."
