"""Every score as a function of weighted sums.

The functions read :class:`~bayes_a2m.metrics.sums.FrameSums` or
:class:`~bayes_a2m.metrics.sums.NoteSums` and give one value for each row of weights, ``(S,)``, or
for each row and class, ``(S, K)``; nan where a score is undefined. The arithmetic is that of
:mod:`bayes_a2m.metrics.kernels`, the conventions those of :mod:`bayes_a2m.metrics.frames`. What a
score is called, and which direction is better, stands in :mod:`bayes_a2m.metrics.metric`.
"""

from __future__ import annotations

import numpy as np

from bayes_a2m.metrics import cumulative, kernels, smooth
from bayes_a2m.metrics.inputs import Floats
from bayes_a2m.metrics.kernels import ratio
from bayes_a2m.metrics.sums import FrameSums, NoteSums


def accuracy(sums: FrameSums) -> Floats:
    """Share of frames rightly predicted, ``(S,)``."""
    return ratio(sums.hits.sum(axis=-1), sums.frames)


def macro_f1(sums: FrameSums) -> Floats:
    """Mean F1 over the classes that occur, ``(S,)``."""
    return kernels.macro_f1_of(sums.hits, sums.true, sums.predicted)


def nll(sums: FrameSums) -> Floats:
    """Mean negative log-likelihood in nats per frame, ``(S,)``."""
    return ratio(sums.nll, sums.frames)


def brier(sums: FrameSums) -> Floats:
    """Mean squared distance from the truth over all classes, ``(S,)``."""
    return ratio(sums.squares, sums.frames)


def ece(sums: FrameSums) -> Floats:
    """Expected calibration error of the predicted class, ``(S,)``."""
    return kernels.ece_of_bins(sums.top_confidence, sums.top_right, sums.frames)


def adaptive_ece(sums: FrameSums) -> Floats:
    """Calibration error over bins of equally many frames, ``(S,)``."""
    return kernels.adaptive_ece_of_blocks(sums.right + sums.wrong, sums.gaps)


def classwise_ece(sums: FrameSums) -> Floats:
    """Mean over classes of the calibration error of each against the rest, ``(S,)``."""
    return np.asarray(sums.classwise_ece.mean(axis=-1))


def smooth_ece(sums: FrameSums) -> Floats:
    """Smooth calibration error of the predicted class, ``(S,)``."""
    return smooth.smooth_ece_of_cells(sums.cell_gaps, sums.frames)


def aurc(sums: FrameSums) -> Floats:
    """Area under the risk-coverage curve, ``(S,)``."""
    return kernels.aurc_of_blocks(sums.right, sums.wrong)


def error_auroc(sums: FrameSums) -> Floats:
    """Chance that a wrong frame is less confident than a right one, ``(S,)``."""
    return kernels.error_auroc_of_blocks(sums.right, sums.wrong)


def mce(sums: FrameSums) -> Floats:
    """Largest gap of any bin of confidence, ``(S,)``."""
    return kernels.mce_of_bins(sums.top_count, sums.top_confidence, sums.top_right)


def top_label_ece(sums: FrameSums) -> Floats:
    """Calibration error of the predicted class, binned within each class, ``(S,)``."""
    return ratio(np.abs(sums.predicted_gaps).sum(axis=(-2, -1)), sums.frames)


def ks(sums: FrameSums) -> Floats:
    """Kolmogorov-Smirnov calibration error, ``(S,)``."""
    return cumulative.ks_of(sums.gaps, sums.frames)


def kuiper(sums: FrameSums) -> Floats:
    """Kuiper calibration error, ``(S,)``."""
    return cumulative.kuiper_of(sums.gaps, sums.frames)


def excess_aurc(sums: FrameSums) -> Floats:
    """AURC less that of the best possible order, ``(S,)``."""
    return kernels.excess_aurc_of_blocks(sums.right, sums.wrong)


def error_fpr95(sums: FrameSums) -> Floats:
    """Share of right frames flagged where the flag finds 95 % of the wrong ones, ``(S,)``."""
    return kernels.error_fpr95_of_blocks(sums.right, sums.wrong)


def brier_reliability(sums: FrameSums) -> Floats:
    """Reliability part of the Brier score, summed over classes, ``(S,)``."""
    return sums.summed_brier_parts.reliability


def brier_resolution(sums: FrameSums) -> Floats:
    """Resolution part of the Brier score, summed over classes, ``(S,)``."""
    return sums.summed_brier_parts.resolution


def brier_uncertainty(sums: FrameSums) -> Floats:
    """Uncertainty part of the Brier score, summed over classes, ``(S,)``."""
    return sums.summed_brier_parts.uncertainty


def precision(sums: FrameSums) -> Floats:
    """Share right among frames predicted to be of each class, ``(S, K)``."""
    return ratio(sums.hits, sums.predicted)


def recall(sums: FrameSums) -> Floats:
    """Share found among frames truly of each class, ``(S, K)``."""
    return ratio(sums.hits, sums.true)


def false_positives(sums: FrameSums) -> Floats:
    """Frames wrongly predicted to be of each class, ``(S, K)``."""
    return sums.predicted - sums.hits


def false_negatives(sums: FrameSums) -> Floats:
    """Frames of each class predicted to be of another, ``(S, K)``."""
    return sums.true - sums.hits


def class_ece(sums: FrameSums) -> Floats:
    """Calibration error of each class against the rest, ``(S, K)``."""
    return sums.classwise_ece


def trust_ece(sums: FrameSums) -> Floats:
    """Calibration error of the frames predicted to be of each class, ``(S, K)``."""
    return ratio(np.abs(sums.predicted_gaps).sum(axis=-1), sums.predicted_count)


def class_adaptive(sums: FrameSums) -> Floats:
    """Calibration error of each class over bins of equally many frames, ``(S, K)``."""
    return kernels.adaptive_ece_of_blocks(sums.fine_class_count, sums.class_gaps)


def class_ks(sums: FrameSums) -> Floats:
    """Kolmogorov-Smirnov calibration error of each class, ``(S, K)``."""
    return cumulative.ks_of(sums.class_gaps, sums.frames[:, None])


def class_kuiper(sums: FrameSums) -> Floats:
    """Kuiper calibration error of each class, ``(S, K)``."""
    return cumulative.kuiper_of(sums.class_gaps, sums.frames[:, None])


def class_brier(sums: FrameSums) -> Floats:
    """Brier score of each class against the rest, ``(S, K)``."""
    return sums.brier_parts.brier


def class_brier_reliability(sums: FrameSums) -> Floats:
    """Reliability part of each class's Brier score, ``(S, K)``."""
    return sums.brier_parts.reliability


def class_brier_resolution(sums: FrameSums) -> Floats:
    """Resolution part of each class's Brier score, ``(S, K)``."""
    return sums.brier_parts.resolution


def class_brier_uncertainty(sums: FrameSums) -> Floats:
    """Uncertainty part of each class's Brier score, ``(S, K)``."""
    return sums.brier_parts.uncertainty


def note_onset_f1_50ms(sums: NoteSums) -> Floats:
    """F1 of notes with onsets within 50 ms, ``(S,)``."""
    return ratio(2 * sums.onset_50ms, sums.notes)


def note_onset_f1_100ms(sums: NoteSums) -> Floats:
    """F1 of notes with onsets within 100 ms, ``(S,)``."""
    return ratio(2 * sums.onset_100ms, sums.notes)


def note_onset_offset_f1(sums: NoteSums) -> Floats:
    """F1 of notes with onsets within 50 ms and matching offsets, ``(S,)``."""
    return ratio(2 * sums.onset_offset, sums.notes)
