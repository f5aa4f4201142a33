"""Histograms of probabilities with bins equal in the logit, which tell 0.99999 from 0.9999."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.metrics import kernels, smooth
from bayes_a2m.metrics.inputs import Floats

FINE_BINS = 1024
"""Bins of the histograms of confidence, equal in its logit."""

_LOGITS = (-6.0, 28.0)
"""Confidences of 0.0025 and 1 - 7e-13; what lies outside is in the first and the last bin."""

FINE_CLASS_BINS = 256
"""Bins of the histograms of every class's probability."""

_CLASS_LOGITS = (-17.0, 17.0)
"""Probabilities of 4e-8 and 1 - 4e-8; what lies outside is in the first and the last bin."""

SMOOTH_CELLS = 256
"""Cells of the smooth error."""


def fine_bin_of(confidence: Floats) -> NDArray[np.intp]:
    """The fine bin of every confidence, shape as ``confidence``."""
    return _logit_bin(confidence, FINE_BINS, *_LOGITS)


def _logit_bin(values: Floats, bins: int, low: float, high: float) -> NDArray[np.intp]:
    """Bin of every probability, bins of equal width in its logit from ``low`` to ``high``."""
    with np.errstate(divide="ignore"):  # 0 and 1 are at infinity: the first and the last bin
        logit = np.log(values) - np.log1p(-values)
    return np.clip((logit - low) * (bins / (high - low)), 0, bins - 1).astype(np.intp)


def fine_class_bins(p: Floats, truth: NDArray[np.bool_]) -> tuple[Floats, ...]:
    """Frames, sum of probability, frames of the class, by fine bins, ``(K, C)`` each."""
    shape = (p.shape[1], FINE_CLASS_BINS)
    size = shape[0] * shape[1]
    place = _logit_bin(p, FINE_CLASS_BINS, *_CLASS_LOGITS)
    place = (place + FINE_CLASS_BINS * np.arange(shape[0])).ravel()
    count = np.bincount(place, minlength=size).astype(np.float64)
    probability = kernels.sums_of(place, p.ravel(), size)
    true = kernels.sums_of(place, truth.ravel(), size)
    return count.reshape(shape), probability.reshape(shape), true.reshape(shape)


def cells_of_bins() -> Floats:
    """Shares of fine bins in the cells of the smooth error, ``(H, cell)``."""
    low, high = _LOGITS
    middle = low + (np.arange(FINE_BINS) + 0.5) * (high - low) / FINE_BINS
    cells = np.zeros((FINE_BINS, SMOOTH_CELLS))
    for place, share in zip(*smooth.cells_of(1 / (1 + np.exp(-middle)), SMOOTH_CELLS), strict=True):
        cells[np.arange(FINE_BINS), place] += share
    return cells
