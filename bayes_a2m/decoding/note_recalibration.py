"""Recalibration of notes' probabilities: one slope, or a slope and an intercept.

A note's probability p becomes ``1 / (1 + exp(-(slope * logit(p) + intercept)))`` (Platt 1999, on
the logit, so that a slope of one changes nothing). A slope below one says that the model is too
sure of its notes, above one that it is not sure enough. The maximum of the likelihood of right and
wrong notes is taken under a normal prior on ``log slope`` and the intercept, of standard deviation
:data:`SPREAD`: a hundred notes, ten of them wrong, do not settle a slope, and with no wrong note
at all the likelihood has no maximum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.decoding.note_model import NoteModel
from bayes_a2m.decoding.note_posterior import NotePosterior
from bayes_a2m.errors import InputError
from bayes_a2m.metrics.note_calibration import NoteOutcomes
from bayes_a2m.music import Note

Floats = NDArray[np.float64]

SPREAD = 0.5
"""Prior standard deviation of the logarithm of the slope, and of the intercept."""

_CLIP = 1e-6


def fit_recalibration(
    model: NoteModel,
    posteriors: Sequence[NotePosterior],
    references: Sequence[Sequence[Note]],
    *,
    intercept: bool = False,
) -> NoteModel:
    """The model with the slope, and intercept where asked for, that fit these recordings best.

    Parameters
    ----------
    model
        The model the posteriors were inferred with; it has no recalibration yet.
    posteriors
        Of recordings that neither the network nor the model was fitted on, or out of fold.
    references
        The notes of every recording.
    intercept
        Whether an intercept is fitted, too.

    Raises
    ------
    InputError
        If there are not as many references as posteriors, or the model has a recalibration already.
    """
    if len(posteriors) != len(references):
        raise InputError(f"{len(references)} references for {len(posteriors)} recordings")
    if (model.slope, model.intercept) != (1.0, 0.0):
        raise InputError("the note model is recalibrated already: infer with slope 1, intercept 0")
    outcomes = [
        NoteOutcomes.of(truth, one.notes, one.probabilities, one.duration, tolerance=one.tolerance)
        for truth, one in zip(references, posteriors, strict=True)
    ]
    p = np.concatenate([np.zeros(0), *(one.probability for one in outcomes)])
    right = np.concatenate([np.zeros(0, dtype=bool), *(one.right for one in outcomes)])
    slope, shift = logistic_fit(p, right, intercept=intercept)
    return replace(model, slope=slope, intercept=shift)


def logistic_fit(
    probability: Floats, right: NDArray[np.bool_], *, intercept: bool = False
) -> tuple[float, float]:
    """Slope and intercept of greatest posterior density; 1 and 0 without notes.

    Parameters
    ----------
    probability, right
        Of every note, and whether it is, ``(note,)``.
    intercept
        Whether it is fitted; else it is 0.
    """
    from scipy.optimize import minimize

    p = np.clip(probability, _CLIP, 1 - _CLIP)
    logit = np.log(p) - np.log1p(-p)
    sign = np.where(right, 1.0, -1.0)

    def loss(theta: Floats) -> float:
        shift = theta[1] if intercept else 0.0
        margin = sign * (np.exp(theta[0]) * logit + shift)
        prior = (theta[0] ** 2 + shift**2) / (2 * SPREAD**2)
        return float(np.logaddexp(0.0, -margin).sum() + prior)

    found = minimize(loss, np.zeros(2 if intercept else 1), method="BFGS")
    return float(np.exp(found.x[0])), float(found.x[1]) if intercept else 0.0
