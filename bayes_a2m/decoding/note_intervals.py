"""Conformal intervals of onsets and offsets: credible ones, scaled until they hold what they say.

A credible interval is as good as its model. Where offsets scatter more than the model has it, as of
labels made by ear, it holds too few. Split conformal prediction (Vovk, Gammerman and Shafer 2005)
scales it: with median m and half widths h- and h+ of the credible interval, half a frame more each,
the score of a true time t is

    s = (m - t) / h-  before the median,  (t - m) / h+  after it

and the interval of a new note is ``[m - q h-, m + q h+]`` with q the quantile of the scores of
notes whose truth is known. Notes of one recording share a clock and are not exchangeable;
recordings are. So every recording has the same weight in the quantile, however many notes it has,
and a new one is counted as infinite (Dunn, Wasserman and Ramdas 2022, "Distribution-free
prediction sets for two-layer hierarchical models", JASA 118, their pooling of distribution
functions, section 4.1). Notes are paired with references by pitch and overlap, with no tolerance
on the onset.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.decoding.note_model import NoteModel
from bayes_a2m.decoding.note_posterior import INTERVAL, NoteHypothesis, NotePosterior
from bayes_a2m.errors import InputError
from bayes_a2m.metrics.note_calibration import overlap_pairs
from bayes_a2m.metrics.notes import audible
from bayes_a2m.music import Note

Floats = NDArray[np.float64]


def fit_intervals(
    model: NoteModel,
    posteriors: Sequence[NotePosterior],
    references: Sequence[Sequence[Note]],
    *,
    level: float = INTERVAL,
) -> NoteModel:
    """The model with the scales of onset and offset intervals that hold their share here.

    A kind of time that too few recordings have for the level keeps its credible intervals.

    Parameters
    ----------
    model
        The model the posteriors were inferred with, without scales.
    posteriors
        Of recordings that neither the network nor the model was fitted on, or out of fold.
    references
        The notes of every recording.
    level
        Share of times within their intervals, that of the credible intervals.

    Raises
    ------
    InputError
        If there are not as many references as posteriors, or the model has scales already.
    """
    if len(posteriors) != len(references):
        raise InputError(f"{len(references)} references for {len(posteriors)} recordings")
    if model.onset_scale is not None or model.offset_scale is not None:
        raise InputError("the note model's intervals are scaled already: infer without scales")
    by_time: dict[str, list[Floats]] = {"onset": [], "offset": []}
    for truth, one in zip(references, posteriors, strict=True):
        known = audible(truth, one.duration)
        pairs = overlap_pairs(known, one.notes)
        for time, scores in by_time.items():
            own = [
                _score(getattr(known[i], time), one.hypotheses[j], time, one.grid.hop_seconds)
                for i, j in pairs
            ]
            scores.append(np.array([s for s in own if np.isfinite(s)]))
    scale = {time: pooled_quantile(scores, level) for time, scores in by_time.items()}
    return replace(
        model,
        onset_scale=scale["onset"] if np.isfinite(scale["onset"]) else None,
        offset_scale=scale["offset"] if np.isfinite(scale["offset"]) else None,
    )


def pooled_quantile(scores: Sequence[Floats], level: float) -> float:
    """The quantile of a new recording's scores, every recording weighing the same.

    Parameters
    ----------
    scores
        Of every recording, ``(note,)``; recordings without notes are left out.
    level
        Share below the quantile, 0 to 1.

    Returns
    -------
    float
        Infinite where the recordings are too few for the level.

    >>> pooled_quantile([np.array([1.0, 2.0]), np.array([3.0])], 0.5)
    3.0
    >>> pooled_quantile([np.array([1.0])], 0.9)
    inf
    """
    own = [one for one in scores if one.size]
    if not own:
        return float("inf")
    values = np.concatenate(own)
    weights = np.concatenate([np.full(one.size, 1 / one.size) for one in own]) / (len(own) + 1)
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    place = int(np.searchsorted(reached, level - 1e-9))
    return float(values[order][place]) if place < values.size else float("inf")


def _score(truth: float, note: NoteHypothesis, time: str, hop: float) -> float:
    """How far the truth lies from the median, in half widths."""
    median = note.onset_median if time == "onset" else note.offset_median
    low, high = note.onset_interval if time == "onset" else note.offset_interval
    half = median - low if truth < median else high - median
    return abs(truth - median) / (half + hop / 2)
