"""Recordings of any length and rate: an instant, a few blocks of frames, another rate."""

from __future__ import annotations

import numpy as np
import pytest

from bayes_a2m.audio.features import CQTFeatures
from bayes_a2m.baselines import frames
from bayes_a2m.baselines.baseline import Baseline
from bayes_a2m.baselines.knn import KNN
from bayes_a2m.baselines.lpc import LPC
from bayes_a2m.baselines.pyin import PYIN
from bayes_a2m.datasets import Dataset, Recording
from tests.baselines.small import QUICK, SPECTRUM, fitted, harmonics


@pytest.fixture(
    scope="module",
    params=[
        KNN(features=SPECTRUM, stored=300, components=8, context=1, k=5, smoothing=1.0),
        LPC(context=1, penalty=1e-4),
        PYIN(context=1, penalty=1e-4, threshold=0.1),
    ],
    ids=lambda model: model.name,
)
def model(request: pytest.FixtureRequest, tiny_data: Dataset) -> Baseline:
    return fitted(request.param, tiny_data)


@pytest.mark.parametrize(("samples", "wanted"), [(1, 1), (95, 1), (96, 1), (192, 2), (700, 7)])
def test_the_shortest_recordings_have_an_answer(model: Baseline, samples: int, wanted: int) -> None:
    sound = 0.1 * np.random.default_rng(0).standard_normal(samples).astype(np.float32)
    found = model.predict_recording(Recording("short", samples=sound, sample_rate=16000))
    assert found.shape == (1, 1, wanted, 4)
    np.testing.assert_allclose(np.exp(found).sum(axis=-1), 1, atol=1e-5)


def test_another_rate_is_heard_alike(model: Baseline) -> None:
    sounds = [
        Recording(str(rate), samples=harmonics(261.6256, 0.6, rate).astype("f4"), sample_rate=rate)
        for rate in (16000, 44100)
    ]
    one, other = (np.exp(model.predict_recording(sound)[0, 0]) for sound in sounds)
    assert one.shape == other.shape == (100, 4)
    middle = slice(20, 80)
    assert (one[middle].argmax(axis=1) == 1).all()
    np.testing.assert_allclose(other[middle], one[middle], atol=0.05)


@pytest.mark.parametrize("model_kind", [LPC, PYIN])
def test_borders_of_blocks_leave_no_trace(
    model_kind: type[LPC | PYIN], monkeypatch: pytest.MonkeyPatch, tiny_data: Dataset
) -> None:
    settings = {} if model_kind is LPC else {"threshold": 0.1}
    model = fitted(model_kind(**settings, **QUICK), tiny_data)
    recording = tiny_data.split("validation")[0]
    whole = model.frame_features(recording)
    monkeypatch.setattr(frames, "BLOCK", 17)
    np.testing.assert_allclose(model.frame_features(recording), whole, atol=1e-8)


@pytest.mark.parametrize("hop", [80, 160])
def test_another_grid_moves_frames_and_not_what_they_say(hop: int, tiny_data: Dataset) -> None:
    model = fitted(LPC(features=CQTFeatures(hop=hop), **QUICK), tiny_data)
    usual = fitted(LPC(**QUICK), tiny_data)
    recording = tiny_data.split("validation")[0]
    # every 480 samples both have a frame
    ours, theirs = (
        model.frame_features(recording)[:: 480 // hop],
        usual.frame_features(recording)[::5],
    )
    np.testing.assert_allclose(ours[: len(theirs)], theirs[: len(ours)], atol=1e-8)
