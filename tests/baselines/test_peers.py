"""Trackers as they are, where they are installed: what they hear in tones and in nothing."""

from __future__ import annotations

import numpy as np
import pytest

from bayes_a2m.baselines.basic_pitch import HOP, WINDOW, BasicPitch
from bayes_a2m.baselines.crepe import CREPE
from bayes_a2m.baselines.swift_f0 import SwiftF0
from bayes_a2m.baselines.tracker import PitchActivations, Tracker
from bayes_a2m.calibration import accuracy
from bayes_a2m.datasets import Dataset
from bayes_a2m.errors import InputError
from tests.baselines.small import QUICK, fitted, harmonics


@pytest.fixture(params=[SwiftF0, BasicPitch, CREPE], ids=lambda kind: kind.name)
def peer(request: pytest.FixtureRequest) -> Tracker:
    return installed(request.param)


def installed(kind: type[Tracker]) -> Tracker:
    try:
        return kind(**QUICK)
    except InputError as error:
        pytest.skip(str(error))


def near(heard: PitchActivations, hertz: float) -> np.ndarray:
    """The strongest candidate within a quarter tone, by frame."""
    cents = np.abs(1200 * np.log2(np.maximum(heard.hertz, 1.0) / hertz))
    return np.where(cents < 50, heard.strength, 0.0).max(axis=1)


def test_it_hears_a_tone_and_nothing_else(peer: Tracker) -> None:
    rate = peer.rate
    quiet = np.zeros(rate // 2)
    heard = peer.track(np.concatenate([quiet, harmonics(220.0, 1.0, rate), quiet]))
    assert (np.diff(heard.seconds) >= 0).all()
    assert heard.strength.min() >= 0
    assert heard.strength.max() <= 1
    inside = (heard.seconds > 0.7) & (heard.seconds < 1.3)
    assert np.median(near(heard, 220.0)[inside]) > 0.5
    assert np.median(near(heard, 277.18)[inside]) < 0.3
    outside = (heard.seconds < 0.3) | ((heard.seconds > 1.7) & (heard.seconds < 2.0))
    assert np.median(near(heard, 220.0)[outside]) < 0.2


def test_it_learns_the_tones(peer: Tracker, tiny_data: Dataset) -> None:
    model = fitted(peer, tiny_data)
    data = tiny_data.split("validation")
    assert accuracy(model.predict(data), data.labels_on(model.grid)) > 0.8


def test_basic_pitchs_windows_are_seamless() -> None:
    """Moved by a third of a window, in whole frames, a recording is heard alike."""
    model = installed(BasicPitch)
    notes = [harmonics(h, 0.7, 22050) for h in (220.0, 262.0, 330.0, 247.0, 294.0, 196.0)]
    sound = np.concatenate(notes)
    moved_by = WINDOW // 3 // HOP * HOP
    one, other = model.track(sound), model.track(np.pad(sound, (moved_by, 0)))
    seconds = np.arange(0.3, 4.0, 0.01)
    a4 = 220.0
    first = np.interp(seconds, one.seconds, near(one, a4))
    second = np.interp(seconds, other.seconds - moved_by / 22050, near(other, a4))
    assert np.mean(np.abs(first - second)) < 0.03
