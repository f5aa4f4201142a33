"""Probability integral transforms of sampled transcriptions of notes.

As :mod:`bayes_a2m.diagnostics.pit`, which says what a transform is and how its histogram is read,
but of the transcriptions that a :class:`~bayes_a2m.decoding.note_posterior.NotePosterior` has
sampled: whole notes, each transcription with one lag of the label's clock. The statistics are the
same three: share of silence, number of notes, and time of the first onset, here from notes in
seconds instead of runs of frames.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bayes_a2m.decoding.note_posterior import NotePosterior
from bayes_a2m.decoding.sampling import generators_of
from bayes_a2m.diagnostics.pit import PIT, STATISTICS, randomised_pit
from bayes_a2m.errors import InputError
from bayes_a2m.metrics.notes import audible
from bayes_a2m.music import Note
from bayes_a2m.music.notes import monophonic


def note_pits(
    posteriors: Sequence[NotePosterior],
    references: Sequence[Sequence[Note]],
    generator: np.random.Generator,
) -> dict[str, PIT]:
    """Compute the transform of every statistic, one value a recording.

    Parameters
    ----------
    posteriors
        Predicted notes of every recording, with their samples.
    references
        True notes of every recording.
    generator
        Source of the uniform numbers; each recording's own are made from its id.

    Raises
    ------
    InputError
        If there are not as many references as posteriors, or none.
    """
    if len(posteriors) != len(references) or not posteriors:
        raise InputError(f"{len(references)} references for {len(posteriors)} recordings")
    values: dict[str, list[float]] = {name: [] for name in STATISTICS}
    ids = tuple(one.id for one in posteriors)
    own = generators_of(ids, generator)
    for one, truth, numbers in zip(posteriors, references, own, strict=True):
        of_reference = note_statistics(audible(truth, one.duration), one.duration)
        of_samples = [note_statistics(sample, one.duration) for sample in one.samples]
        for name, into in values.items():
            samples = [found[name] for found in of_samples]
            into.append(randomised_pit(samples, of_reference[name], numbers.random()))
    return {name: PIT(name, np.array(found), ids) for name, found in values.items()}


def note_statistics(notes: Sequence[Note], duration: float) -> dict[str, float]:
    """Measure the silence, the notes and the first onset of a transcription.

    >>> note_statistics([Note(1.0, 2.0, 60), Note(1.5, 3.0, 64)], 4.0)
    {'silence': 0.5, 'notes': 2.0, 'onset': 1.0}
    """
    sounding = sum(note.duration for note in monophonic(notes))
    first = min((note.onset for note in notes), default=np.inf)
    return {
        "silence": round(1 - sounding / duration, 9),
        "notes": float(len(notes)),
        "onset": float(first),
    }
