"""Where labels and sound disagree, and what kind of disagreement it is.

A stretch is a run of frames in which the label says one thing and the transcription of a model
that never heard the recording another. Its evidence is how much likelier the model finds its own
version: the sum over its frames of ``log p(heard) - log p(label)``, in nats, a frame counting for
at most :data:`CAP`. Frames share context, so nats are for ranking, not for odds.

Kinds: ``wrong pitch`` and ``octave`` (a note heard at another pitch), ``missing note`` (heard, not
labelled), ``extra note`` (labelled, not heard), and ``timing`` (the same notes, their ends
elsewhere), which is common and says little: it counts for :data:`TIMING` of its evidence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayes_a2m.metrics.inputs import Floats, Ints
from bayes_a2m.music import FrameGrid, Vocabulary
from bayes_a2m.music.notes import runs

SHORTEST = 0.05
"""Seconds: shorter disagreements are the rounding of boundaries."""

CAP = 5.0
"""Nats: one frame says no more; exp(-5) is 0.7 %."""

TIMING = 0.5
"""What evidence about timing alone counts for in a ranking."""

MOST_OF = 0.6
"""Share of a note that has to be contradicted before the note itself is doubted."""

KINDS = ("wrong pitch", "octave", "missing note", "extra note", "timing")


@dataclass(frozen=True)
class Stretch:
    """One disagreement.

    Attributes
    ----------
    start, end
        Seconds.
    label, heard
        Classes.
    kind
        One of :data:`KINDS`.
    evidence
        Nats for what is heard against the label.
    """

    start: float
    end: float
    label: int
    heard: int
    kind: str
    evidence: float

    @property
    def weight(self) -> float:
        """Nats it counts for in a ranking."""
        return self.evidence * (TIMING if self.kind == "timing" else 1.0)

    def words(self, vocabulary: Vocabulary) -> str:
        """What is wrong, in words.

        >>> Stretch(1.0, 1.4, 1, 2, "wrong pitch", 90.0).words(Vocabulary())
        'labelled C4, heard as E4'
        """
        label, heard = vocabulary.names[self.label], vocabulary.names[self.heard]
        if self.kind == "missing note":
            return f"{heard} heard where no note is labelled"
        if self.kind == "extra note":
            return f"{label} labelled where silence is heard"
        if self.kind == "timing":
            return f"a boundary lies elsewhere: labelled {label}, heard as {heard}"
        octaves = " (another octave)" if self.kind == "octave" else ""
        return f"labelled {label}, heard as {heard}{octaves}"


def capped(probs: Floats) -> Floats:
    """Log-probabilities of which none lies more than :data:`CAP` below the frame's largest."""
    log = np.log(np.maximum(probs, 1e-12))
    floor = log.max(axis=-1, keepdims=True) - CAP
    bounded: Floats = np.maximum(log, floor)
    return bounded


def surprise(log_probs: Floats, labels: Ints) -> Floats:
    """Nats by which each label surprises, beyond what the model expects: ``-log p(label) - H``.

    Its mean is zero where labels are as the model says, so it adds up over frames; shape
    ``(frames,)``.
    """
    entropy = -(np.exp(log_probs) * log_probs).sum(axis=-1)
    found: Floats = -log_probs[np.arange(labels.shape[0]), labels] - entropy
    return found


def stretches(
    probs: Floats, heard: Ints, labels: Ints, grid: FrameGrid, vocabulary: Vocabulary
) -> list[Stretch]:
    """The disagreements of one recording, the strongest first.

    Parameters
    ----------
    probs
        Posterior predictive of every frame, ``(frames, class)``.
    heard
        The transcription's class of every frame, ``(frames,)``.
    labels
        The label's class of every frame, ``(frames,)``.
    """
    log_probs = capped(probs)
    rows = np.arange(labels.shape[0])
    gain = log_probs[rows, heard] - log_probs[rows, labels]
    pairs = np.where(heard == labels, -1, labels * len(vocabulary) + heard)
    label_runs, heard_runs = _runs_of(labels), _runs_of(heard)
    found = []
    for start, end, pair in runs(pairs + 1):
        if pair == 0 or grid.seconds(end - start) < SHORTEST:
            continue
        label, sound = divmod(pair - 1, len(vocabulary))
        evidence = float(gain[start:end].sum())
        if evidence <= 0:
            continue
        length = end - start
        of_label = length / (label_runs[1][start] - label_runs[0][start])
        of_heard = length / (heard_runs[1][start] - heard_runs[0][start])
        kind = _kind(label, sound, of_label, of_heard, vocabulary)
        span = grid.seconds(start), grid.seconds(end)
        found.append(Stretch(*span, label, sound, kind, evidence))
    return sorted(found, key=lambda s: -s.weight)


def _kind(label: int, heard: int, of_label: float, of_heard: float, vocabulary: Vocabulary) -> str:
    """From what is said and heard, and how much of the label's and the sound's run that is."""
    if label == 0:
        return "missing note" if of_heard >= MOST_OF else "timing"
    if heard == 0:
        return "extra note" if of_label >= MOST_OF else "timing"
    if max(of_label, of_heard) < MOST_OF:
        return "timing"
    apart = vocabulary.pitches[label - 1] - vocabulary.pitches[heard - 1]
    return "octave" if apart % 12 == 0 else "wrong pitch"


def _runs_of(classes: Ints) -> tuple[Ints, Ints]:
    """First frame of the run each frame stands in, and the frame after its last."""
    first, last = np.empty_like(classes), np.empty_like(classes)
    for start, end, _ in runs(classes):
        first[start:end], last[start:end] = start, end
    return first, last
