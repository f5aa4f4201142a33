"""Sufficient statistics that a metric of another package defines itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from bayes_a2m.errors import InputError
from bayes_a2m.metrics.inputs import Floats, Ints
from bayes_a2m.metrics.metric import Metric, registered
from bayes_a2m.metrics.sufficient_statistics import SufficientStatistics

if TYPE_CHECKING:
    from bayes_a2m.prediction.posterior import FramePosterior


@dataclass(frozen=True, eq=False)
class RecordingStatistics(SufficientStatistics):
    """The sums that one metric of the family ``recording`` defines.

    Attributes
    ----------
    sums
        One row a recording, ``(R, S)``; rows may be added.
    """

    sums: Floats

    @classmethod
    def of(cls, metric: Metric, posterior: FramePosterior, labels: Ints) -> RecordingStatistics:
        """The statistics of one recording.

        Parameters
        ----------
        metric
            A metric of the family ``recording``.
        posterior
            The posterior of that recording alone.
        labels
            The class of every frame, ``(frames,)``.

        Raises
        ------
        InputError
            If the metric gives no vector of finite numbers.
        """
        assert metric.statistics is not None
        sums = np.asarray(metric.statistics(posterior, labels), dtype=np.float64)
        if sums.ndim != 1 or not np.isfinite(sums).all():
            raise InputError(
                f"metric {metric.name}: statistics must be a vector of finite numbers, not "
                f"{sums} of shape {sums.shape}"
            )
        return cls(sums[None])

    def score(self, metric: Metric, weights: ArrayLike) -> Floats:
        """The score of every row of weights ``(S, R)``, ``(S,)``; nan where it is undefined."""
        assert metric.kernel is not None
        with np.errstate(divide="ignore", invalid="ignore"):
            rows = self.weights(weights) @ self.sums
            return np.array([float(metric.kernel(row)) for row in rows])


def scores_of_others(
    statistics: Mapping[str, RecordingStatistics], weights: ArrayLike
) -> dict[str, Floats]:
    """The scores of registered metrics, by name, of every row of weights.

    Parameters
    ----------
    statistics
        The statistics of each metric by its name; a metric that is no longer registered is left
        out.
    weights
        How often each recording counts, shape ``(S, R)``.

    Returns
    -------
    dict
        Name to scores, ``(S,)`` each.
    """
    known = [metric for metric in registered() if metric.name in statistics]
    return {metric.name: statistics[metric.name].score(metric, weights) for metric in known}
