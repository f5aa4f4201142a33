"""What trackers have in common, by one that hears what it is told to."""

from __future__ import annotations

import sys
from functools import cached_property

import numpy as np
import pytest

from bayes_a2m import registry
from bayes_a2m.baselines import tracker
from bayes_a2m.baselines.basic_pitch import BasicPitch
from bayes_a2m.baselines.crepe import CREPE
from bayes_a2m.baselines.swift_f0 import SwiftF0
from bayes_a2m.baselines.tracker import PitchActivations, Tracker
from bayes_a2m.calibration import accuracy
from bayes_a2m.datasets import Dataset, Recording
from bayes_a2m.errors import InputError
from bayes_a2m.music import Vocabulary
from tests.baselines.small import fitted, speak

FRAMES = np.arange(0, 3, 0.016)


class Autocorrelator(Tracker):
    """A crude tracker of one candidate: the highest autocorrelation between 200 and 500 Hz."""

    name = "lpc"  # of a registered kind: experiments name their posterior
    rate = 16000

    @cached_property
    def backend(self) -> object:
        return lambda: None  # like a session, it cannot be pickled

    def track(self, samples: np.ndarray) -> PitchActivations:
        starts = range(0, max(len(samples) - 1024, 1), 256)
        found = []
        for start in starts:
            frame = samples[start : start + 1024]
            r = np.correlate(frame, frame, "full")[len(frame) - 1 :]
            lag = 32 + int(r[32:80].argmax())
            loud = float(np.mean(frame**2) > 1e-4)
            found.append((16000 / lag, max(0.0, loud * r[lag] / (r[0] + 1e-9))))
        hertz, strength = np.array(found).T
        seconds = (np.array(starts) + 512) / 16000
        return PitchActivations(seconds, hertz[:, None], strength[:, None])


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is fitted has to be what its name stands for."""
    monkeypatch.setitem(registry._registered, ("posteriors", Autocorrelator.name), Autocorrelator)


@pytest.mark.usefixtures("registered")
def test_a_tracker_becomes_a_distribution(tiny_data: Dataset) -> None:
    model = fitted(Autocorrelator(penalty=1e-4), tiny_data)
    data = tiny_data.split("validation")
    assert accuracy(model.predict(data), data.labels_on(model.grid)) > 0.9


class Told(Tracker):
    """Hears the same whatever it is given."""

    name = "lpc"
    rate = 16000
    heard: PitchActivations

    @cached_property
    def backend(self) -> None:
        return None

    def track(self, samples: np.ndarray) -> PitchActivations:
        return self.heard


def told(heard: PitchActivations, **options: object) -> np.ndarray:
    model = Told(**options)
    speak(model, Vocabulary((60, 67), sounding_offset=-12))
    model.heard = heard
    silence = np.zeros(16000, dtype=np.float32)
    values = model.frame_features(Recording("x", samples=silence, sample_rate=16000))
    assert len(values) == model.grid.frames_of(16000)
    return values


def odds(strength: float) -> float:
    return float(np.log(strength / (1 - strength)))


def test_frame_features_are_log_odds_of_any_pitch_and_of_each() -> None:
    # C3 sounds where C4 is written, at 0.8; something far from both at 0.3
    heard = PitchActivations(
        FRAMES, np.array([[130.8128, 155.0]]), np.tile([0.8, 0.3], (len(FRAMES), 1))
    )
    values = told(heard)
    np.testing.assert_allclose(values[:, 0], odds(0.8), atol=1e-6)
    np.testing.assert_allclose(values[:, 1], odds(0.8), atol=1e-4)
    # 155 Hz lies 406 cents below G3: nothing of it counts there
    np.testing.assert_allclose(values[:, 2], odds(1e-3), atol=1e-6)


def test_a_frequency_off_the_pitch_counts_less_and_an_octave_by_the_rule() -> None:
    off = 130.8128 * 2 ** (100 / 1200)
    wide = told(
        PitchActivations(FRAMES, np.array([[off]]), np.full((len(FRAMES), 1), 0.5)), width=100.0
    )
    np.testing.assert_allclose(wide[:, 1], odds(0.5 * np.exp(-0.5)), atol=1e-3)
    octave = PitchActivations(FRAMES, np.array([[261.6256]]), np.full((len(FRAMES), 1), 0.9))
    np.testing.assert_allclose(told(octave)[:, 1], odds(0.9), atol=1e-3)
    np.testing.assert_allclose(told(octave, octave="exact")[:, 1], odds(1e-3), atol=1e-6)


def test_frames_of_their_own_are_put_on_the_grid() -> None:
    """From silence to certainty between 0.2 s and 0.4 s: half the log-odds at 0.3 s."""
    strength = np.array([[0.1], [0.1], [0.9], [0.9]])
    heard = PitchActivations(np.array([0.0, 0.2, 0.4, 3.0]), np.array([[130.8128]]), strength)
    values = told(heard)[:, 0]
    seconds = np.arange(len(values)) * 0.006
    wanted = np.interp(seconds, [0.2, 0.4], [odds(0.1), odds(0.9)])
    np.testing.assert_allclose(values, wanted, atol=1e-6)


@pytest.mark.usefixtures("registered")
def test_the_backend_does_not_go_to_another_process(tiny_data: Dataset) -> None:
    model = fitted(Autocorrelator(context=0, penalty=1e-4), tiny_data)
    assert "backend" in vars(model)
    assert "backend" not in model.__getstate__()
    try:
        import cloudpickle
    except ImportError:  # older versions of joblib bring their own
        from joblib.externals import cloudpickle
    again = cloudpickle.loads(cloudpickle.dumps(model))
    recording = tiny_data.split("validation")[0]
    np.testing.assert_array_equal(
        again.predict_recording(recording), model.predict_recording(recording)
    )


@pytest.mark.parametrize("kind", [SwiftF0, BasicPitch, CREPE])
def test_a_peer_that_is_missing_is_told_with_its_mend(
    kind: type[Tracker], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracker, "find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "swift_f0", None)
    with pytest.raises(InputError) as told:
        kind()
    assert "is not installed: pip install" in str(told.value)
    assert "\n" not in str(told.value)
