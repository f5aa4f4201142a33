"""Whether probabilities can be believed.

>>> from bayes_a2m import calibration
>>> calibration.accuracy([[0.9, 0.1], [0.2, 0.8]], [0, 1])
1.0
"""

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
    aurc,
    brier,
    classwise_ece,
    confusion,
    ece,
    error_auroc,
    macro_f1,
    mean_classwise_ece,
    nll,
)

__all__ = [
    "NAMES",
    "PER_CLASS_NAMES",
    "Course",
    "Drawn",
    "MonteCarloError",
    "accuracy",
    "aurc",
    "brier",
    "classwise_ece",
    "confusion",
    "course",
    "ece",
    "enough",
    "error_auroc",
    "macro_f1",
    "mean_classwise_ece",
    "monte_carlo_error",
    "nll",
    "predict_until",
]
