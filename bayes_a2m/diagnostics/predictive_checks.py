"""Posterior predictive checks: the transcription of every draw against the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bayes_a2m.diagnostics.labels import Labels, fitting
from bayes_a2m.music.notes import from_labels
from bayes_a2m.prediction.posterior import FramePosterior

if TYPE_CHECKING:
    from bayes_a2m.decoding.decoder import Decoder
    from bayes_a2m.music import Note


@dataclass(frozen=True)
class Check:
    """Posterior predictive check of one statistic.

    Attributes
    ----------
    name
        ``silence`` (share of time), ``notes`` (number), ``length`` (mean, seconds).
    observed
        Value of the reference.
    low, median, high
        Quantiles over draws: 2.5 %, 50 %, 97.5 %.
    tail
        Two-sided tail probability of the observed by its rank among D draws; the least it can
        be is ``2 / (D + 1)``.
    """

    name: str
    observed: float
    low: float
    median: float
    high: float
    tail: float


def predictive_checks(
    post: FramePosterior, labels: Labels, decoder: Decoder | None = None
) -> tuple[Check, ...]:
    """Check silence and notes of every draw's transcription against the reference.

    Gelman, Meng and Stern 1996, "Posterior predictive assessment of model fitness via realized
    discrepancies", section 2, with one coherent transcription a draw instead of labels drawn
    frame by frame, which no voice would sing.
    Its doubt is that of the model alone: a small tail says that the model errs in one way,
    whatever the draw.

    Parameters
    ----------
    post
        Predictions, with draws, of recordings with references.
    labels
        Class of every frame, one array a recording.
    decoder
        Turns a draw into notes (``model.decoder``); the likeliest class of every frame where
        None.

    Raises
    ------
    InputError
        If labels and recordings do not go together.
    """
    arrays = fitting(post, labels)
    seconds = post.grid.seconds(float(post.lengths.sum()))
    reference = [note for path in arrays for note in from_labels(path, post.grid, post.vocabulary)]
    observed = _statistics(reference, seconds)
    chains, draws = post.log_probs.shape[:2]
    drawn = [
        _statistics(_notes(post, chain, draw, decoder), seconds)
        for chain in range(chains)
        for draw in range(draws)
    ]
    checks = []
    for name, value in observed.items():
        values = np.array([statistics[name] for statistics in drawn])
        below, above = (values <= value).sum(), (values >= value).sum()
        tail = min(1.0, 2 * (1 + min(below, above)) / (1 + values.size))
        low, median, high = np.quantile(values, [0.025, 0.5, 0.975])
        checks.append(Check(name, value, float(low), float(median), float(high), float(tail)))
    return tuple(checks)


def _notes(post: FramePosterior, chain: int, draw: int, decoder: Decoder | None) -> list[Note]:
    """Notes of all recordings by one draw."""
    log_probs = post.log_probs[chain : chain + 1, draw : draw + 1]
    if decoder is not None:
        one = replace(post, log_probs=log_probs, onset_log_probs=None)  # decoders read classes
        return [n for item in decoder.decode(one) for n in item.notes]
    paths = [log_probs[0, 0, i, :n].argmax(axis=-1) for i, n in enumerate(post.lengths)]
    return [note for path in paths for note in from_labels(path, post.grid, post.vocabulary)]


def _statistics(notes: Sequence[Note], seconds: float) -> dict[str, float]:
    sounding = sum(note.duration for note in notes)
    return {
        "silence": round(1 - sounding / seconds, 9),  # so that equal shares are equal
        "notes": float(len(notes)),
        "length": round(sounding / max(1, len(notes)), 9),
    }
