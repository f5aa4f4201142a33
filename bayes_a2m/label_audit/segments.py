"""Segments in which labels and sound disagree, and the kind of their disagreement.

A segment is a run of frames in which the label says one thing and the transcription of a model
that never heard the recording another. Its log ratio is how much likelier the model finds its own
version: the sum over its frames of ``log p(predicted) - log p(label)``, in nats, a frame
counting for at most :data:`CAP`. Frames share context, so nats are for ranking, not for odds.

Kinds: ``wrong pitch`` and ``octave`` (a note heard at another pitch), ``missing note`` (heard, not
labelled), ``extra note`` (labelled, not heard), and ``timing`` (the same notes, their ends
elsewhere), which is common and says little: it counts for :data:`TIMING` of its log ratio.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayes_a2m.metrics.inputs import Floats, Ints
from bayes_a2m.music import FrameGrid, Vocabulary
from bayes_a2m.music.notes import runs

SHORTEST = 0.05
"""The seconds below which a disagreement is the rounding of a boundary."""

CAP = 5.0
"""The nats that one frame counts for at most; exp(-5) is 0.7 %."""

TIMING = 0.5
"""The weight of a disagreement about timing alone in a ranking."""

MOST_OF = 0.6
"""The share of a note that has to be contradicted before the note itself is doubted."""

KINDS = ("wrong pitch", "octave", "missing note", "extra note", "timing")


@dataclass(frozen=True)
class Segment:
    """A run of frames in which label and transcription disagree.

    Attributes
    ----------
    start, end
        Seconds from the start of the recording.
    label, predicted
        The class that the label says, and that of the transcription.
    kind
        One of :data:`KINDS`.
    log_ratio
        The nats for the predicted class against the label.
    """

    start: float
    end: float
    label: int
    predicted: int
    kind: str
    log_ratio: float

    @property
    def weight(self) -> float:
        """The nats that it counts for in a ranking."""
        return self.log_ratio * (TIMING if self.kind == "timing" else 1.0)

    def words(self, vocabulary: Vocabulary) -> str:
        """The disagreement in words.

        >>> Segment(1.0, 1.4, 1, 2, "wrong pitch", 90.0).words(Vocabulary())
        'labelled C4, heard as E4'
        """
        label, predicted = vocabulary.names[self.label], vocabulary.names[self.predicted]
        if self.kind == "missing note":
            return f"{predicted} heard where no note is labelled"
        if self.kind == "extra note":
            return f"{label} labelled where silence is heard"
        if self.kind == "timing":
            return f"a boundary lies elsewhere: labelled {label}, heard as {predicted}"
        octaves = " (another octave)" if self.kind == "octave" else ""
        return f"labelled {label}, heard as {predicted}{octaves}"


def capped_log_probs(probs: Floats) -> Floats:
    """Log-probabilities, none more than :data:`CAP` below the largest of its frame.

    Parameters
    ----------
    probs
        Probabilities ``(frames, class)``.
    """
    log = np.log(np.maximum(probs, 1e-12))
    floor = log.max(axis=-1, keepdims=True) - CAP
    bounded: Floats = np.maximum(log, floor)
    return bounded


def excess_surprisal(log_probs: Floats, labels: Ints) -> Floats:
    """The surprisal of each label beyond the entropy of its frame: ``-log p(label) - H``, in nats.

    Its mean is zero where labels are as the model says, so it adds up over frames; shape
    ``(frames,)``.
    """
    entropy = -(np.exp(log_probs) * log_probs).sum(axis=-1)
    excess: Floats = -log_probs[np.arange(labels.shape[0]), labels] - entropy
    return excess


def find_segments(
    probs: Floats, predicted: Ints, labels: Ints, grid: FrameGrid, vocabulary: Vocabulary
) -> list[Segment]:
    """The disagreements of one recording, the strongest first.

    Parameters
    ----------
    probs
        The posterior predictive of every frame, ``(frames, class)``.
    predicted
        The transcription's class of every frame, ``(frames,)``.
    labels
        The label's class of every frame, ``(frames,)``.
    """
    log_probs = capped_log_probs(probs)
    rows = np.arange(labels.shape[0])
    gain = log_probs[rows, predicted] - log_probs[rows, labels]
    pairs = np.where(predicted == labels, -1, labels * len(vocabulary) + predicted)
    label_runs, predicted_runs = _runs_of(labels), _runs_of(predicted)
    segments = []
    for start, end, pair in runs(pairs + 1):
        if pair == 0 or grid.seconds(end - start) < SHORTEST:
            continue
        label, sound = divmod(pair - 1, len(vocabulary))
        log_ratio = float(gain[start:end].sum())
        if log_ratio <= 0:
            continue
        length = end - start
        of_label = length / (label_runs[1][start] - label_runs[0][start])
        of_predicted = length / (predicted_runs[1][start] - predicted_runs[0][start])
        kind = _kind(label, sound, of_label, of_predicted, vocabulary)
        span = grid.seconds(start), grid.seconds(end)
        segments.append(Segment(*span, label, sound, kind, log_ratio))
    return sorted(segments, key=lambda s: -s.weight)


def _kind(
    label: int, predicted: int, of_label: float, of_predicted: float, vocabulary: Vocabulary
) -> str:
    """The kind of a disagreement from its classes and its shares of the two runs it stands in."""
    if label == 0:
        return "missing note" if of_predicted >= MOST_OF else "timing"
    if predicted == 0:
        return "extra note" if of_label >= MOST_OF else "timing"
    if max(of_label, of_predicted) < MOST_OF:
        return "timing"
    apart = vocabulary.pitches[label - 1] - vocabulary.pitches[predicted - 1]
    return "octave" if apart % 12 == 0 else "wrong pitch"


def _runs_of(classes: Ints) -> tuple[Ints, Ints]:
    """The first frame of the run that each frame stands in, and the frame after its last."""
    first, last = np.empty_like(classes), np.empty_like(classes)
    for start, end, _ in runs(classes):
        first[start:end], last[start:end] = start, end
    return first, last
