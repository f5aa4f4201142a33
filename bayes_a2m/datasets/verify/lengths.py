"""Recordings that are not as long as they should be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from bayes_a2m.datasets.verify.files import Files
from bayes_a2m.datasets.verify.problem import Problem
from bayes_a2m.datasets.verify.sound import Sound

LENGTH_TOLERANCE = 0.010
"""Seconds by which the length of a recording may differ from what it should be."""

_MICROSECOND = 1e-6


def wrong_lengths(
    files: Files, sounds: Mapping[str, Sound], declared: float | None
) -> Iterator[Problem]:
    """Recordings whose length is not the declared one, or not that of most others."""
    durations = {i: s.duration for i, s in sounds.items()}

    def different(wanted: float) -> Iterator[tuple[str, float]]:
        for id_, duration in durations.items():
            if abs(duration - wanted) > LENGTH_TOLERANCE + _MICROSECOND:
                yield files.sounds[id_].name, duration

    if declared is not None:
        for name, duration in different(declared):
            text = (
                f"{duration:.3f} s long where dataset.yaml says {declared:g} s; "
                "cut or pad it, or correct 'seconds' there"
            )
            yield Problem("error", name, "wrong-length", text)
        return
    usual, share = _usual([*durations.values()])
    if share < 3 or share <= len(durations) / 2:
        return
    for name, duration in different(usual):
        text = (
            f"{duration:.3f} s long where {share} of the {len(durations)} recordings are "
            f"{usual:.3f} s; cut or pad it to that"
        )
        yield Problem("error", name, "wrong-length", text)


def _usual(durations: Sequence[float]) -> tuple[float, int]:
    """The length that most recordings share to within the tolerance, and how many do.

    >>> _usual([4.0, 4.0, 4.005, 2.0])
    (4.0, 3)
    """
    if not durations:
        return 0.0, 0
    array = np.sort(np.asarray(durations, dtype=np.float64))
    reach = LENGTH_TOLERANCE + _MICROSECOND
    count = np.searchsorted(array, array + reach, "right") - np.searchsorted(array, array - reach)
    best = count == count.max()
    value, _ = Counter(array[best].tolist()).most_common(1)[0]
    return float(value), int(count.max())
