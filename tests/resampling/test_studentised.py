"""The bootstrap-t holds the truth as often as it says, also where recordings are few and skewed."""

from __future__ import annotations

import numpy as np
import pytest

from bayes_a2m.errors import InputError
from bayes_a2m.resampling.bootstrap import intervals, resample_weights
from bayes_a2m.resampling.studentised import studentised_ratio


def skewed(recordings: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Errors of recordings most of which have few, at a rate of 0.1, and their frames."""
    frames = generator.integers(20, 200, size=recordings).astype(float)
    rates = generator.beta(0.5, 4.5, size=recordings)
    return generator.binomial(frames.astype(int), rates).astype(float), frames


def test_coverage_where_the_percentile_interval_is_too_short() -> None:
    generator = np.random.default_rng(0)
    studentised = percentile = 0
    trials = 400
    for _ in range(trials):
        errors, frames = skewed(20, generator)
        ours = studentised_ratio(errors, frames, generator=generator, resamples=400)
        studentised += ours.low <= 0.1 <= ours.high
        weights = resample_weights(20, 400, generator)
        theirs = intervals(lambda w: {"rate": (w @ errors) / (w @ frames)}, weights)["rate"]  # noqa: B023
        percentile += theirs.low <= 0.1 <= theirs.high
    assert 0.91 <= studentised / trials <= 0.985
    assert percentile / trials < 0.91


def test_a_mean_of_equal_recordings_is_students_interval_nearly() -> None:
    generator = np.random.default_rng(1)
    values = generator.normal(size=200)
    interval = studentised_ratio(values, np.ones(200), generator=generator, resamples=20_000)
    error = values.std(ddof=1) / np.sqrt(200)
    assert interval.value == pytest.approx(values.mean())
    assert interval.low == pytest.approx(values.mean() - 1.972 * error, abs=0.1 * error)
    assert interval.high == pytest.approx(values.mean() + 1.972 * error, abs=0.1 * error)


def test_recordings_that_say_nothing_are_left_out() -> None:
    d, n = np.array([1.0, 2, 0, 4, 3]), np.array([10.0, 10, 10, 10, 10])
    plain = studentised_ratio(d, n, generator=np.random.default_rng(2))
    padded = studentised_ratio(
        np.append(d, [0, 0]), np.append(n, [0, 0]), generator=np.random.default_rng(2)
    )
    assert padded == plain


def test_edges() -> None:
    generator = np.random.default_rng(3)
    assert studentised_ratio([], [], generator=generator).value is None
    assert studentised_ratio([1, 2], [4, 4], generator=generator).low is None
    same = studentised_ratio([1, 1, 1, 1], [4, 4, 4, 4], generator=generator)
    assert (same.low, same.value, same.high) == (0.25, 0.25, 0.25)
    with pytest.raises(InputError, match="one numerator and one denominator"):
        studentised_ratio([1, 2], [1], generator=generator)
