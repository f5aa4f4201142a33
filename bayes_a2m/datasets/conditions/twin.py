"""Degraded copies: the same recordings, made in a worse place.

A twin has the id, notes, take and split of its original, so a score on the twins is paired
with one on the originals, recording by recording.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bayes_a2m.datasets.conditions.recipes import draw
from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.errors import InputError


def twin(
    recording: Recording, name: str, severity: float, *, seed: int = 0, sample_rate: int = 16000
) -> Recording:
    """Make the recording as if in another condition.

    What is drawn for it follows from the seed, the recording's sound and the name; from
    neither the severity nor the set it is in. So twins of several severities share room and
    noise, and a set may be reordered or cut.

    Parameters
    ----------
    recording
        Recording of any rate; it is read here.
    name, severity
        Condition and severity, as for :func:`~bayes_a2m.datasets.conditions.recipes.draw`.
    seed
        Seed of the room and the noise.
    sample_rate
        Sample rate of the copy, Hz.

    Returns
    -------
    Recording
        Samples in memory, ``condition`` the name, all else as it was.

    Raises
    ------
    InputError
        If ``draw`` raises it, the seed is negative, or the recording cannot be read.
    """
    if seed < 0:
        raise InputError(f"the seed of a degraded copy must be 0 or more, not {seed}")
    stream = [seed, int(recording.hash, 16), *name.encode()]
    condition = draw(name, severity, np.random.default_rng(stream))
    samples = condition.apply(recording.audio(sample_rate), sample_rate)
    return replace(recording, path=None, samples=samples, sample_rate=sample_rate, condition=name)


def twins(
    dataset: Dataset, name: str, severity: float, *, seed: int = 0, sample_rate: int = 16000
) -> Dataset:
    """Make the :func:`twin` of every recording of a set, in its order; all are in memory."""
    recordings = tuple(twin(r, name, severity, seed=seed, sample_rate=sample_rate) for r in dataset)
    return replace(dataset, recordings=recordings)
