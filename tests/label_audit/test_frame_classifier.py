"""A listener without context cannot learn a lag."""

from __future__ import annotations

import numpy as np
import pytest

from bayes_a2m.errors import InputError
from bayes_a2m.label_audit.frame_classifier import (
    FrameClassifier,
    classify_out_of_fold,
    clear_frames,
    distance_to_change,
)
from bayes_a2m.label_audit.lag import lag_profiles, pooled_lag, shifted
from tests.label_audit.labels import GRID, melody


def sounds(labels: list[np.ndarray], room: float, generator: np.random.Generator) -> list:
    """Features of each frame: its class, the room (which a listener can tell), and noise."""
    made = []
    for y in labels:
        x = generator.normal(0, 0.4, (y.size, 12))
        x[np.arange(y.size), y] += 3.0
        x[:, 8:] += room
        made.append(x.astype(np.float32))
    return made


def test_a_lag_of_one_room_is_heard_though_the_room_is_too() -> None:
    generator = np.random.default_rng(0)
    truths = [melody(generator) for _ in range(20)]
    rooms = [0] * 10 + [1] * 10
    features = sounds(truths[:10], 0.0, generator) + sounds(truths[10:], 5.0, generator)
    # the second room's labels come 10 frames too late
    labels = truths[:10] + [shifted(y, 10) for y in truths[10:]]
    folds = np.arange(20) % 4
    frame_log_probs = classify_out_of_fold(
        features.__getitem__, labels, folds, classes=4, frame_rate=GRID.frame_rate
    )
    profiles = lag_profiles(frame_log_probs, labels, GRID)
    found = [pooled_lag(profiles, np.array(rooms) == room, resamples=50).value for room in (0, 1)]
    assert found == pytest.approx([0.0, -0.06], abs=0.004)


def test_probabilities_are_those_of_the_frame_alone() -> None:
    generator = np.random.default_rng(1)
    labels = [melody(generator) for _ in range(6)]
    features = sounds(labels, 0.0, generator)
    rows = [
        clear_frames(x, y, frame_rate=GRID.frame_rate, most=500, generator=generator)
        for x, y in zip(features, labels, strict=True)
    ]
    classifier = FrameClassifier.fit(
        np.concatenate([x for x, _ in rows]), np.concatenate([y for _, y in rows]), classes=4
    )
    frame_log_probs = classifier.log_probs(features[0])
    order = generator.permutation(666)
    np.testing.assert_allclose(
        classifier.log_probs(features[0][order]), frame_log_probs[order], atol=1e-5
    )
    np.testing.assert_allclose(np.exp(frame_log_probs).sum(axis=1), 1)
    assert (frame_log_probs.argmax(axis=1) == labels[0]).mean() > 0.99


def test_clear_frames_lie_far_from_changes_and_every_class_has_some() -> None:
    generator = np.random.default_rng(2)
    labels = np.repeat([0, 1, 0, 2], [100, 100, 100, 10])  # the last note is too short
    features = np.arange(310, dtype=np.float32)[:, None]
    x, y = clear_frames(features, labels, frame_rate=GRID.frame_rate, most=999, generator=generator)
    rows = x[:, 0].astype(int)
    far = distance_to_change(labels)[rows] > 0.15 * GRID.frame_rate
    assert far[y != 2].all()
    assert set(y) == {0, 1, 2}
    few, _ = clear_frames(features, labels, frame_rate=100.0, most=7, generator=generator)
    assert few.shape == (7, 1)


def test_a_class_that_never_occurs_is_never_likely() -> None:
    generator = np.random.default_rng(3)
    x = generator.normal(size=(50, 3)).astype(np.float32)
    classifier = FrameClassifier.fit(x, np.arange(50) % 2, classes=4)
    assert np.exp(classifier.log_probs(x))[:, 2:].max() < 0.002


def test_one_class_has_no_changes_to_hear() -> None:
    with pytest.raises(InputError, match="one class only"):
        FrameClassifier.fit(np.zeros((5, 2), np.float32), np.zeros(5, dtype=np.int64), classes=4)
