"""YIN's difference by its sum, pYIN's probabilities by trying every threshold."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta

from bayes_a2m.baselines.yin import ABSOLUTE, STRENGTH, candidates, difference
from bayes_a2m.errors import InputError
from tests.baselines.small import harmonics


def test_the_difference_is_its_definition() -> None:
    frames = np.random.default_rng(0).standard_normal((2, 60))
    longest, width = 20, 40
    squares = np.array(
        [
            [np.sum((x[:width] - x[lag : lag + width]) ** 2) for lag in range(longest + 1)]
            for x in frames
        ]
    )
    wanted = np.ones_like(squares)
    for lag in range(1, longest + 1):
        wanted[:, lag] = squares[:, lag] / squares[:, 1 : lag + 1].mean(axis=1)
    np.testing.assert_allclose(difference(frames, longest), wanted, atol=1e-9)


def test_digital_silence_has_no_dip() -> None:
    np.testing.assert_array_equal(difference(np.zeros((1, 64)), 30), np.ones((1, 31)))
    with pytest.raises(InputError, match="too short"):
        difference(np.zeros((1, 64)), 33)


@pytest.mark.parametrize("threshold", [0.05, 0.1, 0.2])
def test_probabilities_are_those_of_trying_every_threshold(threshold: float) -> None:
    """For each of many thresholds YIN takes its first dip below; each is as likely as the prior."""
    noise = np.random.default_rng(0).standard_normal((10, 512))
    tone = harmonics(220.0, 512 / 16000, 16000)
    normal = difference(tone + 0.05 * noise * np.arange(10)[:, None] / 2.5, 250)
    found = candidates(normal, threshold, 30, 16000)
    edges = np.linspace(0, 1, 20001)
    prior = beta(STRENGTH * threshold, STRENGTH * (1 - threshold))
    mass = np.diff(prior.cdf(edges))
    for frame in range(10):
        d = normal[frame]
        lags = [i for i in range(30, len(d) - 1) if d[i] < d[i - 1] and d[i] <= d[i + 1]]
        wanted = np.zeros(len(d))
        for threshold_tried, weight in zip((edges[1:] + edges[:-1]) / 2, mass, strict=True):
            below = [i for i in lags if d[i] < threshold_tried]
            if below:
                wanted[below[0]] += weight
            elif lags:
                wanted[min(lags, key=lambda i: d[i])] += ABSOLUTE * weight
        ours = found.frame == frame
        lag = np.round(16000 / found.hertz[ours]).astype(int)
        total = np.zeros(len(d))
        for place, probability in zip(lag, found.probability[ours], strict=True):
            # a parabola moves a dip by half a sample at the most
            near = min(lags, key=lambda i: abs(i - place))
            total[near] += probability
        np.testing.assert_allclose(total, wanted, atol=1e-3)


def test_a_tone_has_one_candidate_at_its_pitch() -> None:
    frames = harmonics(196.0, 2048 / 16000, 16000)[None]
    found = candidates(difference(frames, 300), 0.1, 30, 16000)
    assert 1200 * abs(np.log2(found.hertz[0] / 196.0)) < 5
    assert found.probability[0] > 0.95
    assert found.probability.sum() <= 1 + 1e-9
