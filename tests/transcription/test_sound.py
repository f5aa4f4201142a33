"""What is heard under notes: loudness, pitch, intonation; and what is made to be heard."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from bayes_a2m.baselines.pitch_curve import pitch_curve
from bayes_a2m.music import Note
from bayes_a2m.transcription.intonation import Intonation, intonation, pitch_bends
from bayes_a2m.transcription.loudness import velocities
from bayes_a2m.transcription.sonification import sonified, write_wav

RATE = 16000
NOTES = [Note(0.2, 1.0, 60), Note(1.2, 2.0, 64)]


def sung(cents: float, octave: int = 0, vibrato: float = 0.0) -> NDArray[np.float32]:
    """Both notes with five harmonics, off by so many cents, and octaves."""
    time = np.arange(round(2.4 * RATE)) / RATE
    sound = 1e-4 * np.random.default_rng(0).standard_normal(time.size)
    for note in NOTES:
        on = (time >= note.onset) & (time < note.offset)
        moved = cents + vibrato * np.sin(2 * np.pi * 5 * time)
        hertz = 440 * 2 ** ((note.pitch + 12 * octave - 69) / 12 + moved / 1200)
        phase = 2 * np.pi * np.cumsum(hertz) / RATE
        for h in range(1, 6):
            sound += on * 0.2 / h * np.sin(h * phase)
    return sound.astype(np.float32)


@pytest.mark.parametrize("octave", [0, -1])
@pytest.mark.parametrize("cents", [-15.0, 0.0, 40.0])
def test_the_pitch_is_followed_in_any_octave(cents: float, octave: int) -> None:
    curve = pitch_curve(sung(cents, octave), RATE, NOTES)
    found = intonation(curve, NOTES)
    assert found.cents == pytest.approx((cents, cents), abs=2)
    assert found.mean == pytest.approx(cents, abs=2)
    assert np.isnan(curve.hertz[curve.note < 0]).all()
    middle = curve.hertz[np.searchsorted(curve.seconds, 0.6)]
    expected = 440 * 2 ** ((60 + 12 * octave - 69) / 12 + cents / 1200)
    assert middle == pytest.approx(expected, rel=0.002)


def test_vibrato_does_not_move_the_mean() -> None:
    assert intonation(pitch_curve(sung(-20, vibrato=40), RATE, NOTES), NOTES).mean == pytest.approx(
        -20, abs=6
    )


@pytest.mark.parametrize(
    ("mean", "words"),
    [
        (-15.2, "15 cents flat on average"),
        (22.0, "22 cents sharp on average"),
        (3.0, "in tune on average (+3 cents)"),
        (None, ""),
    ],
)
def test_intonation_in_words(mean: float | None, words: str) -> None:
    assert Intonation((), mean).words == words


def test_silence_has_no_intonation() -> None:
    curve = pitch_curve(np.zeros(RATE, dtype=np.float32), RATE, [Note(0.1, 0.9, 60)])
    assert intonation(curve, [Note(0.1, 0.9, 60)]) == Intonation((None,), None)
    assert intonation(pitch_curve(np.zeros(5, dtype=np.float32), RATE, []), []).words == ""


def test_bends_follow_the_voice() -> None:
    bends = pitch_bends(pitch_curve(sung(40), RATE, NOTES))
    assert bends
    assert np.median([b.semitones for b in bends]) == pytest.approx(0.4, abs=0.05)
    vibrato = pitch_bends(pitch_curve(sung(0, vibrato=50), RATE, NOTES))
    assert len(vibrato) > 20
    assert max(b.semitones for b in vibrato) > 0.3 > -0.3 > min(b.semitones for b in vibrato)


def test_velocities_follow_loudness_and_not_the_gain() -> None:
    sound = sung(0)
    sound[: round(1.1 * RATE)] *= 0.25  # 12 dB softer: half the velocity
    soft, loud = velocities(sound, RATE, NOTES)
    assert (soft, loud) == (pytest.approx(56, abs=1), 112)
    assert velocities(0.01 * sound, RATE, NOTES) == [soft, loud]
    assert velocities(0 * sound, RATE, NOTES) == [90, 90]
    assert velocities(sound, RATE, []) == []


def test_the_recording_is_left_and_its_notes_are_right(tmp_path: Path) -> None:
    sound = sung(0)
    both = sonified(sound, RATE, NOTES)
    assert both.shape == (sound.size, 2)
    assert np.corrcoef(both[:, 0], sound)[0, 1] == pytest.approx(1, abs=1e-4)
    time = np.arange(sound.size) / RATE
    for note in NOTES:
        on = (time > note.onset + 0.05) & (time < note.offset - 0.05)
        spectrum = np.abs(np.fft.rfft(both[on, 1]))
        peak = np.fft.rfftfreq(on.sum(), 1 / RATE)[spectrum.argmax()]
        assert peak == pytest.approx(440 * 2 ** ((note.pitch - 69) / 12), abs=2)
    assert np.abs(both[time < 0.19, 1]).max() == 0
    write_wav(tmp_path / "x.wav", both, RATE)
    again, rate = soundfile.read(tmp_path / "x.wav")
    assert rate == RATE
    np.testing.assert_allclose(again, both, atol=1e-4)


def test_notes_sound_where_the_singer_does() -> None:
    both = sonified(sung(0), RATE, NOTES[:1], sounding_offset=-12)
    spectrum = np.abs(np.fft.rfft(both[round(0.3 * RATE) : round(0.9 * RATE), 1]))
    assert np.fft.rfftfreq(round(0.6 * RATE), 1 / RATE)[spectrum.argmax()] == pytest.approx(
        130.8, abs=2
    )
