"""Smooth calibration error, without bins and with a bandwidth that sets itself.

A binned error jumps when a probability crosses an edge, and depends on how many bins there are.
Blasiok and Nakkiran ("Smooth ECE", 2023, https://arxiv.org/abs/2309.12236) smooth the residuals
instead: with a Gaussian kernel reflected at 0 and 1, of bandwidth ``s``,

    smECE_s = integral over t of | mean over frames of K_s(t, p) (y - p) | dt

which falls as ``s`` grows, so there is exactly one ``s`` with ``smECE_s = s``; that is the error.
What is smaller than the bandwidth is not resolved, and no bandwidth has to be chosen.

On a grid of cells the reflected Gaussian is diagonal in the cosine transform, with eigenvalues
``exp(-(pi k s)^2 / 2)``: a thousand resamples are one transform and a bisection.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bayes_a2m import renamed
from bayes_a2m.errors import InputError
from bayes_a2m.metrics.inputs import Floats, Labels, Probabilities, frames
from bayes_a2m.metrics.kernels import predicted_of, ratio

CELLS = 1024
"""Cells that 0 to 1 is divided into."""

Cells: TypeAlias = NDArray[np.intp]

_STEPS = 17
"""Halvings of the bandwidth's interval: to 7.6e-6."""


def smooth_ece(posterior: Probabilities, labels: Labels) -> float:
    """Smooth calibration error of the predicted class.

    Parameters
    ----------
    posterior, labels
        Probabilities and true classes, as :func:`~bayes_a2m.metrics.inputs.frames` accepts them.

    Raises
    ------
    InputError
        If :func:`~bayes_a2m.metrics.inputs.frames` refuses them.

    >>> smooth_ece([[0.8, 0.2]] * 4, [0, 0, 1, 1])  # confidence 0.8, half come true
    0.30000
    """
    _, confidence, right = predicted_of(*frames(posterior, labels))
    gaps = np.zeros(CELLS)
    for index, share in zip(*cells_of(confidence), strict=True):
        np.add.at(gaps, index, share * (confidence - right))
    return float(smooth_ece_of_cells(gaps, np.asarray(float(confidence.size))))


def cells_of(
    values: Floats, cells: int = CELLS
) -> tuple[tuple[Cells, Cells], tuple[Floats, Floats]]:
    """Share out every value in 0 to 1 between the two cells nearest to it, by distance.

    Returns
    -------
    cells, shares
        The lower and the upper cell, and the share in either; each of the shape of ``values``.
    """
    index = np.clip(values * cells - 0.5, 0, cells - 1)
    lower = np.floor(index).astype(np.intp)
    upper = np.minimum(lower + 1, cells - 1)
    share = index - lower
    return (lower, upper), (np.asarray(1 - share), share)


def smooth_ece_of_cells(gaps: Floats, total: Floats) -> Floats:
    """Smooth calibration error from sums within cells.

    Parameters
    ----------
    gaps
        Sums of probability less what came true, shape ``(..., cell)``, cells equal in width.
    total
        Frames, shape ``(...)``.

    Returns
    -------
    ndarray, shape (...)
        nan where there are no frames.

    Raises
    ------
    InputError
        If there are fewer than two cells.
    """
    from scipy.fft import dct, idct

    cells = gaps.shape[-1]
    if cells < 2:
        raise InputError(f"a smooth calibration error needs at least 2 cells, not {cells}")
    total = np.broadcast_to(np.asarray(total, dtype=np.float64), gaps.shape[:-1])
    waves = dct(ratio(gaps, total[..., None]), axis=-1, norm="ortho")
    # the reflected Gaussian of bandwidth s multiplies wave k by exp(-(pi k s)^2 / 2)
    squared = np.square(np.pi * np.arange(cells)) / 2
    low, high = np.zeros(total.shape), np.ones(total.shape)
    # the error falls and the bandwidth grows: they cross once, and halving finds where
    for _ in range(_STEPS):
        bandwidth = (low + high) / 2
        damping = np.exp(-squared * np.square(bandwidth)[..., None])
        error = np.abs(idct(waves * damping, axis=-1, norm="ortho")).sum(axis=-1)
        wider = error > bandwidth
        low, high = np.where(wider, bandwidth, low), np.where(wider, high, bandwidth)
    fixed_point: Floats = np.where(total > 0, (low + high) / 2, np.nan)
    return fixed_point


__getattr__ = renamed.names_of(__name__)
