"""Accuracy by the distance from a note boundary: known distances and shares."""

from __future__ import annotations

import numpy as np
import pytest

import bayes_a2m as a2m
from bayes_a2m.errors import InputError
from bayes_a2m.reporting.boundaries import boundary_curve, distances


def test_distances_are_to_the_nearest_change_in_either_direction() -> None:
    labels = np.array([0, 0, 0, 1, 1, 2])
    frames = distances(labels, a2m.FrameGrid()) / a2m.FrameGrid().hop_seconds
    assert frames == pytest.approx([2.5, 1.5, 0.5, 0.5, 0.5, 0.5])
    assert np.isinf(distances(np.zeros(4, dtype=np.int64), a2m.FrameGrid())).all()


def test_accuracy_and_confidence_of_each_group_are_those_counted_by_hand() -> None:
    truth = np.repeat([0, 1], 100)
    probs = np.full((200, 2), 0.1)
    probs[np.arange(200), truth] = 0.9
    probs[96:100] = [0.4, 0.6]  # wrong where a note is about to begin
    constant = np.zeros(200, dtype=np.int64)  # has no boundary, so does not count
    post = a2m.FramePosterior.from_probs([probs, probs, probs], vocabulary=a2m.Vocabulary((60,)))
    curve = boundary_curve(post, [truth, truth, constant], edges=(0.0, 0.024, 0.3))
    assert curve.frames.tolist() == [16, 2 * 92, 2 * 100]
    assert curve.accuracy[0].value == pytest.approx(0.5)
    assert curve.confidence[0].value == pytest.approx(0.75)
    assert curve.accuracy[1].value == 1.0
    assert curve.recordings == 2
    assert curve.frames.sum() == 400


def test_without_any_change_there_is_nothing_to_draw() -> None:
    post = a2m.FramePosterior.from_probs([[[0.9, 0.1]]], vocabulary=a2m.Vocabulary((60,)))
    with pytest.raises(InputError, match="no label ever changes"):
        boundary_curve(post, [np.zeros(1, dtype=np.int64)])
