"""Slices of frames: near a boundary or away from it, by duration of note or rest, by level.

A model that is calibrated over all frames can be overconfident near note boundaries and too
modest inside notes, and the two cancel. So every score is also taken by slice. A slice is a mask of
frames; the masks of one kind part all frames, so the statistics of its slices add up to those of
all frames.

- **boundary**: whether a frame lies within 50 ms of a change of label;
- **run length**: the duration of the run of equal labels, of silence too, that a frame lies in;
  a run cut by an end of the recording counts with what is inside;
- **level**: root mean square of the 32 ms around the frame, in dB below full scale.

Condition and take are facts of recordings, not frames: select recordings for those.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.errors import InputError
from bayes_a2m.metrics.inputs import Floats, Ints
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from bayes_a2m.music import FrameGrid
from bayes_a2m.music.notes import near_boundary, runs
from bayes_a2m.prediction.posterior import FramePredictive

Masks: TypeAlias = Mapping[str, NDArray[np.bool_]]
"""Name of a slice to the frames in it, ``(frames,)`` each."""

RUN_EDGES = (0.1, 0.25, 0.5, 1.0)
"""Seconds at which runs are divided into short and long ones."""

LEVEL_EDGES = (-60.0, -50.0, -40.0, -30.0, -20.0)
"""dB relative to full scale at which frames are divided into quiet and loud ones."""

WINDOW = 0.032
"""Seconds around a frame whose level is taken."""


def by_boundary(labels: Ints, grid: FrameGrid) -> Masks:
    """Slice frames into those within 50 ms of a change of label, and the others.

    Parameters
    ----------
    labels
        Class of every frame, shape ``(frames,)``.
    grid
        Times of the frames.

    Returns
    -------
    dict
        ``near`` and ``away`` to masks ``(frames,)``.

    >>> {k: int(v.sum()) for k, v in by_boundary(np.repeat([0, 1], 50), FrameGrid()).items()}
    {'near': 16, 'away': 84}
    """
    near = near_boundary(labels, grid)
    return {"near": near, "away": ~near}


def by_run_length(labels: Ints, grid: FrameGrid, edges: Sequence[float] = RUN_EDGES) -> Masks:
    """Slice frames by the duration of the run of equal labels that they lie in.

    Parameters
    ----------
    labels
        Class of every frame, shape ``(frames,)``.
    grid
        Times of the frames.
    edges
        Durations in seconds at which slices begin, ascending.

    Raises
    ------
    InputError
        If the edges do not ascend.

    >>> labels = np.repeat([0, 1, 0], [10, 100, 200])  # 0.06, 0.6 and 1.2 s
    >>> {k: int(v.sum()) for k, v in by_run_length(labels, FrameGrid(), (0.1, 1.0)).items()}
    {'under 0.1 s': 10, '0.1 to 1 s': 100, '1 s and over': 200}
    """
    seconds = np.zeros(labels.shape[0])
    for start, end, _ in runs(labels):
        seconds[start:end] = grid.seconds(end - start)
    return _parted(seconds, edges, "s")


def by_level(level: Floats, edges: Sequence[float] = LEVEL_EDGES) -> Masks:
    """Slice frames by their level.

    Parameters
    ----------
    level
        Level of every frame in dB, as :func:`level_of` measures it, shape ``(frames,)``.
    edges
        Levels in dB at which slices begin, ascending.

    Raises
    ------
    InputError
        If the edges do not ascend.

    >>> {k: int(v.sum()) for k, v in by_level(np.array([-70.0, -35, -10]), (-40, -20)).items()}
    {'under -40 dB': 1, '-40 to -20 dB': 1, '-20 dB and over': 1}
    """
    return _parted(level, edges, "dB")


def level_of(samples: NDArray[np.floating], grid: FrameGrid, frames: int) -> Floats:
    """Measure the root mean square around every frame, in dB relative to full scale.

    Parameters
    ----------
    samples
        Mono, at the grid's sample rate, full scale 1; silence counts as -120 dB.
    grid
        Times of the frames.
    frames
        Number of frames.

    Returns
    -------
    ndarray, shape (frames,)

    >>> float(level_of(np.full(16000, 0.1), FrameGrid(), 166)[80])
    -20.0
    """
    half = max(1, round(WINDOW * grid.sample_rate / 2))
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    centre = np.arange(frames) * grid.hop
    start = np.clip(centre - half, 0, samples.size)
    end = np.clip(centre + half, 0, samples.size)
    power = (energy[end] - energy[start]) / np.maximum(end - start, 1)
    level: Floats = 10 * np.log10(np.maximum(power, 1e-12))
    return level


def slice_statistics(
    posterior: FramePredictive, labels: Sequence[Ints], masks: Callable[[int], Masks]
) -> dict[str, FrameStatistics]:
    """Compute the sufficient statistics of every recording in each slice.

    Parameters
    ----------
    posterior
        Predictions of some recordings.
    labels
        Class of every frame, an array a recording.
    masks
        Function from the index of a recording to its masks, as the ``by_`` functions make them.

    Returns
    -------
    dict
        Name of the slice to statistics; recordings without frames in it keep a row of zeros.

    Raises
    ------
    InputError
        If labels or masks do not go with the recordings.

    >>> from bayes_a2m.prediction.posterior import FramePosterior
    >>> from bayes_a2m.music import Vocabulary
    >>> post = FramePosterior.from_probs([[[0.9, 0.1], [0.2, 0.8]]], vocabulary=Vocabulary((60,)))
    >>> masks = {"first": np.array([True, False])}
    >>> slices = slice_statistics(post, [np.array([0, 1])], lambda i: masks)
    >>> float(slices["first"].frames[0])
    1.0
    """
    if len(labels) != len(posterior):
        raise InputError(f"labels of {len(labels)} recordings for {len(posterior)} predicted ones")
    parts: dict[str, list[FrameStatistics]] = {}
    for i, truth in enumerate(labels):
        probs = posterior.of(i)
        for name, mask in masks(i).items():
            if mask.shape != truth.shape:
                raise InputError(
                    f"recording {posterior.ids[i]}: a mask of {mask.shape[0]} frames for "
                    f"{truth.shape[0]} labels"
                )
            parts.setdefault(name, []).append(FrameStatistics.of(probs[mask], truth[mask]))
    return {name: FrameStatistics.stack(rows) for name, rows in parts.items()}


def _parted(values: Floats, edges: Sequence[float], unit: str) -> Masks:
    """Masks of the intervals between ascending edges, closed on the left."""
    if not len(edges) or list(edges) != sorted(set(edges)):
        raise InputError(f"edges must ascend, not {', '.join(f'{e:g}' for e in edges)}")
    names = [f"under {edges[0]:g} {unit}"]
    names += [f"{a:g} to {b:g} {unit}" for a, b in pairwise(edges)]
    names += [f"{edges[-1]:g} {unit} and over"]
    interval = np.digitize(values, edges)
    return {name: interval == i for i, name in enumerate(names)}
