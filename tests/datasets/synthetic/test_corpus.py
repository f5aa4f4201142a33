"""A corpus that was interrupted is gone on with to the same result."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bayes_a2m.audio.features import CQTFeatures
from bayes_a2m.datasets.synthetic import corpus
from bayes_a2m.datasets.synthetic.varied import varied_recording
from bayes_a2m.errors import InputError
from bayes_a2m.music import FrameGrid

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
