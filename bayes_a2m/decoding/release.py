"""Note ends: a displacement that all ends of a recording share, and a scatter of each.

The end of a sung note is a convention: where the voice fades, where the room has died away, where
somebody let go of a key. References follow one within a recording, and differ between recordings,
by more than the label's clock does. So the ends of notes that a rest follows are moved by

    r_i + e_ij,    r_i ~ N(mean, sd^2),  e_ij ~ N(0, note_sd^2)    seconds

on top of the recording's lag: r_i is shared by the notes of a recording, e_ij is each note's own,
what hand-set ends scatter beyond what the frames tell. Every sampled transcription has its own.
Onsets, and ends at which the next note starts, stay.

The numbers are those of a normal model with recordings as random effects, by moments (DerSimonian
and Laird 1986, "Meta-analysis in clinical trials", without its weights). With d_ij the true less
the median end of note j in recording i, the variance between recordings of mean d_i, less what
notes of one recording scatter and less the lag's, is that of r; and the variance within recordings,
less that of the posterior's own ends, is that of e.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.decoding.note_model import NoteModel
from bayes_a2m.decoding.note_posterior import NotePosterior
from bayes_a2m.errors import InputError
from bayes_a2m.metrics.note_calibration import overlap_pairs
from bayes_a2m.metrics.notes import audible
from bayes_a2m.music import Note

FEWEST = 5
"""Recordings with two note ends or more below which no displacement is fitted."""

_WIDTH = 3.29
"""Standard deviations of a normal distribution that its central interval of 90 % spans."""

_FAR = 0.5
"""Seconds: an end farther off is that of another note."""


def fit_release(
    model: NoteModel, posteriors: Sequence[NotePosterior], references: Sequence[Sequence[Note]]
) -> NoteModel:
    """The model with the mean and the spreads of note ends that these recordings show.

    Parameters
    ----------
    model
        The model the posteriors were inferred with, without a displacement.
    posteriors
        Of recordings that neither the network nor the model was fitted on, or out of fold.
    references
        The notes of every recording.

    Raises
    ------
    InputError
        If there are not as many references as posteriors, or the model has a displacement already.
    """
    if len(posteriors) != len(references):
        raise InputError(f"{len(references)} references for {len(posteriors)} recordings")
    if model.release_mean or model.release_sd:
        raise InputError("the note model moves ends already: infer without a displacement")
    differences, expected = [], []
    for truth, one in zip(references, posteriors, strict=True):
        known = audible(truth, one.duration)
        own = []
        for i, j in overlap_pairs(known, one.notes):
            guess = one.hypotheses[j]
            difference = known[i].offset - guess.offset_median
            if known[i].offset < one.duration - 1e-6 and abs(difference) < _FAR:
                own.append(difference)
                low, high = guess.offset_interval
                expected.append(((high - low) / _WIDTH) ** 2)
        differences.append(np.array(own))
    mean, spread = between(differences)
    shares = np.array([c.share for c in model.lag.components])
    clocks = np.array([c.sd for c in model.lag.components])
    clock = float(shares @ np.square(clocks))  # is in the posterior's own ends, too
    of_notes = within(differences) - max(0.0, float(np.mean(expected or [0.0])) - clock)
    return replace(
        model,
        release_mean=mean,
        release_sd=float(np.sqrt(max(0.0, spread**2 - clock))),
        release_note_sd=float(np.sqrt(max(0.0, of_notes))),
    )


def between(differences: Sequence[NDArray[np.float64]]) -> tuple[float, float]:
    """Mean over recordings, and standard deviation between them beyond that within.

    Parameters
    ----------
    differences
        Of every recording, ``(note,)``; those with fewer than two are left out.

    Returns
    -------
    mean, sd : float
        Both 0 with fewer than :data:`FEWEST` recordings.

    >>> generator = np.random.default_rng(0)
    >>> shared = generator.normal(0.1, 0.05, size=(2000, 1))
    >>> mean, sd = between(list(shared + generator.normal(0, 0.03, size=(2000, 4))))
    >>> round(mean, 2), round(sd, 2)
    (0.1, 0.05)
    """
    own = [one for one in differences if one.size >= 2]
    if len(own) < FEWEST:
        return 0.0, 0.0
    means = np.array([one.mean() for one in own])
    within = np.array([one.var(ddof=1) / one.size for one in own])
    variance = float(means.var(ddof=1) - within.mean())
    return float(means.mean()), float(np.sqrt(max(0.0, variance)))


def within(differences: Sequence[NDArray[np.float64]]) -> float:
    """Variance of the differences of a recording about their mean, over all recordings.

    Parameters
    ----------
    differences
        Of every recording, ``(note,)``; those with fewer than two are left out.

    Returns
    -------
    float
        In square seconds; 0 with fewer than :data:`FEWEST` recordings.
    """
    own = [one for one in differences if one.size >= 2]
    if len(own) < FEWEST:
        return 0.0
    squares = sum(float(np.square(one - one.mean()).sum()) for one in own)
    return squares / sum(one.size - 1 for one in own)
