"""Degrade: accuracy and confidence on ever worse copies of held-out recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bayes_a2m.datasets.conditions import twins
from bayes_a2m.demo.context import DemoContext, Outcome
from bayes_a2m.demo.degradation_figure import degradation_figure
from bayes_a2m.evaluation import evaluate
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics


def degrade(context: DemoContext) -> Outcome:
    """Score the model on ever worse copies of clean held-out recordings."""
    settings, clean = context.settings, context.held_out
    if any(r.condition == context.conditions[0] for r in clean):
        clean = clean.where(lambda r: r.condition == context.conditions[0])
    clean = clean.pick(clean.ids[: settings.degraded])
    copies = [
        (name, severity) for name in settings.degradations for severity in settings.severities
    ]
    courses: dict[str, dict[str, list[float]]] = {}
    with context.watch.bar("degrading") as update:
        for done, (name, severity) in enumerate(copies, start=1):
            degraded = twins(clean, name, severity, seed=settings.seed)
            scores = quick_scores(evaluate(context.model, degraded).frames)
            for key, value in {"severity": severity, **scores}.items():
                courses.setdefault(name, {}).setdefault(key, []).append(value)
            update(done, len(copies))
    context.draw("degradation", degradation_figure(courses), "png", "svg")
    facts = {
        "recordings": list(clean.ids),
        "condition": clean[0].condition,
        "courses": courses,
        "verdicts": {name: verdict(course) for name, course in courses.items()},
    }
    falls = [f"{k} {c['accuracy'][0]:.2f} to {c['accuracy'][-1]:.2f}" for k, c in courses.items()]
    return Outcome(facts, f"accuracy from severity 0 to the worst: {', '.join(falls)}")


def quick_scores(statistics: FrameStatistics) -> dict[str, float]:
    """Accuracy, mean confidence and ECE of all recordings together."""
    scores = statistics.quick_metrics_of(np.ones((1, len(statistics))))
    confidence = statistics.top_confidence.sum() / statistics.frames.sum()
    return {
        "accuracy": float(scores["accuracy"][0]),
        "confidence": float(confidence),
        "ece": float(scores["ece"][0]),
    }


def verdict(course: Mapping[str, Sequence[float]]) -> dict[str, float | None]:
    """The fall of accuracy and confidence from the first severity to the last, and their gap.

    ``noticed`` is the share of the fall in accuracy that the confidence went along with; None
    where accuracy fell by less than two points, for then there is little to notice.
    """
    accuracy, confidence = course["accuracy"], course["confidence"]
    fell, doubted = accuracy[0] - accuracy[-1], confidence[0] - confidence[-1]
    return {
        "accuracy_fell": fell,
        "confidence_fell": doubted,
        "gap_first": confidence[0] - accuracy[0],
        "gap_last": confidence[-1] - accuracy[-1],
        "noticed": doubted / fell if fell >= 0.02 else None,
    }
