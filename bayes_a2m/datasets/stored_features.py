"""Features of many recordings, computed by several processes into the store on the disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.audio.features import FeatureExtractor, Features
from bayes_a2m.audio.store import FeatureStore
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.errors import InputError
from bayes_a2m.parallel import run_all

AT_ONCE = 50
"""Recordings that are handed to a process at a time: enough to be worth its kernels."""


def stored_features(
    store: FeatureStore, settings: Features, recording: Recording, extract: FeatureExtractor
) -> NDArray[np.float32]:
    """Read a recording's features ``(frame, bin)`` from the store, or compute and keep them."""
    return store.features(
        recording.hash, settings, lambda: extract(recording.audio(settings.sample_rate))
    )


def build(
    store: FeatureStore,
    settings: Features,
    recordings: Sequence[Recording],
    *,
    jobs: int | None = None,
    report: Callable[[float, int], None] = lambda done, total: None,
) -> None:
    """Compute the features that the store lacks, by all processes of the engine.

    Parameters
    ----------
    store, settings
        Where they are kept, and their settings.
    recordings
        The recordings.
    jobs
        Processes at once; one a processor or worker where left out.
    report
        Told how many parts of the recordings are done, and of how many.

    Raises
    ------
    InputError
        If a recording cannot be read, or the store cannot be written to.
    """
    parts = [recordings[i : i + AT_ONCE] for i in range(0, len(recordings), AT_ONCE)]
    calls = [partial(_build, store, settings, part) for part in parts]
    reasons = run_all(calls, jobs=jobs, what="features", report=report)
    if reasons:
        raise InputError(reasons[0])


def _build(store: FeatureStore, settings: Features, recordings: Sequence[Recording]) -> None:
    extract = FeatureExtractor(settings)
    for recording in recordings:
        stored_features(store, settings, recording, extract)
