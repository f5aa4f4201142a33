"""Every figure of the report from a posterior and its labels, each with its caption.

    post = model.predict(test)
    labels = test.labels_on(post.grid)
    drawn = figures.reliability(post, labels)
    drawn.save("reliability.svg")
    print(drawn.caption)

``labels`` are one array ``(frames,)`` of classes for every recording of the posterior, any model's:
``FramePosterior.from_probs`` wraps somebody else's probabilities.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bayes_a2m.calibration.selective import AcceptStatistics, accept
from bayes_a2m.diagnostics.ecdf import ecdfs_of
from bayes_a2m.errors import InputError
from bayes_a2m.metrics.inputs import Ints
from bayes_a2m.metrics.slices import by_boundary, by_run_length, slice_statistics
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from bayes_a2m.reporting import style
from bayes_a2m.resampling.bootstrap import intervals, intervals_by_class, resample_weights

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from bayes_a2m.audio.features import Spectrum
    from bayes_a2m.calibration.conformal import ConformalSets
    from bayes_a2m.music import Note
    from bayes_a2m.prediction.posterior import FramePredictive

RESAMPLES = 1000
"""The number of resamples of recordings, for every interval."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """A figure and the line that says what to see in it."""

    figure: Figure
    caption: str

    def save(self, path: str | Path) -> None:
        """Write PNG, SVG or PDF, whichever the path ends in."""
        style.save(self.figure, Path(path))


def counts_of(posterior: FramePredictive, labels: Sequence[Ints]) -> FrameStatistics:
    """The counts of every recording that most figures are drawn from.

    Raises
    ------
    InputError
        If there are not as many labelled as predicted recordings.
    """
    _check(posterior, labels)
    return FrameStatistics.stack(
        [FrameStatistics.of(posterior.of(i), y) for i, y in enumerate(labels)]
    )


def confusion(posterior: FramePredictive, labels: Sequence[Ints]) -> Drawn:
    """The confusion matrix."""
    from bayes_a2m.reporting.confusion import confusion_caption, confusion_figure

    table = counts_of(posterior, labels).confusion.sum(axis=0)
    names = posterior.vocabulary.names
    return Drawn(confusion_figure(table, names), confusion_caption(table, names))


def reliability(posterior: FramePredictive, labels: Sequence[Ints]) -> Drawn:
    """The reliability diagram of the predicted class: confidence and accuracy."""
    from bayes_a2m.reporting.reliability import reliability_caption, reliability_figure

    counts = counts_of(posterior, labels)
    return Drawn(reliability_figure(counts), reliability_caption(counts))


def class_reliability(
    posterior: FramePredictive, labels: Sequence[Ints], *, kind: str = "rest"
) -> Drawn:
    """The reliability diagrams of each class: against the ``rest``, or where it is ``called``."""
    from bayes_a2m.reporting.reliability import (
        class_reliability_caption,
        class_reliability_figure,
    )

    counts, names = counts_of(posterior, labels), posterior.vocabulary.names
    figure = class_reliability_figure(counts, names, kind=kind)
    return Drawn(figure, class_reliability_caption(counts, names, kind=kind))


def ecdf(
    posterior: FramePredictive,
    labels: Sequence[Ints],
    *,
    quantity: str = "confidence",
    by: str = "right",
    seed: int = 0,
) -> Drawn:
    """The distribution of confidence, variance, entropy or mutual information by group."""
    from bayes_a2m.reporting.ecdf import ecdf_caption, ecdf_figure

    generator = np.random.default_rng(seed)
    ecdfs = ecdfs_of(posterior, labels, quantity, by=by, generator=generator)
    figure = ecdf_figure(ecdfs, quantity=quantity, names=posterior.vocabulary.names)
    return Drawn(figure, ecdf_caption(ecdfs, quantity=quantity))


def boundaries(posterior: FramePredictive, labels: Sequence[Ints], *, seed: int = 0) -> Drawn:
    """Accuracy and mean confidence by the distance from a note boundary."""
    from bayes_a2m.reporting.boundaries import (
        boundaries_caption,
        boundaries_figure,
        boundary_curve,
    )

    _check(posterior, labels)
    curve = boundary_curve(posterior, labels, resamples=RESAMPLES, seed=seed)
    return Drawn(boundaries_figure(curve), boundaries_caption(curve))


def variance(posterior: FramePredictive, labels: Sequence[Ints], *, seed: int = 0) -> Drawn:
    """Predictive variance of every class in its two parts."""
    from bayes_a2m.reporting.variance import variance_caption, variance_figure, variance_parts

    rows = variance_parts(posterior, labels, resamples=RESAMPLES, seed=seed)
    return Drawn(variance_figure(rows), variance_caption(rows))


def entropy(posterior: FramePredictive, labels: Sequence[Ints], *, seed: int = 0) -> Drawn:
    """Entropy in its two parts."""
    from bayes_a2m.reporting.entropy import entropy_caption, entropy_figure, entropy_parts

    rows = entropy_parts(posterior, labels, resamples=RESAMPLES, seed=seed)
    return Drawn(entropy_figure(rows), entropy_caption(rows))


def risk_coverage(
    posterior: FramePredictive, labels: Sequence[Ints], *, error: float = 0.05
) -> Drawn:
    """Errors among accepted frames; marked is the threshold that these recordings would give."""
    from bayes_a2m.reporting.selective import risk_coverage_caption, risk_coverage_figure

    _check(posterior, labels)
    counts = AcceptStatistics.stack(
        [AcceptStatistics.of(posterior.of(i), y) for i, y in enumerate(labels)]
    )
    chosen = accept(counts, error, resamples=10)
    figure = risk_coverage_figure(counts, accept=chosen, resamples=RESAMPLES)
    return Drawn(figure, risk_coverage_caption(counts, accept=chosen))


def conformal(
    posterior: FramePredictive,
    labels: Sequence[Ints],
    sets: Sequence[ConformalSets],
    *,
    seed: int = 0,
) -> Drawn:
    """Coverage and size of conformal sets that were calibrated on other recordings."""
    from bayes_a2m.calibration.conformal import SetStatistics
    from bayes_a2m.evaluation.results import ClassSetScores, ConformalResults
    from bayes_a2m.reporting.conformal import conformal_caption, conformal_figure

    _check(posterior, labels)
    names = posterior.vocabulary.names
    weights = resample_weights(len(labels), RESAMPLES, np.random.default_rng(seed))
    results: list[ConformalResults] = []
    for of_level in sets:
        parts = [SetStatistics.of(of_level.sets(posterior.of(i)), y) for i, y in enumerate(labels)]
        counts = SetStatistics.stack(parts)
        by_class = intervals_by_class(counts.per_class_of, weights)
        results.append(
            ConformalResults(
                level=of_level.level,
                way=of_level.way,
                **intervals(counts.metrics_of, weights),
                per_class={
                    n: ClassSetScores(**own) for n, own in zip(names, by_class, strict=True)
                },
                per_condition={},
                warnings=list(of_level.warnings(names)),
            )
        )
    return Drawn(conformal_figure(results, names), conformal_caption(results, names))


def places(
    posterior: FramePredictive,
    labels: Sequence[Ints],
    *,
    conditions: Sequence[str] = (),
    seed: int = 0,
) -> Drawn:
    """Accuracy and ECE near and away from boundaries, by run length and by condition."""
    from bayes_a2m.reporting.places import places_caption, places_figure
    from bayes_a2m.resampling.score_table import ScoreTable

    whole = counts_of(posterior, labels)
    slices = {"all frames": whole}
    for divide in (by_boundary, by_run_length):
        masks = [divide(truth, posterior.grid) for truth in labels]
        slices |= slice_statistics(posterior, labels, masks.__getitem__)
    for name in dict.fromkeys(conditions):
        slices[name] = whole.select(np.array(conditions) == name)
    scores = {}
    for name, counts in slices.items():
        weights = resample_weights(len(counts), RESAMPLES, np.random.default_rng(seed))
        scores[name] = ScoreTable.of(intervals(counts.quick_metrics_of, weights))
    drawn = {"model": scores}
    return Drawn(places_figure(drawn), places_caption(drawn))


def roll(
    posterior: FramePredictive,
    labels: Sequence[Ints],
    spectrum: Spectrum,
    *,
    recording: int = 0,
    reference: Sequence[Note] | None = None,
) -> Drawn:
    """One recording: its spectrum, its reference in amber, and how likely each pitch is in blue."""
    from bayes_a2m.reporting.roll import roll_caption, roll_figure

    _check(posterior, labels)
    own = {"model": posterior}
    title = posterior.ids[recording]
    figure = roll_figure(own, recording, spectrum, reference, title=title)
    return Drawn(figure, roll_caption(own, recording, labels[recording]))


def _check(posterior: FramePredictive, labels: Sequence[Ints]) -> None:
    if len(labels) != len(posterior):
        raise InputError(f"labels of {len(labels)} recordings for {len(posterior)} predicted ones")
