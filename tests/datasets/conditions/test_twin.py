"""Twins are the same recordings, elsewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bayes_a2m.datasets import Dataset, Recording
from bayes_a2m.datasets.conditions import twin, twins
from bayes_a2m.errors import InputError
from bayes_a2m.music import FrameGrid, Note
from tests.datasets.conditions.voice import RATE, between_notes, sung

NOTES = (Note(0.3, 1.1, 60), Note(1.5, 2.2, 64), Note(2.7, 3.5, 67))


def recording(id_: str = "001", gain: float = 1.0) -> Recording:
    return Recording(
        id_,
        samples=np.float32(gain) * sung(),
        sample_rate=RATE,
        condition="studio",
        take="a",
        split="validation",
        notes=NOTES,
    )


def same(a: Recording, b: Recording) -> bool:
    return np.array_equal(a.audio(), b.audio())


def test_a_twin_is_its_original_but_for_the_sound() -> None:
    original = recording()
    worse = twin(original, "noisy", 3)
    assert replace(worse, samples=original.samples, condition="studio") == original
    assert worse.condition == "noisy"
    assert worse.duration == original.duration
    grid, vocabulary = FrameGrid(), Dataset(()).vocabulary
    assert np.array_equal(worse.labels(grid, vocabulary), original.labels(grid, vocabulary))
    assert not same(worse, original)
    assert np.array_equal(original.audio(), sung())


def test_a_twin_depends_on_seed_sound_and_name_alone() -> None:
    one = twin(recording(), "laptop", 2)
    assert same(one, twin(recording("another id"), "laptop", 2))
    assert not same(one, twin(recording(), "laptop", 2, seed=1))
    assert not same(one, twin(recording(), "noisy", 2))
    assert not same(one, twin(recording(gain=0.5), "laptop", 2))


def test_twins_do_not_depend_on_the_set_around_them() -> None:
    originals = Dataset(tuple(recording(str(i), 0.5 + 0.1 * i) for i in range(4)))
    forwards = twins(originals, "noisy", 2, seed=3)
    backwards = twins(Dataset(originals.recordings[::-1]), "noisy", 2, seed=3)
    assert forwards.ids == originals.ids == backwards.ids[::-1]
    assert all(same(a, b) for a, b in zip(forwards, reversed(list(backwards)), strict=True))
    assert forwards.vocabulary == originals.vocabulary
    alone = twins(originals.pick(["2"]), "noisy", 2, seed=3)
    assert same(alone[0], forwards[2])


def test_severities_of_a_twin_are_paired() -> None:
    mild, worse = (twin(recording(), "noisy", s).audio() for s in (3, 5))
    assert between_notes(worse) < between_notes(mild) - 5
    # what is heard before the first note is the same noise, louder, up to the microphone's
    # colour; the voice's pre-ringing is far below it
    before = slice(0, round(0.25 * RATE))
    assert np.corrcoef(mild[before], worse[before])[0, 1] > 0.95


def test_a_file_is_read_at_the_rate_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "voice_001.wav"
    soundfile.write(path, sung(44100), 44100, subtype="FLOAT")
    original = Recording("001", path=path, notes=NOTES)
    worse = twin(original, "laptop", 1, sample_rate=22050)
    assert (worse.path, worse.sample_rate) == (None, 22050)
    assert worse.duration == pytest.approx(original.duration)
    assert worse.notes == NOTES


def test_errors_are_one_line() -> None:
    for name, severity, seed in (("studo", 1, 0), ("studio", 7, 0), ("studio", 1, -1)):
        with pytest.raises(InputError) as caught:
            twin(recording(), name, severity, seed=seed)
        assert "\n" not in str(caught.value)
