"""A score is one record: what ships, and a score of another package from end to end."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from pathlib import Path

import numpy as np
import pytest

from bayes_a2m import registry
from bayes_a2m.comparison.compare import compare
from bayes_a2m.comparison.model_counts import Scored
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.decoding.decoder import Decoder
from bayes_a2m.errors import InputError
from bayes_a2m.evaluation import Evaluation, evaluate_chunks, results_of
from bayes_a2m.metrics.metric import SHIPPED, Metric, headline, metric_named
from bayes_a2m.music import Note, Vocabulary
from bayes_a2m.prediction.posterior import FramePosterior

ONE = Vocabulary((60,))


def right_and_all(posterior: FramePosterior, labels: np.ndarray) -> list[float]:
    """Frames rightly predicted, frames, and the number of recordings seen at once."""
    right = posterior.of(0).argmax(axis=1) == labels
    assert len(posterior.ids) == 1
    return [right.sum(), right.size, 1]


SHARE = Metric(
    "share_right",
    "share right",
    lambda sums: sums[0] / sums[1],
    "higher",
    family="recording",
    statistics=right_and_all,
)


@pytest.fixture
def share() -> Iterator[Metric]:
    registry.register(SHARE)
    yield SHARE
    registry.forget(SHARE)


def evaluation(right: list[float], name: str = "m") -> Evaluation:
    """Recordings of 0.5 s in which so large a share of the frames is rightly predicted."""
    recordings, probs = [], []
    for i, part in enumerate(right):
        samples = np.random.default_rng(i).normal(size=8000).astype(np.float32)
        notes = (Note(0.0, 0.5, 60),)
        recordings.append(Recording(f"{i:03d}", samples=samples, sample_rate=16000, notes=notes))
        frames = 8000 // 96
        sure = np.arange(frames) < round(part * frames)
        probs.append(np.stack([np.where(sure, 0.2, 0.9), np.where(sure, 0.8, 0.1)], axis=1))
    posterior = FramePosterior.from_probs(probs, ids=[r.id for r in recordings], vocabulary=ONE)
    decoder = Decoder.from_labels([np.array([0, 1, 0])], 2)
    return evaluate_chunks([(recordings, posterior)], decoder, total=len(recordings))


def test_every_score_that_ships_has_a_name_of_its_own_in_its_family() -> None:
    known = [(metric.family, metric.name) for metric in SHIPPED]
    assert len(set(known)) == len(known)
    assert metric_named("nll").range == (0, inf)
    assert metric_named("classwise_ece", "class").label == "calibration error"
    assert metric_named("brier_resolution").better == "higher"


def test_an_unknown_score_is_an_error_and_not_lower_is_better() -> None:
    with pytest.raises(InputError, match=r"'acuracy' \(did you mean 'accuracy'\?\)"):
        metric_named("acuracy")
    with pytest.raises(InputError, match="no metric called 'precision'"):
        metric_named("precision", "frames")


def test_a_metric_with_its_own_sums_is_evaluated_like_one_that_ships(share: Metric) -> None:
    assert share in headline()
    results = results_of(evaluation([0.5, 0.9, 0.8, 0.7]), resamples=200)
    own, shipped = results.metrics["share_right"], results.metrics["accuracy"]
    assert own is not None
    assert shipped is not None
    assert own.value == pytest.approx(shipped.value)
    assert (own.low, own.high) == pytest.approx((shipped.low, shipped.high))
    assert results.near_boundary["share_right"] is None
    assert list(results.to_dict()["metrics"])[-1] == "share_right"


def test_it_is_compared_in_its_direction_and_kept_in_files(share: Metric, tmp_path: Path) -> None:
    better, worse = (Scored.of(evaluation(r)) for r in ([0.9, 0.8, 0.9], [0.5, 0.5, 0.4]))
    better.save(tmp_path / "better.npz")
    found = compare([Scored.load(tmp_path / "better.npz")], [worse], resamples=200)
    gap, accuracy = found.metrics["share_right"], found.metrics["accuracy"]
    assert gap.better == "higher"
    assert gap.difference == pytest.approx(accuracy.difference)
    assert gap.low == pytest.approx(accuracy.low)
    assert gap.probability_better is not None
    assert gap.probability_better > 0.9


def test_a_side_that_lacks_it_is_compared_without(share: Metric) -> None:
    registry.forget(SHARE)
    without = Scored.of(evaluation([0.5, 0.4]))
    registry.register(SHARE)
    found = compare([Scored.of(evaluation([0.9, 0.8]))], [without], resamples=50)
    assert "share_right" not in found.metrics
    assert "accuracy" in found.metrics


def test_a_name_that_ships_and_sums_that_are_none_are_refused() -> None:
    nll = Metric("nll", "mine", SHARE.kernel, "lower", family="recording", statistics=right_and_all)
    registry.register(nll)
    try:
        with pytest.raises(InputError, match="'nll' ships with bayes_a2m"):
            headline()
    finally:
        registry.forget(nll)
    broken = Metric(
        "broken", "b", SHARE.kernel, "lower", family="recording", statistics=lambda p, y: [[np.nan]]
    )
    registry.register(broken)
    try:
        with pytest.raises(InputError, match="broken: statistics must be a vector"):
            evaluation([0.5])
    finally:
        registry.forget(broken)
    with pytest.raises(InputError, match="go with family 'recording'"):
        Metric("x", "x", None, "lower", statistics=right_and_all)
