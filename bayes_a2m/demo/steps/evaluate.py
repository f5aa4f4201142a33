"""Evaluate: how accurate and how well calibrated, as ``bayes-a2m evaluate`` finds it."""

from __future__ import annotations

from bayes_a2m.demo.context import DemoContext, Outcome
from bayes_a2m.diagnostics.overconfidence import overconfidence
from bayes_a2m.evaluation import results_of
from bayes_a2m.evaluation.results import ClassScores
from bayes_a2m.files.record import Count, Record
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from bayes_a2m.reporting.confusion import confusion_caption, confusion_figure
from bayes_a2m.reporting.html import plural, score
from bayes_a2m.reporting.reliability import reliability_figure
from bayes_a2m.resampling.bootstrap import Interval
from bayes_a2m.resampling.score_table import Scores

LOW, HIGH = 0.6, 0.8
"""The confidences by which the page explains calibration."""


class Band(Record):
    """The frames whose confidence lies between two values: how confident, how often right."""

    low: float
    high: float
    frames: Count
    confidence: float | None
    accuracy: float | None
    overconfidence: Interval


class Quality(Record):
    """Scores on the held-out recordings; ``metrics.json`` has all of them.

    Attributes
    ----------
    counts
        Held-out recordings of every condition.
    overconfidence
        Mean confidence minus accuracy over all frames.
    band
        The example by which calibration is explained.
    """

    recordings: Count
    frames: Count
    counts: dict[str, Count]
    metrics: Scores
    per_condition: dict[str, Scores]
    per_class: dict[str, ClassScores]
    near_boundary: Scores
    away_from_boundary: Scores
    confusion: list[list[Count]]
    mistake: str
    overconfidence: Interval
    band: Band


def evaluate(context: DemoContext) -> Outcome:
    """Score the model on the held-out recordings, and draw confusion and reliability."""
    evaluation, names = context.evaluation, context.model.vocabulary.names
    resamples, seed = context.settings.resamples, context.settings.seed
    results = results_of(evaluation, resamples=resamples, seed=seed)
    results.write(context.folder / "metrics.json")
    context.draw("confusion", confusion_figure(results.confusion, names))
    context.draw("reliability", reliability_figure(evaluation.frames))
    taken = {
        name: getattr(results, name) for name in Quality.model_fields if hasattr(results, name)
    }
    facts = Quality(
        **taken,
        counts={name: evaluation.conditions.count(name) for name in results.per_condition},
        mistake=confusion_caption(results.confusion, names),
        overconfidence=overconfidence(evaluation.frames, resamples=resamples, seed=seed),
        band=band(evaluation.frames, resamples=resamples, seed=seed),
    )
    accuracy, ece = (facts.metrics[name] or Interval(None) for name in ("accuracy", "ece"))
    words = f"{plural(results.recordings, 'held-out recording')}: "
    return Outcome(facts, words + f"accuracy {score(accuracy.value)}, ECE {score(ece.value)}")


def band(statistics: FrameStatistics, *, resamples: int, seed: int) -> Band:
    """Count the frames whose confidence lies between :data:`LOW` and :data:`HIGH`."""
    bins = statistics.top_count.shape[1]
    chosen = slice(round(LOW * bins), round(HIGH * bins))
    frames, confidence, right = (
        float(sums[:, chosen].sum())
        for sums in (statistics.top_count, statistics.top_confidence, statistics.top_right)
    )
    return Band(
        low=chosen.start / bins,
        high=chosen.stop / bins,
        frames=int(frames),
        confidence=confidence / frames if frames else None,
        accuracy=right / frames if frames else None,
        overconfidence=overconfidence(statistics, bins=chosen, resamples=resamples, seed=seed),
    )
