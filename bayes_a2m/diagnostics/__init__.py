"""Diagnostics of posteriors and of calibration: mixing, collapse, reliability, convergence.

Weights of networks cannot be compared chain by chain: units can be permuted, and flat
directions wander. What can be compared are functions of the weights, the probabilities of some
frames; so R-hat and ESS are taken of those. All functions here are pure: arrays or posteriors
in, numbers and a sentence out.
"""

from __future__ import annotations

from bayes_a2m.diagnostics.collapse import COLLAPSE, Collapse, collapse_of, collapsed
from bayes_a2m.diagnostics.convergence import (
    ESS_LIMIT,
    RHAT_LIMIT,
    Mixing,
    function_values,
    rhat_ess,
)
from bayes_a2m.diagnostics.elbo import SETTLED, TraceCheck, elbo_trace_check
from bayes_a2m.diagnostics.loo import LeaveOneOut, leave_one_recording_out, recording_log_likelihood
from bayes_a2m.diagnostics.pareto_k import pareto_k
from bayes_a2m.diagnostics.predictive_checks import Check, predictive_checks

__all__ = [
    "COLLAPSE",
    "ESS_LIMIT",
    "RHAT_LIMIT",
    "SETTLED",
    "Check",
    "Collapse",
    "LeaveOneOut",
    "Mixing",
    "TraceCheck",
    "collapse_of",
    "collapsed",
    "elbo_trace_check",
    "function_values",
    "leave_one_recording_out",
    "pareto_k",
    "predictive_checks",
    "recording_log_likelihood",
    "rhat_ess",
]
