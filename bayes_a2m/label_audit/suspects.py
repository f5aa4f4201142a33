"""Recordings whose labels are probably wrong, most suspicious first, each with its probable cause.

The score of a recording is its strongest evidence against its labels, in nats: the summed weight
of its segments (:mod:`.segments`). Its cause is what explains most of it:

- ``octave``: notes outside the vocabulary by whole octaves;
- ``mismatched MIDI``: even at its best shift the transcription agrees with the labels on
  fewer than :data:`MISMATCHED` of the frames, though the model is sure; if another
  recording's labels fit, it is named;
- ``lag``: one shift of all labels takes away most of the excess surprisal;
- ``doubtful audio``: the model is unsure of most frames it disagrees on, or far less sure of the
  whole recording than of its like: too noisy, too quiet, clipped;
- else the kind of its strongest segments.

The draws say how sure that is: each scores the recording anew, and the 5th and the 95th percentile
of the scores are the score's bounds. A score whose bounds are far apart rests on the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.label_audit.lag import shifted
from bayes_a2m.label_audit.segments import (
    Segment,
    capped_log_probs,
    excess_surprisal,
    find_segments,
)
from bayes_a2m.metrics.inputs import Floats, Ints
from bayes_a2m.music import FrameGrid, Vocabulary

MISMATCHED = 0.65
"""The agreement below which labels belong to another sound."""

MATCHED = 0.85
"""The agreement from which another recording's labels are named as the right ones."""

EXPLAINED = 0.6
"""The share of the excess surprisal that a shift must take away to be the cause."""

LEAST_LAG = 0.03
"""The seconds of the smallest shift that is a cause of its own."""

MOST_LAG = 0.3
"""The seconds of the largest shift that is looked at."""

ALONE = 0.8
"""The share of the score in one segment from which that segment is the cause, however long."""

UNSURE = 0.6
"""The confidence below which a frame's disagreement is the sound's fault."""

NOTABLE = 40.0
"""The nats below which nothing is worth a look."""

NOTABLE_TIMING = 100.0
"""The nats below which nothing is worth a look where the only cause is timing."""

CAUSES = (
    "mismatched MIDI",
    "lag",
    "wrong pitch",
    "octave",
    "missing note",
    "extra note",
    "timing",
    "doubtful audio",
    "nothing",
)


@dataclass(frozen=True, eq=False)
class OutOfFoldPrediction:
    """The prediction of a recording by a model that was fitted without its take.

    Attributes
    ----------
    id
        The recording's id.
    probs
        The posterior predictive, ``(frames, class)``.
    heard
        The class of every frame of its transcription, ``(frames,)``.
    labels
        The class of every frame by the label, ``(frames,)``.
    draws
        The excess surprisal of each draw by the labels, summed over frames, ``(draw,)``.
    epistemic
        The mean mutual information, nats.
    level
        The root mean square of the sound, dB below full scale.
    clipped
        The share of its samples at full scale.
    outside
        The semitones by which labelled pitches outside the vocabulary miss it, one a note.
    """

    id: str
    probs: Floats
    predicted: Ints
    labels: Ints
    draws: Floats
    epistemic: float = 0.0
    level: float = -20.0
    clipped: float = 0.0
    outside: tuple[int, ...] = ()


@dataclass(frozen=True)
class Suspect:
    """A recording and the evidence against its labels.

    Attributes
    ----------
    id
        The recording's id.
    score, low, high
        Nats against its labels, and the 5th and 95th percentile over draws.
    cause
        One of :data:`CAUSES`.
    words
        The cause in a sentence.
    agreement
        Share of frames on which labels and transcription agree.
    shift
        Seconds by which the labels fit best against what the model expects.
    segments
        The disagreements, strongest first.
    """

    id: str
    score: float
    low: float
    high: float
    cause: str
    words: str
    agreement: float
    shift: float
    segments: tuple[Segment, ...] = ()

    @property
    def notable(self) -> bool:
        """Whether its labels are worth a look."""
        if self.cause == "timing":
            return self.score >= NOTABLE_TIMING
        return self.cause != "nothing"


def suspects(
    predictions: Sequence[OutOfFoldPrediction], grid: FrameGrid, vocabulary: Vocabulary
) -> list[Suspect]:
    """Rank all recordings, the most suspicious first.

    Parameters
    ----------
    predictions
        The predictions of every recording, by models that were fitted without it.
    """
    entropies = np.array([_mean_entropy(prediction) for prediction in predictions])
    unsorted = [
        _suspect(prediction, predictions, entropies, grid, vocabulary) for prediction in predictions
    ]
    return sorted(unsorted, key=lambda suspect: (-suspect.score, suspect.id))


def _suspect(
    prediction: OutOfFoldPrediction,
    predictions: Sequence[OutOfFoldPrediction],
    entropies: Floats,
    grid: FrameGrid,
    vocabulary: Vocabulary,
) -> Suspect:
    segments = find_segments(
        prediction.probs, prediction.predicted, prediction.labels, grid, vocabulary
    )
    score = sum(s.weight for s in segments)
    if prediction.outside:
        score += 1000.0  # whatever the sound: these labels cannot be used as they are
    shift, left, at_once = best_shift(prediction, grid)
    low, high = _bounds(prediction, score)
    cause, words = _cause(
        prediction, segments, score, (shift, left, at_once), predictions, entropies, grid
    )
    if cause in ("wrong pitch", "octave", "missing note", "extra note", "timing") and not words:
        strongest = next(s for s in segments if s.kind == cause)
        words = f"{strongest.words(vocabulary)} at {strongest.start:.2f} s"
    agreement = float((prediction.predicted == prediction.labels).mean())
    return Suspect(prediction.id, score, low, high, cause, words, agreement, shift, tuple(segments))


def best_shift(prediction: OutOfFoldPrediction, grid: FrameGrid) -> tuple[float, float, float]:
    """The shift of the labels with the least excess surprisal.

    Returns
    -------
    seconds, surprisal, unshifted : float
        The shift, the excess surprisal that it leaves, and that of the labels as they are.
    """
    log_probs = capped_log_probs(prediction.probs)
    reach = round(MOST_LAG * grid.frame_rate)
    shifts = np.arange(-reach, reach + 1)
    total = np.array(
        [excess_surprisal(log_probs, shifted(prediction.labels, int(s))).sum() for s in shifts]
    )
    best = int(total.argmin())
    return float(shifts[best] / grid.frame_rate), float(total[best]), float(total[reach])


def _cause(
    prediction: OutOfFoldPrediction,
    segments: Sequence[Segment],
    score: float,
    fit: tuple[float, float, float],
    predictions: Sequence[OutOfFoldPrediction],
    entropies: Floats,
    grid: FrameGrid,
) -> tuple[str, str]:
    """The probable cause, and its sentence where it is not that of a segment."""
    if prediction.outside:
        whole = all(step % 12 == 0 for step in prediction.outside)
        count = len(prediction.outside)
        notes = f"{count} note{'' if count == 1 else 's'} outside the vocabulary"
        if whole:
            return "octave", f"{notes}, by whole octaves"
        return "wrong pitch", f"{notes}"
    if score < NOTABLE:
        return "nothing", "labels and sound agree as well as elsewhere"
    shift, left, at_once = fit
    moved = shifted(prediction.labels, round(shift * grid.frame_rate))
    agreement = float((prediction.predicted == moved).mean())
    confidence = prediction.probs.max(axis=1)
    wrong = prediction.predicted != prediction.labels
    unsure = float((confidence[wrong] < UNSURE).mean()) if wrong.any() else 0.0
    usual = float(np.median(entropies))
    odd = _mean_entropy(prediction) > usual + 9 * float(
        np.median(np.abs(entropies - usual))
    )  # 6 sd if normal
    if (
        prediction.level < -60
        or prediction.clipped > 0.02
        or unsure > 0.5
        or (odd and unsure > 0.3)
    ):
        return "doubtful audio", _audio_words(prediction, unsure)
    alone = (
        len(segments) > 0 and segments[0].weight >= ALONE * score and segments[0].kind != "timing"
    )
    if agreement < MISMATCHED and not alone:
        other = _matching_recording(prediction, predictions)
        fits = f"; the labels of {other} fit it" if other else ""
        return (
            "mismatched MIDI",
            f"labels and sound agree on {100 * agreement:.0f} % of frames{fits}",
        )
    gone = at_once - left
    if abs(shift) >= LEAST_LAG and at_once > 0 and gone >= EXPLAINED * at_once:
        way = "later" if shift > 0 else "earlier"
        return "lag", f"all labels fit {1000 * abs(shift):.0f} ms {way}"
    by_kind: dict[str, float] = {}
    for s in segments:
        by_kind[s.kind] = by_kind.get(s.kind, 0.0) + s.weight
    return max(by_kind, key=lambda kind: by_kind[kind]), ""


def _audio_words(prediction: OutOfFoldPrediction, unsure: float) -> str:
    if prediction.level < -60:
        return f"hardly any sound: {prediction.level:.0f} dB"
    if prediction.clipped > 0.02:
        return f"{100 * prediction.clipped:.0f} % of the samples are clipped"
    return f"the model is unsure of {100 * unsure:.0f} % of the frames it disagrees on"


def _matching_recording(
    prediction: OutOfFoldPrediction, predictions: Sequence[OutOfFoldPrediction]
) -> str | None:
    """Another recording whose labels fit this sound, if any does."""
    best, name = MATCHED, None
    for other in predictions:
        frames = min(other.labels.shape[0], prediction.predicted.shape[0])
        if other.id == prediction.id or not frames or not other.labels.any():
            continue
        agreement = float((other.labels[:frames] == prediction.predicted[:frames]).mean())
        if agreement > best:
            best, name = agreement, other.id
    return name


def _mean_entropy(prediction: OutOfFoldPrediction) -> float:
    """The mean entropy of the frames, nats."""
    p = np.maximum(prediction.probs, 1e-12)
    return float(-(p * np.log(p)).sum(axis=1).mean())


def _bounds(prediction: OutOfFoldPrediction, score: float) -> tuple[float, float]:
    """The 5th and 95th percentile of the score over draws, by the excess surprisal of each."""
    if prediction.draws.size < 2:
        return score, score
    spread: NDArray[np.float64] = prediction.draws - prediction.draws.mean()
    low, high = np.quantile(spread, [0.05, 0.95])
    return max(0.0, score + float(low)), score + float(high)
