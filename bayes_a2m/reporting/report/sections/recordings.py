"""The recordings on which it is worst, and those of which it is least sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bayes_a2m.audio.features import CQTFeatures, FeatureExtractor, Spectrum
from bayes_a2m.metrics.inputs import Floats
from bayes_a2m.music.notes import between
from bayes_a2m.prediction.posterior import FramePosterior, FramePredictive
from bayes_a2m.reporting.report.context import Draft
from bayes_a2m.reporting.report.entry import Subject
from bayes_a2m.reporting.report.section import Picture
from bayes_a2m.reporting.roll import roll_caption, roll_figure
from bayes_a2m.reporting.sound import write_flac
from bayes_a2m.reporting.table import Cell, Column, Table


@dataclass(frozen=True)
class Card:
    """One recording on the page.

    Attributes
    ----------
    id, condition
        Of the recording.
    why
        What it is shown for.
    words
        Its numbers.
    picture
        Spectrum and piano roll.
    sound
        Its sound within the folder, or None.
    """

    id: str
    condition: str
    why: str
    words: str
    picture: Picture
    sound: str | None


def recording_table(draft: Draft) -> Table:
    """Accuracy, NLL, mean entropy and ECE of every recording by every model."""
    columns = (
        Column("recording", "recording"),
        Column("condition", "condition"),
        Column("model", "model"),
        Column("accuracy", "accuracy", "number", 3),
        Column("nll", "NLL", "number", 3),
        Column("entropy", "mean entropy (nats)", "number", 3),
        Column("mutual_information", "of that, model", "number", 4),
    )
    rows: list[tuple[Cell, ...]] = []
    for subject in draft.subjects:
        scores = _scores(subject)
        for i, recording in enumerate(draft.data):
            values = (float(scores[key][i]) for key in ("accuracy", "nll", "entropy", "mi"))
            rows.append((recording.id, recording.condition, subject.name, *values))
    return Table("recordings", "Every recording", columns, tuple(rows))


def cards(draft: Draft) -> list[Card]:
    """The worst by NLL and the least sure by entropy, of the first model."""
    first = draft.subjects[0]
    scores = _scores(first)
    count = min(draft.options.worst, len(draft.data))
    worst = [int(i) for i in np.argsort(-scores["nll"], kind="stable")[:count]]
    unsure = [int(i) for i in np.argsort(-scores["entropy"], kind="stable") if int(i) not in worst]
    chosen = [(i, "worst") for i in worst] + [(i, "least sure") for i in unsure[:count]]
    extract = FeatureExtractor(CQTFeatures())
    made = []
    for number, (i, why) in enumerate(chosen, start=1):
        recording = draft.data[i]
        words = (
            f"{100 * scores['accuracy'][i]:.1f} % of frames right, NLL {scores['nll'][i]:.2f}, "
            f"mean entropy {scores['entropy'][i]:.2f} nats"
        )
        picture, sound = _shown(draft, i, f"recording_{number:02d}", extract)
        made.append(Card(recording.id, recording.condition, why, words, picture, sound))
    return made


def _shown(
    draft: Draft, i: int, stem: str, extract: FeatureExtractor
) -> tuple[Picture, str | None]:
    """The picture and the sound of a recording, of a long one its most doubtful seconds."""
    recording = draft.data[i]
    first = draft.subjects[0]
    grid = first.posterior.grid
    start, end = _excerpt(draft, i)
    rate = extract.settings.sample_rate
    samples = recording.audio(rate)[round(start * rate) : round(end * rate)]
    posteriors = {s.name: _cut(s.posterior, i, start, end) for s in draft.subjects}
    notes = between(recording.notes or (), start, end)
    title = recording.id + (f", {start:.0f} to {end:.0f} s" if start else "")
    spectrum = Spectrum(extract(samples), extract.settings)
    figure = roll_figure(posteriors, 0, spectrum, notes, title=title)
    lo, hi = grid.span(start, end)
    labels = draft.labels(first)[i][lo:hi]
    by_name = {name: [labels] for name in posteriors}
    caption = roll_caption(posteriors, 0, by_name[first.name][0])
    picture = draft.picture(
        stem,
        figure,
        caption,
        "Spectrum of the recording; below, a row a model: the reference’s notes as amber bars, "
        "and each pitch’s probability as the opacity of blue.",
        svg=False,
    )
    sound = None
    if draft.options.sound:
        sound = f"sound/{stem}.flac"
        write_flac(draft.folder / sound, samples, rate)
    return picture, sound


def _excerpt(draft: Draft, i: int) -> tuple[float, float]:
    """Seconds to show: all of a short recording, else the window with the most doubt."""
    duration = draft.data[i].duration
    most = draft.options.excerpt
    posterior = draft.subjects[0].posterior
    if duration <= most:
        return 0.0, duration
    entropy = posterior.entropy()[i, : posterior.lengths[i]].astype(np.float64)
    width = posterior.grid.frames_in(most)
    total = np.concatenate([[0.0], np.cumsum(entropy)])
    start = int((total[width:] - total[:-width]).argmax())
    begin = posterior.grid.seconds(start)
    return begin, min(begin + most, duration)


def _cut(posterior: FramePredictive, i: int, start: float, end: float) -> FramePosterior:
    """One recording's mean between two times."""
    lo, hi = posterior.grid.span(start, end)
    probs = posterior.of(i)[lo : max(hi, lo + 1)]
    probs = probs / probs.sum(axis=1, keepdims=True)
    return FramePosterior.from_probs(
        [probs], ids=[posterior.ids[i]], vocabulary=posterior.vocabulary, grid=posterior.grid
    )


def _scores(subject: Subject) -> dict[str, Floats]:
    """Accuracy, NLL, mean entropy and mean mutual information of every recording."""
    counts = subject.evaluation.frames
    frames = np.maximum(counts.frames, 1)
    posterior = subject.posterior
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
    """Mean over the real frames of every recording."""
    return np.array([float(row[:n].mean()) for row, n in zip(values, lengths, strict=True)])
