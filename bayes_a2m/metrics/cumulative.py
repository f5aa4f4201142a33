"""Calibration errors and tests that need no bins: cumulative gaps.

Sort frames by their probability, and add up what came true minus the probability. If
probabilities are calibrated the sum wanders about zero; where it climbs or falls they are not.

- **KS** error: its largest distance from zero, over the number of frames (Gupta et al.,
  "Calibration of neural networks using splines", 2021, https://arxiv.org/abs/2006.12800).
- **Kuiper** error: its highest point less its lowest, zero included (Arrieta-Ibarra et al.,
  "Metrics of calibration for probabilistic predictions", 2022,
  https://arxiv.org/abs/2205.09680): the largest total gap of any stretch of probabilities.

**The test.** How large is large by chance? Published null distributions take frames for
independent, and reject calibrated probabilities of correlated frames nearly always. Here every
recording has its own cumulative gap, a curve whose mean is zero if probabilities are calibrated;
recordings are independent; so the curves' signs are flipped at random, recording by recording (a
wild bootstrap of clusters: Cameron, Gelbach and Miller, "Bootstrap-based improvements for inference
with clustered errors", 2008). The p-value is the share of flips whose statistic is at least the
observed one. R recordings have ``2^R`` flips, so few recordings cannot give small p-values: no
fewer than 8 can reject at 1 %.

Curves are kept on fine bins (:mod:`bayes_a2m.metrics.sufficient_statistics`), at whose edges the
maximum is sought.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bayes_a2m.errors import InputError
from bayes_a2m.metrics.inputs import Floats, Labels, Probabilities, frames
from bayes_a2m.metrics.kernels import predicted_of, ratio, sums_of

FLIPS = 2000
"""Random flips of signs from which a p-value is taken."""


@dataclass(frozen=True)
class CalibrationTest:
    """Result of a test that probabilities come true on average, at every level of them.

    Attributes
    ----------
    ks, kuiper
        Calibration errors of all frames; nan without frames.
    ks_p, kuiper_p
        Their p-values; nan with fewer than two recordings.
    recordings
        Number of recordings that have frames.
    """

    ks: float
    kuiper: float
    ks_p: float
    kuiper_p: float
    recordings: int


def ks_error(posterior: Probabilities, labels: Labels) -> float:
    """KS calibration error of the predicted class, without bins.

    Parameters
    ----------
    posterior, labels
        Probabilities and true classes, as :func:`~bayes_a2m.metrics.inputs.frames` accepts them.

    Raises
    ------
    InputError
        If :func:`~bayes_a2m.metrics.inputs.frames` refuses them.

    >>> ks_error([[0.6, 0.4], [0.9, 0.1]], [1, 0])  # -0.6, then -0.6 + 0.1, over 2
    0.3
    """
    return float(ks_of(*_curve(*_top(posterior, labels))))


def kuiper_error(posterior: Probabilities, labels: Labels) -> float:
    """Kuiper calibration error of the predicted class, without bins.

    Parameters
    ----------
    posterior, labels
        Probabilities and true classes, as :func:`~bayes_a2m.metrics.inputs.frames` accepts them.

    Raises
    ------
    InputError
        If :func:`~bayes_a2m.metrics.inputs.frames` refuses them.

    >>> kuiper_error([[0.6, 0.4], [0.9, 0.1]], [1, 0])  # highest 0, lowest -0.6, over 2
    0.3
    """
    return float(kuiper_of(*_curve(*_top(posterior, labels))))


def classwise_ks(posterior: Probabilities, labels: Labels) -> Floats:
    """KS calibration error of every class against the rest, over all frames, ``(class,)``.

    >>> classwise_ks([[0.9, 0.1], [0.9, 0.1]], [0, 1])
    array([0.4, 0.4])
    """
    p, y = frames(posterior, labels)
    return np.array([ks_of(*_curve(p[:, k], y == k)) for k in range(p.shape[1])])


def classwise_kuiper(posterior: Probabilities, labels: Labels) -> Floats:
    """Kuiper calibration error of every class against the rest, over all frames, ``(class,)``.

    >>> classwise_kuiper([[0.9, 0.1], [0.9, 0.1]], [0, 1])
    array([0.4, 0.4])
    """
    p, y = frames(posterior, labels)
    return np.array([kuiper_of(*_curve(p[:, k], y == k)) for k in range(p.shape[1])])


def ks_of(gaps: Floats, total: Floats) -> Floats:
    """KS error from sums of gaps.

    Parameters
    ----------
    gaps
        Sums of probability less what came true, shape ``(..., block)``, probability ascending.
    total
        Frames, shape ``(...)``.

    Returns
    -------
    ndarray, shape (...)
        nan where there are no frames.
    """
    return ratio(np.abs(np.cumsum(gaps, axis=-1)).max(axis=-1, initial=0.0), total)


def kuiper_of(gaps: Floats, total: Floats) -> Floats:
    """Kuiper error from sums of gaps.

    Parameters
    ----------
    gaps
        Sums of probability less what came true, shape ``(..., block)``, probability ascending.
    total
        Frames, shape ``(...)``.

    Returns
    -------
    ndarray, shape (...)
        nan where there are no frames.
    """
    curve = np.cumsum(gaps, axis=-1)
    spread = curve.max(axis=-1, initial=0.0) - curve.min(axis=-1, initial=0.0)
    return ratio(spread, total)


def calibration_test(
    gaps: ArrayLike, lengths: ArrayLike, generator: np.random.Generator, *, flips: int = FLIPS
) -> CalibrationTest:
    """Test calibration by flipping the signs of recordings.

    Parameters
    ----------
    gaps
        Sums of probability less what came true, by fine bins of the probability, shape
        ``(recording, block)``; a recording's whole curve is flipped at once.
    lengths
        Frames of every recording, shape ``(recording,)``.
    generator
        Source of the flips.
    flips
        Number of flips.

    Raises
    ------
    InputError
        If shapes do not fit, or there are no flips.

    >>> calibrated = np.array([[0.1, -0.1], [-0.2, 0.2], [0.2, -0.1], [-0.1, 0.0]])
    >>> calibration_test(calibrated, [9, 9, 9, 9], np.random.default_rng(0)).ks_p > 0.5
    True
    """
    array, frames_of = np.asarray(gaps, dtype=np.float64), np.asarray(lengths, dtype=np.float64)
    if array.ndim != 2 or frames_of.shape != array.shape[:1]:
        raise InputError(
            f"a calibration test needs gaps (recording, block) and a length for every recording, "
            f"not {array.shape} and {frames_of.shape}"
        )
    if flips < 1:
        raise InputError(f"a calibration test needs flips, not {flips}")
    array, frames_of = array[frames_of > 0], frames_of[frames_of > 0]
    total = frames_of.sum()
    summed = array.sum(axis=0)
    ks, kuiper = float(ks_of(summed, total)), float(kuiper_of(summed, total))
    recordings = array.shape[0]
    if recordings < 2:
        return CalibrationTest(ks, kuiper, float("nan"), float("nan"), recordings)
    # a recording's frames keep their dependence: its whole curve changes sign, never a frame
    signs = generator.choice(np.array([-1.0, 1.0]), size=(flips, recordings))
    flipped = signs @ array
    return CalibrationTest(
        ks,
        kuiper,
        _p_value(ks_of(flipped, total), ks),
        _p_value(kuiper_of(flipped, total), kuiper),
        recordings,
    )


def _p_value(null: Floats, observed: float) -> float:
    """Share of the null distribution at least as large, the observed value counted in."""
    return float((1 + (null >= observed - 1e-12).sum()) / (1 + null.size))


def _top(posterior: Probabilities, labels: Labels) -> tuple[Floats, Floats]:
    """Confidence of every frame, and 1 where its prediction is right, 0 where it is wrong."""
    _, confidence, right = predicted_of(*frames(posterior, labels))
    return confidence, right.astype(np.float64)


def _curve(confidence: Floats, true: Floats) -> tuple[Floats, Floats]:
    """Gaps of every probability that occurs, ascending, and the number of frames."""
    values, block = np.unique(confidence, return_inverse=True)
    gaps = sums_of(block, confidence - true, values.size)
    return gaps, np.asarray(float(confidence.size))
