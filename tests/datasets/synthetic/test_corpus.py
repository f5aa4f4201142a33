"""A corpus that was interrupted is gone on with to the same result."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bayes_a2m.audio.features import CQTFeatures
from bayes_a2m.config.experiment import SingingSettings
from bayes_a2m.datasets.synthetic import corpus
from bayes_a2m.datasets.synthetic.varied import varied_recording
from bayes_a2m.errors import InputError
from bayes_a2m.music import FrameGrid, Note, Vocabulary

SETTINGS = {"seconds": 1.0, "features": CQTFeatures(), "seed": 7}


def test_what_was_sung_is_kept_and_the_rest_comes_out_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = corpus.sing_corpus(tmp_path / "whole", 3, **SETTINGS)
    asked: list[int] = []
    real = corpus.sung

    def watched(seed: int, part: int, index: int, **more: float) -> object:
        asked.append(index)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return real(seed, part, index, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(corpus, "sung", watched)
    with pytest.raises(KeyboardInterrupt):
        corpus.sing_corpus(tmp_path / "cut", 3, **SETTINGS)
    again = corpus.sing_corpus(tmp_path / "cut", 3, **SETTINGS)
    assert asked == [0, 1, 1, 2]
    for name in ("levels", "midi", "notes", "statistics"):
        np.testing.assert_array_equal(getattr(again, name), getattr(whole, name))


def test_parts_of_a_seed_share_no_recording(tmp_path: Path) -> None:
    one = corpus.sing_corpus(tmp_path / "one", 1, **SETTINGS, part=0)
    other = corpus.sing_corpus(tmp_path / "other", 1, **SETTINGS, part=1)
    assert not np.array_equal(one.levels, other.levels)


def test_another_size_is_refused(tmp_path: Path) -> None:
    corpus.sing_corpus(tmp_path, 1, **SETTINGS)
    with pytest.raises(InputError, match="of another corpus"):
        corpus.sing_corpus(tmp_path, 2, **SETTINGS)


def test_the_pitch_of_frames_is_that_of_the_nearest_value() -> None:
    f0 = varied_recording(np.random.default_rng(1), seconds=1.0).f0
    midi = corpus.midi_of(f0, FrameGrid(), 166)
    assert midi.shape == (166,)
    assert ((midi > 0) == (f0[np.rint(np.arange(166) * 1.2).astype(int)] > 0)).all()


def test_what_is_tuned_on_is_labelled_as_people_do() -> None:
    """The same singing, its notes off by the lag and jitter that are asked for, none unknown."""
    vocabulary = Vocabulary(tuple(range(36, 85)))
    exact = SingingSettings(tuning_seconds=2.0, people_lag_ms=0, people_ms=0, worse=(0, 0))
    loose = SingingSettings(tuning_seconds=2.0, people_lag_ms=50, people_ms=0, worse=(0, 0))

    def notes(settings: SingingSettings) -> list[tuple[Note, ...]]:
        data = corpus.sung_dataset(
            4, settings, grid=FrameGrid(), vocabulary=vocabulary, seed=3, part=2
        )
        return [recording.notes or () for recording in data]

    true, off = notes(exact), notes(loose)
    assert [len(one) for one in true] == [len(one) for one in off]
    assert sum(map(len, true)) > 0
    for one, other in zip(true, off, strict=True):
        lags = [b.onset - a.onset for a, b in zip(one, other, strict=True) if a.onset > 0.2]
        # one lag for all of a recording, to a tick of MIDI
        assert np.ptp(lags) < 0.005 if lags else True
