"""The recordings on which a model is worst, and those of which it is least sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from bayes_a2m.audio.features import CQTFeatures, FeatureExtractor, Spectrum
from bayes_a2m.config.settings import Settings
from bayes_a2m.metrics.inputs import Floats
from bayes_a2m.music.notes import between
from bayes_a2m.prediction.posterior import FramePosterior, FramePredictive
from bayes_a2m.reporting.report.context import ReportContext
from bayes_a2m.reporting.report.entry import ReportEntry
from bayes_a2m.reporting.report.picture import Picture
from bayes_a2m.reporting.report.recording_page import page_of
from bayes_a2m.reporting.report.section import Section, SectionContent
from bayes_a2m.reporting.roll import roll_caption, roll_figure
from bayes_a2m.reporting.sound import write_flac
from bayes_a2m.reporting.table import Cell, Column, Table


@dataclass(frozen=True)
class Card:
    """One recording on the page.

    Attributes
    ----------
    id, condition
        The recording's.
    why
        What it is shown for: ``worst`` or ``least sure``.
    words
        Its scores in a line.
    picture
        Its spectrum, and a piano roll for every model.
    sound
        The file of its sound within the folder, or None.
    page
        The page that plays all of it.
    """

    id: str
    condition: str
    why: str
    words: str
    picture: Picture
    sound: str | None
    page: str


class Recordings(Section):
    """The worst recordings and the least sure to look at and listen to, and a table of all."""

    name = "recordings"
    title = "Listen to it"
    template = "report_recordings.html"

    class Options(Settings):
        """The choice of recordings, and how they are shown."""

        worst: int = Field(6, ge=0, description="shown of the worst, and as many of the least sure")
        sound: bool = Field(True, description="whether their sound goes into the page")
        excerpt: float = Field(20.0, gt=0, description="seconds shown and heard of a long one")

    def build(self, context: ReportContext) -> SectionContent:
        """Write the section's figures, sounds and table, and give what the page shows."""
        facts = {
            "cards": _cards(context, self.options),
            "table": context.table(recording_table(context)),
            "several": len(context.entries) > 1,
            "links": {r.id: page_of(i) for i, r in enumerate(context.data)},
        }
        return SectionContent(facts=facts)


def recording_table(context: ReportContext) -> Table:
    """Accuracy, NLL, mean entropy and ECE of every recording by every model."""
    columns = (
        Column("recording", "recording"),
        Column("condition", "condition"),
        Column("model", "model"),
        Column("accuracy", "accuracy", "number", 3),
        Column("nll", "NLL", "number", 3),
        Column("entropy", "mean entropy (nats)", "number", 3),
        Column("mutual_information", "of that, model", "number", 4),
        Column("unlike", "unlike what it learned from"),
    )
    rows: list[tuple[Cell, ...]] = []
    for entry in context.entries:
        scores = _scores(entry)
        for i, recording in enumerate(context.data):
            values = (float(scores[key][i]) for key in ("accuracy", "nll", "entropy", "mi"))
            known = entry.evaluation.unlike
            unlike = None if known is None else "; ".join(known.get(recording.id, ()))
            rows.append((recording.id, recording.condition, entry.name, *values, unlike))
    return Table("recordings", "Every recording", columns, tuple(rows))


def _cards(context: ReportContext, options: Recordings.Options) -> list[Card]:
    """The worst recordings by NLL and the least sure by entropy, for the first model."""
    first = context.entries[0]
    scores = _scores(first)
    count = min(options.worst, len(context.data))
    worst = [int(i) for i in np.argsort(-scores["nll"], kind="stable")[:count]]
    unsure = [int(i) for i in np.argsort(-scores["entropy"], kind="stable") if int(i) not in worst]
    chosen = [(i, "worst") for i in worst] + [(i, "least sure") for i in unsure[:count]]
    extract = FeatureExtractor(CQTFeatures())
    cards = []
    for number, (i, why) in enumerate(chosen, start=1):
        recording = context.data[i]
        words = (
            f"{100 * scores['accuracy'][i]:.1f} % of frames right, NLL {scores['nll'][i]:.2f}, "
            f"mean entropy {scores['entropy'][i]:.2f} nats"
        )
        if phrases := (first.evaluation.unlike or {}).get(recording.id):
            words += f"; unlike those that it learned from: {'; '.join(phrases)}"
        picture, sound = _shown(context, i, f"recording_{number:02d}", extract, options)
        card = Card(recording.id, recording.condition, why, words, picture, sound, page_of(i))
        cards.append(card)
    return cards


def _shown(
    context: ReportContext,
    i: int,
    stem: str,
    extract: FeatureExtractor,
    options: Recordings.Options,
) -> tuple[Picture, str | None]:
    """The picture and the sound of a recording, or of the least sure seconds of a long one."""
    recording = context.data[i]
    first = context.entries[0]
    grid = first.posterior.grid
    start, end = _excerpt(context, i, options.excerpt)
    rate = extract.settings.sample_rate
    samples = recording.audio(rate)[round(start * rate) : round(end * rate)]
    posteriors = {s.name: _cut(s.posterior, i, start, end) for s in context.entries}
    notes = between(recording.notes or (), start, end)
    title = recording.id + (f", {start:.0f} to {end:.0f} s" if start else "")
    spectrum = Spectrum(extract(samples), extract.settings)
    figure = roll_figure(posteriors, 0, spectrum, notes, title=title)
    lo, hi = grid.span(start, end)
    labels = context.labels(first)[i][lo:hi]
    by_name = {name: [labels] for name in posteriors}
    caption = roll_caption(posteriors, 0, by_name[first.name][0])
    picture = context.picture(
        stem,
        figure,
        caption,
        "Spectrum of the recording; below, a row a model: the reference’s notes as amber bars, "
        "and each pitch’s probability as the opacity of blue.",
        svg=False,
    )
    sound = None
    if options.sound:
        sound = f"sound/{stem}.flac"
        write_flac(context.folder / sound, samples, rate)
    return picture, sound


def _excerpt(context: ReportContext, i: int, longest: float) -> tuple[float, float]:
    """The seconds to show: all of a short recording, else the window with the most entropy."""
    duration = context.data[i].duration
    posterior = context.entries[0].posterior
    if duration <= longest:
        return 0.0, duration
    entropy = posterior.entropy()[i, : posterior.lengths[i]].astype(np.float64)
    width = posterior.grid.frames_in(longest)
    total = np.concatenate([[0.0], np.cumsum(entropy)])
    start = int((total[width:] - total[:-width]).argmax())
    begin = posterior.grid.seconds(start)
    return begin, min(begin + longest, duration)


def _cut(posterior: FramePredictive, i: int, start: float, end: float) -> FramePosterior:
    """The mean posterior of one recording between two times."""
    lo, hi = posterior.grid.span(start, end)
    probs = posterior.of(i)[lo : max(hi, lo + 1)]
    probs = probs / probs.sum(axis=1, keepdims=True)
    return FramePosterior.from_probs(
        [probs], ids=[posterior.ids[i]], vocabulary=posterior.vocabulary, grid=posterior.grid
    )


def _scores(entry: ReportEntry) -> dict[str, Floats]:
    """Accuracy, NLL, mean entropy and mean mutual information, an array ``(recording,)`` each."""
    counts = entry.evaluation.frames
    frames = np.maximum(counts.frames, 1)
    posterior = entry.posterior
    return {
        "accuracy": np.trace(counts.confusion, axis1=1, axis2=2) / frames,
        "nll": counts.nll / frames,
        "entropy": _mean(posterior.entropy(), posterior.lengths),
        "mi": _mean(posterior.mutual_information(), posterior.lengths),
    }


def _mean(
    values: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
    lengths: Sequence[int] | np.ndarray[tuple[int], np.dtype[np.int64]],
) -> Floats:
    """The mean over the real frames of every recording, ``(recording,)``."""
    return np.array([float(row[:n].mean()) for row, n in zip(values, lengths, strict=True)])
