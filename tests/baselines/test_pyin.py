"""pYIN's posterior against all paths, and its mass on tones."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from bayes_a2m.baselines.pyin import FASTEST, LEAST, PYIN, SWITCH, smoothed
from bayes_a2m.baselines.yin import Candidates
from bayes_a2m.datasets import Dataset, Recording
from bayes_a2m.music import Vocabulary
from tests.baselines.contract import BaselineContract
from tests.baselines.small import fitted, harmonics, speak


@pytest.fixture(scope="module")
def model(tiny_data: Dataset) -> PYIN:
    return fitted(PYIN(penalty=1e-4, context=1), tiny_data)


class TestPYIN(BaselineContract):
    covers = "pyin"


def test_forward_and_backward_give_the_sum_over_all_paths() -> None:
    """Three pitches, voiced or not, over four frames: 6**4 paths."""
    hertz, hop = 100.0 * 2.0 ** (np.arange(3) / 24), 0.006
    found = Candidates(
        np.array([0, 0, 1, 3, 3]), hertz[[0, 1, 2, 1, 2]], np.array([0.5, 0.2, 0.3, 0.1, 0.7])
    )
    heard = np.zeros((4, 3))
    heard[found.frame, [0, 1, 2, 1, 2]] = found.probability
    unheard = (1 - heard.sum(axis=1) + LEAST) / 3
    likelihood = np.hstack([heard + LEAST / 3, np.repeat(unheard[:, None], 3, axis=1)])
    reach = max(FASTEST * hop * 24, 1.0) + 1.0
    move = np.maximum(1 - np.abs(np.subtract.outer(np.arange(3), np.arange(3))) / reach, 0)
    move /= move.sum(axis=1, keepdims=True)
    total, mass = 0.0, np.zeros((4, 3))
    for path in itertools.product(range(6), repeat=4):
        weight = 1 / 6
        for i, state in enumerate(path):
            if i:
                before, switched = path[i - 1], path[i - 1] // 3 != state // 3
                weight *= (SWITCH if switched else 1 - SWITCH) * move[before % 3, state % 3]
            weight *= likelihood[i, state]
        total += weight
        for i, state in enumerate(path):
            if state < 3:
                mass[i, state] += weight
    np.testing.assert_allclose(smoothed(found, 4, hertz, np.eye(3), hop), mass / total, rtol=1e-4)


@pytest.mark.parametrize("smoothing", [True, False])
@pytest.mark.parametrize("offset", [0, -12])
def test_a_tones_mass_lies_at_its_pitch(smoothing: bool, offset: int) -> None:
    model = PYIN(threshold=0.1, smoothing=smoothing)
    speak(model, Vocabulary((60, 64, 67), sounding_offset=offset))
    e4 = 440 * 2 ** ((64 + offset - 69) / 12)
    silence = np.zeros(8000)
    samples = np.concatenate([silence, harmonics(e4, 0.5, 16000), silence]).astype(np.float32)
    mass = model.mass(Recording("e4", samples=samples, sample_rate=16000))
    hop = model.grid.hop_seconds
    inside = mass[int(0.6 / hop) : int(0.9 / hop)]
    assert inside[:, 0].min() > 0.9  # any pitch
    assert inside[:, 2].min() > 0.9  # E4
    assert inside[:, [1, 3]].max() < 0.05
    before = mass[int(0.1 / hop) : int(0.35 / hop)]
    assert before[:, 0].max() < 0.1


def test_a_pitch_between_and_one_an_octave_off() -> None:
    samples = harmonics(2 * 261.6256, 0.5, 16000).astype(np.float32)
    octave = Recording("c5", samples=samples, sample_rate=16000)
    between = Recording(
        "d4", samples=harmonics(293.66, 0.5, 16000).astype(np.float32), sample_rate=16000
    )

    def median(recording: Recording, **options: object) -> np.ndarray:
        model = PYIN(threshold=0.1, smoothing=False, **options)
        speak(model, Vocabulary((60, 67)))
        return np.median(model.mass(recording), axis=0)

    np.testing.assert_allclose(median(octave), [1, 1, 0], atol=0.05)
    np.testing.assert_allclose(median(octave, octave="exact"), [1, 0, 0], atol=0.05)
    # D4 is 200 cents from C4: a pitch, and none of these
    np.testing.assert_allclose(median(between), [1, 0, 0], atol=0.05)
    np.testing.assert_allclose(median(between, tolerance=250.0), [1, 1, 0], atol=0.05)


def test_pitches_an_octave_apart_share_what_is_folded() -> None:
    model = PYIN()
    speak(model, Vocabulary((60, 72)))
    groups = model._groups(np.geomspace(200.0, 600.0, 501))
    np.testing.assert_array_equal(groups[:, 1], groups[:, 2])
