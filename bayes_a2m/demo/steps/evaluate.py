"""How good the model is on recordings it never met, and how honest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_a2m.demo.context import Outcome, Stage
from bayes_a2m.evaluation import evaluate as evaluate_model
from bayes_a2m.files import write_json
from bayes_a2m.metrics.inputs import Floats
from bayes_a2m.metrics.kernels import ratio
from bayes_a2m.reporting import style
from bayes_a2m.reporting.confusion import confusion_figure
from bayes_a2m.reporting.reliability import reliability_figure, shares
from bayes_a2m.resampling.bootstrap import intervals, resample_weights

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from bayes_a2m.metrics.sufficient_statistics import FrameStatistics

SCORES = ("accuracy", "macro_f1", "nll", "ece", "note_onset_f1_100ms")
"""What the table by condition shows."""

BAND = (0.6, 0.8)
"""The confidences by which the page explains calibration."""


def evaluate(stage: Stage) -> Outcome:
    """Score the model on the held-out recordings; draw confusion and reliability."""
    settings = stage.settings
    with stage.watch.bar("predicting") as update:
        evaluation = evaluate_model(stage.model, stage.held_out, progress=update)
    metrics = evaluation.to_dict(resamples=settings.resamples, seed=settings.seed)
    write_json(stage.folder / "metrics.json", metrics)
    names = stage.model.vocabulary.names
    _save(stage, "confusion", confusion_figure(metrics["confusion"], names))
    _save(
        stage,
        "reliability",
        reliability_figure(evaluation.frames),
    )
    present = [name for name in stage.conditions if name in metrics["per_condition"]]
    facts: dict[str, Any] = {
        "recordings": metrics["recordings"],
        "frames": metrics["frames"],
        "all": _chosen(metrics["metrics"]),
        "conditions": {name: _chosen(metrics["per_condition"][name]) for name in present},
        "counts": {name: evaluation.conditions.count(name) for name in present},
        "near": _chosen(metrics["near_boundary"]),
        "away": _chosen(metrics["away_from_boundary"]),
        "classes": {
            name: {key: values[key] for key in ("precision", "recall")}
            for name, values in metrics["per_class"].items()
        },
        "mistake": most_common_mistake(metrics["confusion"], names),
        "confusion": metrics["confusion"],
        "reliability": reliability(evaluation.frames),
        "band": band(evaluation.frames, settings.resamples, settings.seed),
        "gap": gap(evaluation.frames, settings.resamples, settings.seed),
    }
    accuracy = metrics["metrics"]["accuracy"]["value"]
    ece = metrics["metrics"]["ece"]["value"]
    words = f"{metrics['recordings']} held-out recordings: accuracy {accuracy:.3f}, ECE {ece:.3f}"
    return Outcome(facts, words)


def degrade(stage: Stage) -> Outcome:
    """Score the model on ever worse twins of clean held-out recordings."""
    from bayes_a2m.datasets.conditions import twins
    from bayes_a2m.demo.degradation_figure import degradation_figure

    settings = stage.settings
    clean = stage.held_out.where(lambda r: r.condition == stage.conditions[0])
    if not len(clean):
        clean = stage.held_out
    clean = clean.pick(clean.ids[: settings.degraded])
    work = [(name, severity) for name in settings.degradations for severity in settings.severities]
    courses: dict[str, dict[str, list[float]]] = {}
    with stage.watch.bar("degrading") as update:
        for done, (name, severity) in enumerate(work, start=1):
            twin = twins(clean, name, severity, seed=settings.seed)
            point = course_point(evaluate_model(stage.model, twin).frames)
            course = courses.setdefault(name, {"severity": []})
            course["severity"].append(severity)
            for key, value in point.items():
                course.setdefault(key, []).append(value)
            update(done, len(work))
    _save(stage, "degradation", degradation_figure(courses))
    facts = {
        "recordings": list(clean.ids),
        "condition": clean[0].condition,
        "courses": courses,
        "verdicts": {name: verdict(course) for name, course in courses.items()},
    }
    falls = [f"{k} {c['accuracy'][0]:.2f} to {c['accuracy'][-1]:.2f}" for k, c in courses.items()]
    return Outcome(facts, f"accuracy from severity 0 to the worst: {', '.join(falls)}")


def course_point(counts: FrameStatistics) -> dict[str, float]:
    """Accuracy, mean confidence and ECE of all recordings together."""
    scores = counts.metrics_of(np.ones((1, len(counts))))
    confidence = counts.top_confidence.sum() / counts.frames.sum()
    return {
        "accuracy": float(scores["accuracy"][0]),
        "confidence": float(confidence),
        "ece": float(scores["ece"][0]),
    }


def verdict(course: dict[str, list[float]]) -> dict[str, float | None]:
    """From the first severity to the last: how far accuracy and confidence fell, and the gap.

    ``noticed`` is the share of the fall in accuracy that the confidence went along with; None
    where accuracy fell by less than two points, for then there is little to notice.
    """
    fell = course["accuracy"][0] - course["accuracy"][-1]
    doubted = course["confidence"][0] - course["confidence"][-1]
    return {
        "accuracy_fell": fell,
        "confidence_fell": doubted,
        "gap_first": course["confidence"][0] - course["accuracy"][0],
        "gap_last": course["confidence"][-1] - course["accuracy"][-1],
        "noticed": doubted / fell if fell >= 0.02 else None,
    }


def reliability(counts: FrameStatistics) -> list[dict[str, float | None]]:
    """Frames, mean confidence and share right of every bin, the lowest confidence first."""
    return [
        {
            "frames": float(frames),
            "confidence": None if frames == 0 else float(stated),
            "right": None if frames == 0 else float(right),
        }
        for frames, stated, right in zip(*shares(counts), strict=True)
    ]


def band(counts: FrameStatistics, resamples: int, seed: int) -> dict[str, Any]:
    """The frames whose confidence is in :data:`BAND`: how many, what was stated, what was right.

    Also ``gap``, what was stated less what was right, with its interval.
    """
    bins = counts.top_count.shape[1]
    first, last = (round(edge * bins) for edge in BAND)
    frames = float(counts.top_count[:, first:last].sum())
    stated = float(counts.top_confidence[:, first:last].sum())
    right = float(counts.top_right[:, first:last].sum())
    return {
        "low": first / bins,
        "high": last / bins,
        "frames": frames,
        "stated": stated / frames if frames else None,
        "right": right / frames if frames else None,
        "gap": gap(counts, resamples, seed, slice(first, last)),
    }


def gap(
    counts: FrameStatistics, resamples: int, seed: int, bins: slice = slice(None)
) -> dict[str, float | None]:
    """Mean confidence less accuracy of some bins, with its interval: above zero is too sure."""

    def of(weights: Floats) -> dict[str, Floats]:
        lead = (counts.top_confidence - counts.top_right)[:, bins].sum(axis=1)
        return {"gap": ratio(weights @ lead, weights @ counts.top_count[:, bins].sum(axis=1))}

    weights = resample_weights(len(counts), resamples, np.random.default_rng(seed))
    return dict(vars(intervals(of, weights)["gap"]))


def most_common_mistake(
    confusion: list[list[int]], names: tuple[str, ...]
) -> dict[str, Any] | None:
    """The largest cell off the diagonal; None where there is no mistake.

    >>> most_common_mistake([[5, 1], [3, 9]], ("silence", "C4"))
    {'truth': 'C4', 'called': 'silence', 'frames': 3, 'share_of_mistakes': 0.75}
    """
    wrong = np.array(confusion)
    np.fill_diagonal(wrong, 0)
    if not wrong.any():
        return None
    truth, called = np.unravel_index(int(wrong.argmax()), wrong.shape)
    return {
        "truth": names[truth],
        "called": names[called],
        "frames": int(wrong.max()),
        "share_of_mistakes": float(wrong.max() / wrong.sum()),
    }


def _chosen(scores: dict[str, Any]) -> dict[str, Any]:
    return {name: scores[name] for name in SCORES}


def _save(stage: Stage, name: str, figure: Figure) -> None:
    for ending in ("png", "svg"):
        style.save(figure, stage.folder / f"figures/{name}.{ending}")
