"""Calibration: scores of it, recalibration, conformal sets and selective prediction.

>>> from bayes_a2m import calibration
>>> calibration.accuracy([[0.9, 0.1], [0.2, 0.8]], [0, 1])
1.0
"""

from typing import TYPE_CHECKING

from bayes_a2m import renamed
from bayes_a2m.calibration.conformal import ConformalSets, coverage
from bayes_a2m.calibration.selection import choose, recalibrated, recalibrated_summary
from bayes_a2m.calibration.selective import AcceptStatistics, accept
from bayes_a2m.diagnostics.calibration_summary import trust
from bayes_a2m.diagnostics.ecdf import ecdfs_of
from bayes_a2m.diagnostics.monte_carlo import (
    AdaptivePrediction,
    DrawsCurve,
    MonteCarloError,
    draws_curve,
    enough,
    monte_carlo_error,
    predict_until,
)
from bayes_a2m.diagnostics.pit import pits
from bayes_a2m.diagnostics.reliability import (
    class_reliability,
    predicted_reliability,
    top_reliability,
)
from bayes_a2m.metrics.cumulative import (
    calibration_test,
    classwise_ks,
    classwise_kuiper,
    ks_error,
    kuiper_error,
)
from bayes_a2m.metrics.decomposition import brier_parts
from bayes_a2m.metrics.frames import (
    NAMES,
    PER_CLASS_NAMES,
    accuracy,
    adaptive_ece,
    aurc,
    brier,
    classwise_ece,
    confusion,
    ece,
    error_auroc,
    error_fpr95,
    excess_aurc,
    macro_f1,
    mce,
    mean_classwise_ece,
    nll,
    top_label_ece,
)
from bayes_a2m.metrics.smooth import smooth_ece
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics

__all__ = [
    "NAMES",
    "PER_CLASS_NAMES",
    "AcceptStatistics",
    "AdaptivePrediction",
    "ConformalSets",
    "DrawsCurve",
    "FrameStatistics",
    "MonteCarloError",
    "accept",
    "accuracy",
    "adaptive_ece",
    "aurc",
    "brier",
    "brier_parts",
    "calibration_test",
    "choose",
    "class_reliability",
    "classwise_ece",
    "classwise_ks",
    "classwise_kuiper",
    "confusion",
    "coverage",
    "draws_curve",
    "ecdfs_of",
    "ece",
    "enough",
    "error_auroc",
    "error_fpr95",
    "excess_aurc",
    "ks_error",
    "kuiper_error",
    "macro_f1",
    "mce",
    "mean_classwise_ece",
    "monte_carlo_error",
    "nll",
    "pits",
    "predict_until",
    "predicted_reliability",
    "recalibrated",
    "recalibrated_summary",
    "smooth_ece",
    "top_label_ece",
    "top_reliability",
    "trust",
]


if not TYPE_CHECKING:
    __getattr__ = renamed.names_of(__name__)
