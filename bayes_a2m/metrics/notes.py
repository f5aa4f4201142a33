"""Scores of notes: precision, recall and F1 against a reference, by mir_eval's matching.

The task: a list of notes is estimated from a recording, another is the reference; how many of
the one are in the other? The matching is mir_eval's (``mir_eval.transcription``; Raffel et al.,
"mir_eval: a transparent implementation of common MIR metrics", ISMIR 2014), one to one and as
many pairs as possible:

- **pitch** within 50 cents, which for MIDI numbers means equal;
- **onset** within 50 ms, as in MIREX note tracking, and within 100 ms, as in MIREX singing
  transcription, since experts who annotate sung notes do not agree to 50 ms themselves;
- **offset**, where asked, within the larger of 50 ms and 20 % of the reference note's duration,
  with the onset within 50 ms;
- bounds are closed, and distances are rounded to 0.1 ms first.

What differs from mir_eval's own scores:

- **Counts are pooled** over recordings, and F1 is taken of the sums; mir_eval scores one file.
  Files without notes, of which there are some, then need no value of their own.
- **Reference notes are cut to the clip, and those with less than 50 ms inside it are left out.**
  Slicing a take into clips leaves such crumbs at the ends, which nobody can hear as notes. They
  are left out of the reference only: an estimated note there is counted as estimated, and
  matches nothing.
- F1 is undefined, not 0, where there is neither a reference nor an estimated note.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bayes_a2m.metrics.inputs import Floats
from bayes_a2m.metrics.metric import evaluated, metrics_of
from bayes_a2m.metrics.sufficient_statistics import SufficientStatistics
from bayes_a2m.metrics.sums import NoteSums
from bayes_a2m.music.notes import Note, clip

SHORTEST = 0.05
"""Seconds inside the clip below which a reference note is left out."""

PITCH_TOLERANCE = 50.0
"""Cents between an estimated and a reference pitch that still match."""

OFFSET_TOLERANCE = 0.05
"""Seconds, or a fifth of the reference note where that is more."""

OFFSET_RATIO = 0.2
"""Share of the reference note's duration within which an offset still matches."""


@dataclass(frozen=True, eq=False)
class NoteStatistics(SufficientStatistics):
    """Sufficient statistics of notes: how many every recording has, and how many match.

    All arrays have shape ``(R,)``, R recordings.

    Attributes
    ----------
    reference, estimated
        Notes in either list.
    onset_50ms, onset_100ms
        Pairs with the same pitch and onsets within 50 or 100 ms.
    onset_offset
        Pairs with the same pitch, onsets within 50 ms, and offsets within max(50 ms, 20 %).

    >>> sung = [Note(0.5, 1.5, 60), Note(2.0, 3.0, 64)]
    >>> heard = [Note(0.52, 1.6, 60), Note(2.08, 3.0, 64)]
    >>> counts = NoteStatistics.of(sung, heard, 4.0)
    >>> {name: float(f1[0]) for name, f1 in counts.metrics_of([[1]]).items()}
    {'note_onset_f1_50ms': 0.5, 'note_onset_f1_100ms': 1.0, 'note_onset_offset_f1': 0.5}
    """

    reference: Floats
    estimated: Floats
    onset_50ms: Floats
    onset_100ms: Floats
    onset_offset: Floats

    @classmethod
    def of(
        cls, reference: Iterable[Note], estimated: Iterable[Note], duration: float
    ) -> NoteStatistics:
        """Count the notes and matches of one recording.

        Parameters
        ----------
        reference, estimated
            Notes, in any order; there may be none.
        duration
            Seconds of the recording.
        """
        truth, heard = audible(reference, duration), list(estimated)
        sums = (
            len(truth),
            len(heard),
            matched(truth, heard, onset_tolerance=0.05),
            matched(truth, heard, onset_tolerance=0.1),
            matched(truth, heard, onset_tolerance=0.05, offsets=True),
        )
        return cls(*(np.array([float(total)]) for total in sums))

    def metrics_of(self, weights: ArrayLike) -> dict[str, Floats]:
        """Compute F1 of the pooled counts for every row of weights.

        Parameters
        ----------
        weights
            How often each recording counts, shape ``(S, R)``.

        Returns
        -------
        dict
            ``note_onset_f1_50ms``, ``note_onset_f1_100ms`` and ``note_onset_offset_f1``, each
            ``2 matched / (reference + estimated)``, shape ``(S,)``; nan where there are no notes.

        Raises
        ------
        InputError
            If the weights have another shape.
        """
        return evaluated(metrics_of("notes"), NoteSums(self, self.weights(weights)))


def audible(notes: Iterable[Note], duration: float) -> list[Note]:
    """Cut reference notes to ``[0, duration]`` and leave out those that keep less than 50 ms.

    Parameters
    ----------
    notes
        Reference notes, in any order.
    duration
        Seconds of the recording.

    >>> audible([Note(3.0, 5.0, 60), Note(3.97, 5.0, 64)], 4.0)
    [Note(onset=3.0, offset=4.0, pitch=60, velocity=90)]
    """
    # 4.0 - 3.95 is a little less than 0.05 in floats
    return [note for note in clip(notes, duration) if note.duration >= SHORTEST - 1e-9]


def matched(
    reference: Sequence[Note],
    estimated: Sequence[Note],
    *,
    onset_tolerance: float = 0.05,
    offsets: bool = False,
) -> int:
    """Count the most pairs, one to one, of a reference and an estimated note that match.

    Parameters
    ----------
    reference, estimated
        Notes, in any order.
    onset_tolerance
        Seconds between onsets that still match.
    offsets
        Whether offsets must match, too.

    >>> matched([Note(0.0, 1.0, 60)], [Note(0.0, 1.0, 60), Note(0.02, 1.0, 60)])
    1
    """
    return len(
        matched_pairs(reference, estimated, onset_tolerance=onset_tolerance, offsets=offsets)
    )


def matched_pairs(
    reference: Sequence[Note],
    estimated: Sequence[Note],
    *,
    onset_tolerance: float = 0.05,
    offsets: bool = False,
) -> list[tuple[int, int]]:
    """Places in both lists of as many pairs as possible, as :func:`matched` counts them.

    >>> matched_pairs([Note(0.0, 1.0, 60)], [Note(0.0, 1.0, 62), Note(0.02, 1.0, 60)])
    [(0, 1)]
    """
    if not reference or not estimated:
        return []
    from mir_eval.transcription import match_notes

    pairs = match_notes(
        *_arrays(reference),
        *_arrays(estimated),
        onset_tolerance=onset_tolerance,
        pitch_tolerance=PITCH_TOLERANCE,
        offset_ratio=OFFSET_RATIO if offsets else None,
        offset_min_tolerance=OFFSET_TOLERANCE,
    )
    return [(int(i), int(j)) for i, j in pairs]


def _arrays(notes: Sequence[Note]) -> tuple[Floats, Floats]:
    """Intervals in seconds ``(notes, 2)`` and pitches in hertz ``(notes,)``, for mir_eval."""
    spans = np.array([(note.onset, note.offset) for note in notes], dtype=np.float64)
    pitches = np.array([note.pitch for note in notes], dtype=np.float64)
    return spans, 440.0 * 2.0 ** ((pitches - 69.0) / 12.0)
