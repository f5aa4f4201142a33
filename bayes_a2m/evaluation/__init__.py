"""Evaluation of models on recordings with references, with intervals from resampling recordings.

Recordings are predicted a few at a time and boiled down to additive counts, so that memory
does not grow with their number beyond those counts; from them come all scores, and all
resamples of them, at once.
"""

from __future__ import annotations

from bayes_a2m.evaluation.accumulator import Chunks
from bayes_a2m.evaluation.cost import Cost
from bayes_a2m.evaluation.evaluate import evaluate, evaluate_chunks
from bayes_a2m.evaluation.evaluation import Evaluation
from bayes_a2m.evaluation.results import EvaluationResults
from bayes_a2m.evaluation.scoring import (
    ACCEPT_CONFIDENCE,
    ACCEPT_ERROR,
    RESAMPLES,
    results_of,
)

__all__ = [
    "ACCEPT_CONFIDENCE",
    "ACCEPT_ERROR",
    "RESAMPLES",
    "Chunks",
    "Cost",
    "Evaluation",
    "EvaluationResults",
    "evaluate",
    "evaluate_chunks",
    "results_of",
]
