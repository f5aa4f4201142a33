"""Conditions that were learned in: gains are undone, differences told, the rest left alone."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from bayes_a2m.audio.signal import SignalStatistics
from bayes_a2m.calibration import accuracy
from bayes_a2m.datasets import Dataset, Recording
from bayes_a2m.errors import InputError
from bayes_a2m.posteriors.conditions import CONTRAST_DB, TrainingConditions
from bayes_a2m.posteriors.point import Point

USUAL = SignalStatistics(level_db=-18.0, floor_db=-50.0, bandwidth_hz=3000.0, clipped=0.0)
LEARNED = TrainingConditions.fit(
    replace(USUAL, level_db=-18.0 + d, floor_db=-50.0 + 2 * d, bandwidth_hz=3000.0 + 100 * d)
    for d in np.linspace(-5, 5, 41)
)


def attenuated(recording: Recording, gain_db: float) -> Recording:
    """The recording after a volume control, in 16 bits."""
    samples = np.round(recording.audio() * 10 ** (gain_db / 20) * 32767) / 32767
    return replace(recording, path=None, samples=samples.astype(np.float32), sample_rate=16000)


@given(st.floats(-60, -30))
@settings(max_examples=30, deadline=None)
def test_a_volume_control_is_undone(gain: float) -> None:
    quiet = replace(USUAL, level_db=USUAL.level_db + gain, floor_db=USUAL.floor_db + gain)
    assert LEARNED.gain_db(quiet) == pytest.approx(-gain, abs=1e-6)


def test_inside_of_the_range_nothing_is_done() -> None:
    for level in (-22.5, -18.0, -13.5):
        assert LEARNED.gain_db(replace(USUAL, level_db=level)) == 0.0
    recording = Recording("a", samples=np.ones(1600, dtype=np.float32) * 0.1, sample_rate=16000)
    assert LEARNED.levelled(recording, 16000) is recording


def test_a_loud_recording_is_brought_down() -> None:
    assert LEARNED.gain_db(replace(USUAL, level_db=-3.0, floor_db=-35.0)) == pytest.approx(-15.0)


def test_noise_is_not_made_loud() -> None:
    hiss = replace(USUAL, level_db=-48.0, floor_db=-50.0)
    assert LEARNED.gain_db(hiss) == 0.0
    assert CONTRAST_DB > 2
    # a quiet voice in a usual room: no further than the noise floors that were learned from
    far = replace(USUAL, level_db=-38.0, floor_db=-52.0)
    highest = LEARNED.ranges["floor_db"].high
    assert LEARNED.gain_db(far) == pytest.approx(highest + 52.0)
    assert LEARNED.gain_db(far) < 20


def test_differences_are_told_in_words() -> None:
    assert LEARNED.differences(USUAL) == []
    (level,) = LEARNED.differences(replace(USUAL, level_db=-43.0))
    assert level.startswith("its loud parts lie at -43 dBFS, 20 dB below nearly all recordings")
    (noise,) = LEARNED.differences(replace(USUAL, floor_db=-25.0))
    assert "quiet parts lie at -25 dBFS" in noise
    (narrow,) = LEARNED.differences(replace(USUAL, bandwidth_hz=1500.0))
    assert "reaches up to 1500 Hz" in narrow
    (clipped,) = LEARNED.differences(replace(USUAL, clipped=0.05))
    assert clipped.startswith("5.0 % of its samples are clipped")
    assert LEARNED.differences(replace(USUAL, floor_db=-90.0)) == []


def test_it_goes_through_json_and_what_is_broken_is_named() -> None:
    written = json.loads(json.dumps(LEARNED.to_dict()))
    assert TrainingConditions.from_dict(written, "conditions.json") == LEARNED
    for broken in (
        None,
        {**written, "format_version": 99},
        {**written, "level_db": {"low": 0.0}},
        {**written, "floor_db": {"low": 0.0, "median": float("nan"), "high": 1.0}},
    ):
        with pytest.raises(InputError, match=r"^conditions\.json: .*train again"):
            TrainingConditions.from_dict(broken, "conditions.json")
    with pytest.raises(InputError, match="no training recording"):
        TrainingConditions.fit([])


def test_a_recording_unlike_all_is_told_and_every_note_of_it_doubtful(
    tiny_model: Path, tiny_data: Dataset, tmp_path: Path
) -> None:
    noisy = tiny_data.split("validation")[0].audio()
    noisy = noisy + 0.2 * np.random.default_rng(0).standard_normal(noisy.size)
    soundfile.write(tmp_path / "loud noise.wav", noisy.astype(np.float32), 16000)
    command = [sys.executable, "-m", "bayes_a2m", "transcribe", str(tiny_model)]
    command += [str(tmp_path / "loud noise.wav"), "-o", str(tmp_path / "notes")]
    command += ["--format", "csv", "--accept-error", "0.3"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    assert "its quiet parts lie at -" in told
    assert "nothing is promised, and every note is doubtful" in told
    assert "frames accepted" not in told


def test_a_quiet_recording_is_heard_as_a_loud_one(tiny_data: Dataset, tiny_point: Point) -> None:
    test = tiny_data.split("validation")
    labels = test.labels_on(tiny_point.grid)
    usual = accuracy(tiny_point.predict(test), labels)
    quiet = accuracy(tiny_point.predict([attenuated(r, -30.0) for r in test]), labels)
    assert quiet == pytest.approx(usual, abs=0.05)
    known = tiny_point.fitted
    assert known is not None
    try:
        tiny_point.fitted = replace(known, conditions=None)
        deaf = accuracy(tiny_point.predict([attenuated(r, -30.0) for r in test]), labels)
    finally:
        tiny_point.fitted = known
    assert deaf < usual - 0.1
