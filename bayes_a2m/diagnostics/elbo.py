"""Convergence of a trace of the evidence lower bound (ELBO)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SETTLED = 0.01
"""Relative change over the last quarter of a trace below which it has settled."""


@dataclass(frozen=True)
class TraceCheck:
    """Result of a check whether a trace of the ELBO, or of a loss, has settled.

    Attributes
    ----------
    settled
        Whether it is finite throughout, long enough to tell, and flat in its last quarter.
    change
        Rise of a line fitted to the last quarter, from end to end, over the size of its mean;
        nan where it cannot be told.
    finite
        Whether every value is a number.
    sentence
        Result in words.
    """

    settled: bool
    change: float
    finite: bool
    sentence: str


def elbo_trace_check(trace: Sequence[float]) -> TraceCheck:
    """Check whether the evidence lower bound has converged.

    It has where a line through the last quarter of the values rises or falls by at most
    :data:`SETTLED` of their mean. A line is less moved by noise than the last value is.

    Parameters
    ----------
    trace
        ELBO at every epoch or step.
    """
    values = np.asarray(trace, dtype=np.float64)
    wrong = np.flatnonzero(~np.isfinite(values))
    if wrong.size:
        words = f"the ELBO is not finite, first at step {wrong[0] + 1}: lower the learning rate"
        return TraceCheck(False, float("nan"), False, words)
    quarter = values[-(values.size // 4) :]
    if values.size < 16:
        words = f"{values.size} values of the ELBO are too few to tell; at least 16 are wanted"
        return TraceCheck(False, float("nan"), True, words)
    slope = np.polyfit(np.arange(quarter.size), quarter, 1)[0]
    size = max(abs(float(quarter.mean())), 1e-12)
    change = float(slope * (quarter.size - 1) / size)
    settled = abs(change) <= SETTLED
    words = f"the ELBO changed by {change:+.2%} in the last {quarter.size} of {values.size} steps"
    words += ": it has settled" if settled else ": train longer"
    return TraceCheck(settled, change, True, words)
