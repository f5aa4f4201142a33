"""Notes at pitches that a model does not know: found where they sound, and lowered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bayes_a2m.baselines.pitch_check import PitchCheck
from bayes_a2m.datasets import Dataset
from bayes_a2m.models.loading import load_model
from bayes_a2m.music import Note, Vocabulary
from bayes_a2m.posteriors.point import Point
from bayes_a2m.prediction.posterior import FramePosterior
from bayes_a2m.transcription import transcription_of
from bayes_a2m.transcription.other_pitches import KNOWN, PitchListener, check_of, elsewhere, lowered

WHOLE = Vocabulary(tuple(range(36, 85)))
LABELLED = Vocabulary((60, 64, 67), sounding_offset=-12)
SECOND = 166  # frames of 6 ms


def heard(*pitches: int | None) -> FramePosterior:
    """A second of each sounding MIDI pitch, or of silence, nearly sure."""
    probs = np.full((SECOND * len(pitches), 50), 0.05 / 49)
    for i, pitch in enumerate(pitches):
        probs[i * SECOND : (i + 1) * SECOND, 0 if pitch is None else pitch - 35] = 0.95
    return FramePosterior.from_probs([probs], vocabulary=WHOLE)


def test_pitches_are_looked_for_where_they_sound() -> None:
    check = check_of(heard(48, None, 50, 60), LABELLED)
    seconds = SECOND * 0.006
    shares = [
        check.of_note(Note(i * seconds, (i + 1) * seconds, 60)) for i in (0, 2, 3)
    ]  # labelled C4, D4, and a C5
    np.testing.assert_allclose(shares, [0.05, 1, 1], atol=0.03)
    assert set(check.elsewhere.sum(axis=0).argsort()[-2:].tolist()) == {0, 2}  # C and D
    assert check.share == pytest.approx(2 / 3, abs=0.03)


def test_out_of_tune_is_not_elsewhere() -> None:
    """A C3 that is heard as a C#3: at 48.6 it is one still, at 48.8 it is not."""
    for midi, share in ((48.6, 0.0), (48.8, 1.0)):
        check = check_of(heard(49), LABELLED, np.full(SECOND, midi, dtype=np.float32))
        assert check.share == pytest.approx(share, abs=0.03)


def test_an_octave_that_nobody_stated_is_that_of_most_of_the_recording() -> None:
    unstated = Vocabulary((60, 64, 67))
    low = check_of(heard(48, 52, 55, 50), unstated)
    assert low.share == pytest.approx(1 / 4, abs=0.05)
    mixed = check_of(heard(60, 64, 67, 48), unstated)
    assert mixed.share == pytest.approx(1 / 4, abs=0.05)


def test_most_of_a_note_decides() -> None:
    def at(share: float, seconds: float = 0.5, sounding: float = 1.0) -> float:
        frames = np.full(1000, sounding)
        other = np.zeros((1000, 12))
        other[:, 2] = share * sounding
        check = PitchCheck(LABELLED, frames, other, hop_seconds=0.006)
        return elsewhere(check, Note(0.0, seconds, 60))

    assert at(0.1) < 0.02
    assert at(0.9) > 0.98
    assert at(0.5) == pytest.approx(0.5, abs=0.12)
    assert at(0.9, seconds=1.0) > at(0.9, seconds=0.1) > 0.5
    # nothing heard: nothing known, next to nothing taken
    assert at(0.9, sounding=0.0) < 0.05


def test_only_models_of_few_pitches_are_listened_beside() -> None:
    listener = PitchListener()
    assert listener.knows_more_than(LABELLED)
    assert not listener.knows_more_than(WHOLE)
    assert not listener.knows_more_than(Vocabulary(tuple(range(21, 109))))
    assert not listener.knows_more_than(Vocabulary((30, 60)))  # it cannot judge a pitch below C2


@pytest.mark.long
def test_the_range_that_is_written_here_is_the_model_s() -> None:
    assert set(load_model("pretrained").vocabulary.pitches) == KNOWN


@pytest.mark.long
def test_what_is_said_is_lowered(tiny_point: Point, tiny_data: Dataset) -> None:
    recording = tiny_data.split("validation")[0]
    _, notes = transcription_of(tiny_point, recording, draws=1)
    assert notes.posterior is not None
    first = notes.notes[0]
    frames = np.arange(SECOND * 5) * 0.006
    inside = (frames >= first.onset) & (frames < first.offset)
    other = np.zeros((len(frames), 12))
    other[inside, 2] = 1.0
    check = PitchCheck(notes.vocabulary, np.ones(len(frames)), other, hop_seconds=0.006)
    told = lowered(notes, check)
    assert told.probabilities is not None
    assert notes.probabilities is not None
    assert told.probabilities[0] == pytest.approx(
        notes.probabilities[0] * (1 - elsewhere(check, first))
    )
    assert told.probabilities[0] < 0.1
    np.testing.assert_allclose(told.probabilities[1:], notes.probabilities[1:], rtol=0.03)
    assert told.posterior is not None
    assert told.posterior.expected_f1 < notes.posterior.expected_f1
    assert told.doubtful == (True, *(False,) * (len(notes.notes) - 1))
    # nothing elsewhere: as before, but for the prior of a look
    same = lowered(notes, replace(check, elsewhere=np.zeros_like(other)))
    np.testing.assert_allclose(same.frame_probabilities, notes.frame_probabilities, rtol=0.03)
