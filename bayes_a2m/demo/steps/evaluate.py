"""Evaluate: how accurate and how well calibrated, as ``bayes-a2m evaluate`` finds it."""

from __future__ import annotations

from typing import Any

from bayes_a2m.demo.context import DemoContext, Outcome
from bayes_a2m.diagnostics.overconfidence import overconfidence
from bayes_a2m.evaluation import results_of
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from bayes_a2m.reporting.confusion import confusion_figure, most_common_mistake
from bayes_a2m.reporting.reliability import reliability_figure, shares
from bayes_a2m.resampling.score_table import ScoreTable

SCORES = ("accuracy", "macro_f1", "nll", "ece", "note_onset_f1_100ms")
"""The scores that the table by condition shows."""

BAND = (0.6, 0.8)
"""The confidences by which the page explains calibration."""


def evaluate(context: DemoContext) -> Outcome:
    """Score the model on the held-out recordings, and draw confusion and reliability."""
    evaluation, names = context.evaluation, context.model.vocabulary.names
    statistics, resamples, seed = (
        evaluation.frames,
        context.settings.resamples,
        context.settings.seed,
    )
    results = results_of(evaluation, resamples=resamples, seed=seed)
    results.write(context.folder / "metrics.json")
    context.draw("confusion", confusion_figure(results.confusion, names), "png", "svg")
    context.draw("reliability", reliability_figure(statistics), "png", "svg")
    present = [name for name in context.conditions if name in results.per_condition]
    facts: dict[str, Any] = {
        "recordings": results.recordings,
        "frames": results.frames,
        "all": _chosen(results.metrics),
        "conditions": {name: _chosen(results.per_condition[name]) for name in present},
        "counts": {name: evaluation.conditions.count(name) for name in present},
        "near": _chosen(results.near_boundary),
        "away": _chosen(results.away_from_boundary),
        "classes": {
            name: _chosen(scores, ("precision", "recall"))
            for name, scores in results.per_class.items()
        },
        "mistake": most_common_mistake(results.confusion, names),
        "confusion": results.confusion,
        "reliability": reliability(statistics),
        "band": band(statistics, resamples=resamples, seed=seed),
        "gap": vars(overconfidence(statistics, resamples=resamples, seed=seed)),
    }
    accuracy, ece = (facts["all"][name]["value"] for name in ("accuracy", "ece"))
    words = f"{results.recordings} held-out recordings: accuracy {accuracy:.3f}, ECE {ece:.3f}"
    return Outcome(facts, words)


def reliability(statistics: FrameStatistics) -> list[dict[str, float | None]]:
    """The frames, the mean confidence and the accuracy of every bin, the least confident first."""
    return [
        {
            "frames": float(frames),
            "confidence": float(confidence) if frames else None,
            "right": float(accuracy) if frames else None,
        }
        for frames, confidence, accuracy in zip(*shares(statistics), strict=True)
    ]


def band(statistics: FrameStatistics, *, resamples: int, seed: int) -> dict[str, Any]:
    """The frames whose confidence is in :data:`BAND`: how many, how sure, how often right.

    Also ``gap``, their overconfidence with its interval.
    """
    bins = statistics.top_count.shape[1]
    first, last = (round(edge * bins) for edge in BAND)
    frames, confidence, right = (
        float(sums[:, first:last].sum())
        for sums in (statistics.top_count, statistics.top_confidence, statistics.top_right)
    )
    chosen = slice(first, last)
    return {
        "low": first / bins,
        "high": last / bins,
        "frames": frames,
        "stated": confidence / frames if frames else None,
        "right": right / frames if frames else None,
        "gap": vars(overconfidence(statistics, bins=chosen, resamples=resamples, seed=seed)),
    }


def _chosen(
    table: ScoreTable, names: tuple[str, ...] = SCORES
) -> dict[str, dict[str, float | None] | None]:
    """Some scores of a table as plain values."""
    return {n: None if score is None else vars(score) for n, score in table.only(names).items()}
