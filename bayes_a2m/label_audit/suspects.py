"""Recordings whose labels are probably wrong, most suspicious first, each with its probable cause.

The score of a recording is its strongest evidence against its labels, in nats: the summed weight
of its stretches (:mod:`.stretches`). Its cause is what explains most of it:

- ``octave``: notes outside the vocabulary by whole octaves;
- ``alien MIDI``: even at its best shift the transcription agrees with the labels on fewer than
  :data:`ALIEN` of the frames, though the model is sure; if another recording's labels fit, it is
  named;
- ``lag``: one shift of all labels takes away most of the surprise;
- ``doubtful audio``: the model is unsure of most frames it disagrees on, or far less sure of the
  whole recording than of its like: too noisy, too quiet, clipped;
- else the kind of its strongest stretches.

The draws say how sure that is: each scores the recording anew, and the 5th and the 95th percentile
of the scores are the score's bounds. A score whose bounds are far apart rests on the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.label_audit.lag import shifted
from bayes_a2m.label_audit.segments import Stretch, capped, stretches, surprise
from bayes_a2m.metrics.inputs import Floats, Ints
from bayes_a2m.music import FrameGrid, Vocabulary

ALIEN = 0.65
"""Agreement below which labels belong to another sound."""

MATCH = 0.85
"""Agreement from which another recording's labels are named as the right ones."""

EXPLAINED = 0.6
"""Share of the surprise that a shift must take away to be the cause."""

LEAST_LAG = 0.03
"""Seconds: smaller shifts are no cause of their own."""

MOST_LAG = 0.3
"""Seconds: the largest shift that is looked at."""

ALONE = 0.8
"""Share of the evidence in one stretch from which that stretch is the cause, however long."""

UNSURE = 0.6
"""Confidence below which a frame's disagreement is the sound's fault."""

NOTABLE = 40.0
"""Nats: below this there is nothing worth a look."""

NOTABLE_TIMING = 100.0
"""Nats: where the only cause is timing, it takes more to be worth a look."""

CAUSES = (
    "alien MIDI",
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
class Hearing:
    """What a model that never met a recording hears in it.

    Attributes
    ----------
    id
        The recording's id.
    probs
        Posterior predictive, ``(frames, class)``.
    heard
        Class of every frame of its transcription, ``(frames,)``.
    labels
        Class of every frame by the label, ``(frames,)``.
    draws
        Surprise of each draw by the labels, summed over frames, ``(draw,)``.
    epistemic
        Mean mutual information, nats.
    level
        Root mean square of the sound, dB below full scale.
    clipped
        Share of its samples at full scale.
    outside
        Semitones by which labelled pitches outside the vocabulary miss it, one a note.
    """

    id: str
    probs: Floats
    heard: Ints
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
    stretches
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
    stretches: tuple[Stretch, ...] = ()

    @property
    def notable(self) -> bool:
        """Whether its labels are worth a look."""
        if self.cause == "timing":
            return self.score >= NOTABLE_TIMING
        return self.cause != "nothing"


def suspects(hearings: Sequence[Hearing], grid: FrameGrid, vocabulary: Vocabulary) -> list[Suspect]:
    """All recordings, the most suspicious first.

    Parameters
    ----------
    hearings
        Of every recording, by models that were fitted without it.
    """
    doubts = np.array([_doubt(one) for one in hearings])
    found = [_suspect(one, hearings, doubts, grid, vocabulary) for one in hearings]
    return sorted(found, key=lambda s: (-s.score, s.id))


def _suspect(
    one: Hearing,
    hearings: Sequence[Hearing],
    doubts: Floats,
    grid: FrameGrid,
    vocabulary: Vocabulary,
) -> Suspect:
    found = stretches(one.probs, one.heard, one.labels, grid, vocabulary)
    score = sum(s.weight for s in found)
    if one.outside:
        score += 1000.0  # whatever the sound: these labels cannot be used as they are
    shift, left, at_once = best_shift(one, grid)
    low, high = _bounds(one, score)
    cause, words = _cause(one, found, score, (shift, left, at_once), hearings, doubts, grid)
    if cause in ("wrong pitch", "octave", "missing note", "extra note", "timing") and not words:
        strongest = next(s for s in found if s.kind == cause)
        words = f"{strongest.words(vocabulary)} at {strongest.start:.2f} s"
    agreement = float((one.heard == one.labels).mean())
    return Suspect(one.id, score, low, high, cause, words, agreement, shift, tuple(found))


def best_shift(one: Hearing, grid: FrameGrid) -> tuple[float, float, float]:
    """The shift of the labels that surprises least: seconds, surprise left, surprise unshifted."""
    log_probs = capped(one.probs)
    reach = round(MOST_LAG * grid.frame_rate)
    shifts = np.arange(-reach, reach + 1)
    total = np.array([surprise(log_probs, shifted(one.labels, int(s))).sum() for s in shifts])
    best = int(total.argmin())
    return float(shifts[best] / grid.frame_rate), float(total[best]), float(total[reach])


def _cause(
    one: Hearing,
    found: Sequence[Stretch],
    score: float,
    fit: tuple[float, float, float],
    hearings: Sequence[Hearing],
    doubts: Floats,
    grid: FrameGrid,
) -> tuple[str, str]:
    """The probable cause, and its sentence where it is not that of a stretch."""
    if one.outside:
        whole = all(step % 12 == 0 for step in one.outside)
        count = len(one.outside)
        notes = f"{count} note{'' if count == 1 else 's'} outside the vocabulary"
        if whole:
            return "octave", f"{notes}, by whole octaves"
        return "wrong pitch", f"{notes}"
    if score < NOTABLE:
        return "nothing", "labels and sound agree as well as elsewhere"
    shift, left, at_once = fit
    moved = shifted(one.labels, round(shift * grid.frame_rate))
    agreement = float((one.heard == moved).mean())
    confidence = one.probs.max(axis=1)
    wrong = one.heard != one.labels
    unsure = float((confidence[wrong] < UNSURE).mean()) if wrong.any() else 0.0
    usual = float(np.median(doubts))
    odd = _doubt(one) > usual + 9 * float(np.median(np.abs(doubts - usual)))  # 6 sd if normal
    if one.level < -60 or one.clipped > 0.02 or unsure > 0.5 or (odd and unsure > 0.3):
        return "doubtful audio", _audio_words(one, unsure)
    alone = len(found) > 0 and found[0].weight >= ALONE * score and found[0].kind != "timing"
    if agreement < ALIEN and not alone:
        other = _owner(one, hearings)
        fits = f"; the labels of {other} fit it" if other else ""
        return "alien MIDI", f"labels and sound agree on {100 * agreement:.0f} % of frames{fits}"
    gone = at_once - left
    if abs(shift) >= LEAST_LAG and at_once > 0 and gone >= EXPLAINED * at_once:
        way = "later" if shift > 0 else "earlier"
        return "lag", f"all labels fit {1000 * abs(shift):.0f} ms {way}"
    by_kind: dict[str, float] = {}
    for s in found:
        by_kind[s.kind] = by_kind.get(s.kind, 0.0) + s.weight
    return max(by_kind, key=lambda kind: by_kind[kind]), ""


def _audio_words(one: Hearing, unsure: float) -> str:
    if one.level < -60:
        return f"hardly any sound: {one.level:.0f} dB"
    if one.clipped > 0.02:
        return f"{100 * one.clipped:.0f} % of the samples are clipped"
    return f"the model is unsure of {100 * unsure:.0f} % of the frames it disagrees on"


def _owner(one: Hearing, hearings: Sequence[Hearing]) -> str | None:
    """Another recording whose labels fit this sound, if any does."""
    best, name = MATCH, None
    for other in hearings:
        frames = min(other.labels.shape[0], one.heard.shape[0])
        if other.id == one.id or not frames or not other.labels.any():
            continue
        agreement = float((other.labels[:frames] == one.heard[:frames]).mean())
        if agreement > best:
            best, name = agreement, other.id
    return name


def _doubt(one: Hearing) -> float:
    """Mean entropy of the frames, nats."""
    p = np.maximum(one.probs, 1e-12)
    return float(-(p * np.log(p)).sum(axis=1).mean())


def _bounds(one: Hearing, score: float) -> tuple[float, float]:
    """The score as the draws see it: scaled by how each is surprised."""
    if one.draws.size < 2:
        return score, score
    spread: NDArray[np.float64] = one.draws - one.draws.mean()
    low, high = np.quantile(spread, [0.05, 0.95])
    return max(0.0, score + float(low)), score + float(high)
