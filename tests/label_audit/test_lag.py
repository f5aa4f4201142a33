"""The lag between labels and sound, on labels whose lag is known."""

from __future__ import annotations

import numpy as np
import pytest

from bayes_a2m.errors import InputError
from bayes_a2m.label_audit.lag import (
    LagProfiles,
    LagSpread,
    changes_of,
    fit_spread,
    lag_of_recording,
    lag_profiles,
    pooled_lag,
    recording_lags,
    shifted,
)
from tests.label_audit.labels import GRID, log_probs, melody, moved


def heard_with(lag: float, recordings: int, generator: np.random.Generator, scatter: float = 0.03):
    labels = [melody(generator) for _ in range(recordings)]
    frame_log_probs = [log_probs(moved(y, lag, generator, scatter), generator) for y in labels]
    return frame_log_probs, labels


@pytest.mark.parametrize("lag", [-0.12, -0.042, 0.0, 0.03, 0.15])
def test_the_lag_of_a_set_is_recovered_within_ten_milliseconds(lag: float) -> None:
    frame_log_probs, labels = heard_with(lag, 30, np.random.default_rng(1))
    found = pooled_lag(
        lag_profiles(frame_log_probs, labels, GRID), np.ones(30, dtype=bool), resamples=300
    )
    assert found.value == pytest.approx(lag, abs=0.01)
    assert found.low is not None
    assert found.high is not None
    assert found.low - 0.003 <= lag <= found.high + 0.003
    assert found.high - found.low < 0.03


def test_positive_means_that_the_sound_comes_after_the_label() -> None:
    labels = np.repeat([0, 1, 0], [100, 100, 100])
    sound = np.repeat([0, 1, 0], [110, 100, 90])
    frame_log_probs = np.log(np.full((300, 2), 0.05))
    frame_log_probs[np.arange(300), sound] = np.log(0.95)
    changes = changes_of([frame_log_probs], [labels], GRID)
    assert [c.kind for c in changes] == ["onset", "offset"]
    assert [c.lag for c in changes] == pytest.approx([0.06, 0.06])
    np.testing.assert_array_equal(shifted(labels, 10), sound)


def test_a_parabola_finds_the_peak_between_two_frames() -> None:
    seconds = np.arange(-3, 4) * 0.006
    profiles = LagProfiles(seconds, -((seconds - 0.0045) ** 2)[None] * 1e4)
    assert profiles.lag_of(np.ones((1, 1)))["lag"][0] == pytest.approx(0.0045)


def test_intervals_of_a_set_come_from_recordings() -> None:
    """Lags that differ by recording: the interval holds the mean as often as it should."""
    generator = np.random.default_rng(3)
    covered = 0
    for _ in range(60):
        frame_log_probs, labels = [], []
        for _ in range(25):
            y = melody(generator, 400)
            sound = moved(y, 0.03 + 0.03 * generator.standard_normal(), generator, 0.02)
            frame_log_probs.append(log_probs(sound, generator))
            labels.append(y)
        found = pooled_lag(
            lag_profiles(frame_log_probs, labels, GRID), np.ones(25, bool), resamples=200
        )
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 0.03 <= found.high
    assert covered >= 50  # 57 expected of 60, standard deviation 1.7; frames would give far fewer


def test_intervals_of_recordings_hold_their_lags() -> None:
    generator = np.random.default_rng(4)
    covered, alone, count = 0, 0, 0
    for _ in range(12):
        truth = 0.02 + 0.025 * generator.standard_normal(40)
        lags = [t + 0.04 * generator.standard_normal(generator.integers(1, 8)) for t in truth]
        spread = fit_spread(lags)
        for t, own in zip(truth, lags, strict=True):
            found = lag_of_recording(own, spread)
            covered += found.low <= t <= found.high
            alone += abs(own.mean() - t) <= 1.96 * own.std() / np.sqrt(own.size)
            count += 1
    assert 0.91 <= covered / count <= 0.99
    assert alone / count < 0.85  # each recording by itself promises too much


def test_spreads_are_found_and_wrong_labels_do_not_move_them() -> None:
    generator = np.random.default_rng(5)
    truth = 0.02 + 0.02 * generator.standard_normal(200)
    lags = [t + 0.04 * generator.standard_normal(6) for t in truth]
    for own in lags[::2]:
        own[0] = generator.uniform(-0.3, 0.3)
    found = fit_spread(lags)
    assert found.mean == pytest.approx(0.02, abs=0.006)
    assert found.between == pytest.approx(0.02, abs=0.008)
    assert found.within == pytest.approx(0.04, abs=0.008)


def test_few_recordings_that_agree_do_not_get_a_point_for_an_interval() -> None:
    generator = np.random.default_rng(6)
    lags = [0.05 * generator.standard_normal(4) for _ in range(6)]
    assert fit_spread(lags).between > 0.004


def test_a_recording_without_changes_gets_the_lag_of_its_condition() -> None:
    frame_log_probs, labels = heard_with(0.06, 12, np.random.default_rng(7))
    labels.append(np.zeros(666, dtype=np.int64))
    frame_log_probs.append(log_probs(labels[-1], np.random.default_rng(8)))
    lags, spreads = recording_lags(changes_of(frame_log_probs, labels, GRID), ["a"] * 13)
    assert lags[-1].changes == 0
    assert lags[-1].value == pytest.approx(spreads["a"].mean, abs=1e-3)
    assert lags[-1].high - lags[-1].low > lags[0].high - lags[0].low


def test_silent_sets_have_no_lag() -> None:
    labels = [np.zeros(300, dtype=np.int64)] * 3
    frame_log_probs = [np.log(np.full((300, 4), 0.25))] * 3
    assert (
        pooled_lag(lag_profiles(frame_log_probs, labels, GRID), np.ones(3, dtype=bool)).value
        is None
    )
    with pytest.raises(InputError, match="no change could be measured"):
        recording_lags(changes_of(frame_log_probs, labels, GRID), [""] * 3)


def test_what_does_not_go_together_is_refused() -> None:
    with pytest.raises(InputError, match="1 recordings heard, 0 labelled"):
        lag_profiles([np.zeros((5, 2))], [], GRID)
    with pytest.raises(InputError, match="5 frames heard, 4 labelled"):
        lag_profiles([np.zeros((5, 2))], [np.zeros(4, dtype=np.int64)], GRID)


def test_more_changes_make_a_recording_surer() -> None:
    spread = LagSpread(0.0, 0.03, 0.04)
    few, many = (lag_of_recording(np.full(n, 0.05), spread) for n in (1, 20))
    assert few.value < many.value < 0.05
    assert many.high - many.low < few.high - few.low
