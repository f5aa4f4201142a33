"""Whether probabilities can be believed.

>>> from bayes_a2m import calibration
>>> calibration.accuracy([[0.9, 0.1], [0.2, 0.8]], [0, 1])
1.0
"""

from bayes_a2m.calibration.cumulative import (
    classwise_ks,
    classwise_kuiper,
    ks_error,
    kuiper_error,
)
from bayes_a2m.calibration.decomposition import brier_parts
from bayes_a2m.calibration.draws import (
    Course,
    Drawn,
    MonteCarloError,
    course,
    enough,
    monte_carlo_error,
    predict_until,
)
from bayes_a2m.calibration.scores import (
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
from bayes_a2m.calibration.smooth import smooth_ece

__all__ = [
    "NAMES",
    "PER_CLASS_NAMES",
    "Course",
    "Drawn",
    "MonteCarloError",
    "accuracy",
    "adaptive_ece",
    "aurc",
    "brier",
    "brier_parts",
    "classwise_ece",
    "classwise_ks",
    "classwise_kuiper",
    "confusion",
    "course",
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
    "predict_until",
    "smooth_ece",
    "top_label_ece",
]
