"""The worst that there is to say of a model is that of its numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bayes_a2m.datasets import Dataset
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from bayes_a2m.posteriors.point import Point
from bayes_a2m.reporting.report.entry import ReportEntry, of_model
from bayes_a2m.reporting.report.weakness import weaknesses


@pytest.fixture(scope="module")
def entry(tiny_point: Point, tiny_data: Dataset) -> ReportEntry:
    data = tiny_data.split("validation")
    return of_model("tiny", tiny_point, data, draws=1, resamples=50, accept_error=0.05)


def told(entry: ReportEntry) -> dict[str, str]:
    return {one.label: one.text for one in weaknesses(entry)}


def test_boundaries_have_their_own_scores(entry: ReportEntry) -> None:
    near = entry.metrics.near_boundary["accuracy"]
    assert near is not None
    assert near.value is not None
    assert f"accuracy is {100 * near.value:.1f}\xa0%" in told(entry)["Near boundaries"]


def test_few_recordings_make_no_subgroup(entry: ReportEntry) -> None:
    assert len(entry.evaluation.ids) < 5
    assert "Worst subgroup" not in told(entry)


def test_confident_errors_are_named_the_longest_first(entry: ReportEntry) -> None:
    # four recordings at a confidence of 0.99: one all right, the others wrong for so many frames
    def wrong(frames: int) -> FrameStatistics:
        law = np.tile([0.99, 0.01, 0.0, 0.0], (100, 1))
        return FrameStatistics.of(law, [1] * frames + [0] * (100 - frames))

    frames = FrameStatistics.stack([wrong(n) for n in (0, 50, 10, 100)])
    seen = replace(entry, evaluation=replace(entry.evaluation, frames=frames))
    first, second, third, fourth = entry.evaluation.ids
    text = told(seen)["Confident errors"]
    assert f"{fourth} (0.6 s), {second} (0.3 s)" in text
    assert first not in text.split("audit")[0].split(":")[1]
    assert third not in text.split(":")[1]  # 0.06 s are too short to be named


def test_shared_takes_are_told(entry: ReportEntry) -> None:
    takes = ("a", "a", "b", "")
    seen = replace(entry.evaluation, takes=takes, seen_takes=("a",))
    assert (
        "2 recordings are of takes it trained on"
        in told(replace(entry, evaluation=seen))["Shared takes"]
    )
    assert "Shared takes" not in told(entry)
