"""Recordings made by a note model itself, so that its probabilities are true."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.decoding.duration import DurationDistribution
from bayes_a2m.decoding.lag import LagComponent, LagPrior
from bayes_a2m.decoding.note_model import NoteModel
from bayes_a2m.decoding.sampled_notes import SampledNotes
from bayes_a2m.decoding.semi_markov import Segments, SemiMarkov
from bayes_a2m.music import FrameGrid, Note, Vocabulary
from bayes_a2m.prediction.posterior import FramePosterior

Floats = NDArray[np.float64]

VOCABULARY = Vocabulary((60, 64))
GRID = FrameGrid()
SHARES = (0.4, 0.3, 0.3)

SEGMENTS = SemiMarkov(
    notes=DurationDistribution(9, (0.6, 0.4), (0.9, 0.95)),
    rests=DurationDistribution(1, (1.0,), (0.95,)),
    first=(0.5, 0.25, 0.25),
    popularity=(0.5, 0.5),
    legato=0.3,
    repeat=0.1,
)

EXACT = NoteModel(SEGMENTS, SHARES, power=1.0, prior_power=1.0)
"""The model that is true of :func:`simulated` where nothing is repeated."""


def with_lag(sd: float, mean: float = 0.0) -> NoteModel:
    return replace(EXACT, lag=LagPrior((LagComponent("", 1.0, mean, sd),)))


def simulated(
    recordings: int,
    frames: int,
    seed: int,
    *,
    noise: float = 2.0,
    repeats: int = 1,
    model: NoteModel = EXACT,
) -> tuple[FramePosterior, list[list[Note]], list[Segments]]:
    """Frames, reference notes in the label's clock, and segmentations in the network's.

    Segmentations are drawn from the prior. A frame of class k is seen as a vector with a one at k
    and normal noise, of which the frame's probabilities are Bayes' rule; with ``repeats`` the same
    evidence is counted so many times, as a network's frames do.
    """
    generator = np.random.default_rng(seed)
    prior = model.segments.infer(np.zeros((frames, 3)))
    drawn = prior.sample(recordings, generator)
    lags = model.lag.on(GRID).draw(recordings, generator)
    log_probs, notes = [], []
    for one, lag in zip(drawn, lags, strict=True):
        seen = np.eye(3)[one.labels()] + noise * generator.normal(size=(frames, 3))
        logits = repeats * seen / noise**2 + np.log(SHARES)
        log_probs.append(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
        moved = SampledNotes.of_segments(
            [one],
            np.array([lag]),
            np.zeros(1, dtype=np.int64),
            GRID,
            VOCABULARY,
            GRID.seconds(frames),
        )
        notes.append(moved[0])
    ids = [f"r{i}" for i in range(recordings)]
    arrays = [array[None, None].astype(np.float32) for array in log_probs]
    return FramePosterior.of_recordings(arrays, ids, VOCABULARY, GRID), notes, drawn
