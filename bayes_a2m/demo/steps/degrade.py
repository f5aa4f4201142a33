"""Degrade: accuracy and confidence of several methods on ever worse copies of recordings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bayes_a2m.datasets import Dataset
from bayes_a2m.datasets.conditions import twins
from bayes_a2m.demo.context import DemoContext, Outcome
from bayes_a2m.demo.degradation_figure import degradation_figure
from bayes_a2m.demo.steps.methods import FOLDER
from bayes_a2m.evaluation import evaluate
from bayes_a2m.files.record import Record
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics

SHOWN = ("ensemble", "laplace")
"""The methods beside the network itself, where they were fitted."""

LEAST_FALL = 0.02
"""The fall of accuracy below which there is little to notice."""


class Curve(Record):
    """Scores of one method by severity of one degradation; all frames of a severity together."""

    degradation: str
    method: str
    severity: list[int]
    accuracy: list[float]
    confidence: list[float]
    ece: list[float]

    @property
    def gap(self) -> list[float]:
        """Overconfidence by severity: mean confidence minus accuracy."""
        return [c - a for c, a in zip(self.confidence, self.accuracy, strict=True)]

    @property
    def noticed(self) -> float | None:
        """The share of the fall in accuracy that confidence followed; None where it hardly fell."""
        fell = self.accuracy[0] - self.accuracy[-1]
        return (self.confidence[0] - self.confidence[-1]) / fell if fell >= LEAST_FALL else None


class Degradation(Record):
    """The course of every method under every degradation."""

    recordings: list[str]
    condition: str
    methods: list[str]
    curves: list[Curve]


def degrade(context: DemoContext) -> Outcome:
    """Score the model and other methods on ever worse copies of clean held-out recordings."""
    settings, clean = context.settings, _clean(context)
    fitted = [name for name in SHOWN if (context.folder / FOLDER / name).is_dir()]
    models = {context.model.name: context.model}
    models |= {name: context.load(f"{FOLDER}/{name}") for name in fitted}
    rows: dict[tuple[str, str], list[dict[str, float]]] = {}
    with context.watch.bar("degrading") as update:
        total = len(settings.degradations) * len(settings.severities)
        for kind in settings.degradations:
            for severity in settings.severities:
                copies = twins(clean, kind, severity, seed=settings.seed)
                for name, model in models.items():
                    found = evaluate(model, copies, draws=settings.draws).frames
                    rows.setdefault((kind, name), []).append(quick_scores(found))
                update(sum(map(len, rows.values())) // len(models), total)
    curves = [_curve(kind, name, settings.severities, row) for (kind, name), row in rows.items()]
    context.draw("degradation", degradation_figure(curves))
    facts = Degradation(
        recordings=list(clean.ids),
        condition=clean[0].condition,
        methods=list(models),
        curves=curves,
    )
    own = [c for c in curves if c.method == context.model.name]
    falls = [f"{c.degradation} {c.accuracy[0]:.2f} to {c.accuracy[-1]:.2f}" for c in own]
    return Outcome(facts, f"accuracy from severity 0 to the worst: {', '.join(falls)}")


def quick_scores(statistics: FrameStatistics) -> dict[str, float]:
    """Accuracy, mean confidence and ECE of all recordings together."""
    scores = statistics.quick_metrics_of(np.ones((1, len(statistics))))
    return {
        "accuracy": float(scores["accuracy"][0]),
        "confidence": float(statistics.top_confidence.sum() / statistics.frames.sum()),
        "ece": float(scores["ece"][0]),
    }


def _clean(context: DemoContext) -> Dataset:
    """The held-out recordings to degrade, of the first condition where there are any."""
    clean, first = context.held_out, context.conditions[0]
    if any(r.condition == first for r in clean):
        clean = clean.where(lambda r: r.condition == first)
    return clean.pick(clean.ids[: context.settings.degraded])


def _curve(
    kind: str, method: str, severities: Sequence[int], rows: Sequence[dict[str, float]]
) -> Curve:
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return Curve(degradation=kind, method=method, severity=list(severities), **columns)
