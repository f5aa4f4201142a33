"""Varied recordings: what is said of them is true of their sound."""

from __future__ import annotations

import numpy as np
import pytest

from bayes_a2m.datasets.synthetic import varied


def made(kind: str, seed: int, seconds: float = 2.0) -> varied._Dry:
    return varied._MAKERS[kind](np.random.default_rng(seed), seconds, 16000)


def test_a_recording_comes_from_its_generator_alone() -> None:
    one, other = (varied.varied_recording(np.random.default_rng(5), seconds=1.0) for _ in range(2))
    np.testing.assert_array_equal(one.samples, other.samples)
    assert one.notes == other.notes
    assert one.samples.shape == (16000,)
    assert one.f0.shape == (200,)


@pytest.mark.parametrize("kind", ["speech", "noise", "drums", "birds"])
def test_what_is_not_sung_has_no_notes(kind: str) -> None:
    dry = made(kind, 1)
    assert dry.notes == ()
    assert np.abs(dry.samples).max() > 0
    # speech has a pitch, and no note
    assert (dry.f0 > 0).any() == (kind == "speech")


@pytest.mark.parametrize("kind", ["voice", "words", "whistle", "instrument"])
def test_the_fundamental_is_the_period_of_the_sound(kind: str) -> None:
    """In the middle of the longest voiced stretch the sound repeats at the period that is told."""
    dry = made(kind, 3, 3.0)
    voiced = dry.f0 > 0
    edges = np.flatnonzero(np.diff(np.concatenate([[0], voiced.astype(int), [0]])))
    spans = edges.reshape(-1, 2)
    start, end = spans[np.argmax(spans[:, 1] - spans[:, 0])]
    middle = (start + end) // 2
    place, f0 = int(middle * 80), dry.f0[middle]
    piece = np.asarray(dry.samples[place - 400 : place + 400], dtype=float)
    spectrum = np.abs(np.fft.rfft(piece * np.hanning(800), 65536))
    hertz = np.fft.rfftfreq(65536, 1 / 16000)
    # harmonics stand where they are told, and little between them
    at = sum(spectrum[np.argmin(abs(hertz - h * f0))] for h in (1, 2, 3))
    between = sum(spectrum[np.argmin(abs(hertz - (h + 0.5) * f0))] for h in (1, 2, 3))
    assert at > 4 * between


def test_notes_are_where_the_pitch_is() -> None:
    """The fundamental lies within a tone of the note that sounds, in nine of ten frames."""
    dry = made("voice", 4, 4.0)
    times = np.arange(len(dry.f0)) * varied.F0_SECONDS
    near = []
    for note in dry.notes:
        inside = (times >= note.onset) & (times < note.offset) & (dry.f0 > 0)
        near += (abs(69 + 12 * np.log2(dry.f0[inside] / 440) - note.pitch) < 2).tolist()
    assert len(near) > 100
    assert np.mean(near) > 0.9


def test_words_have_short_notes_whose_pitch_bends() -> None:
    """Shorter than a voice's on the average, and their pitch moves about their middle."""

    def lengths_and_bends(kind: str) -> tuple[float, float]:
        lengths, bends = [], []
        for seed in range(6):
            dry = made(kind, seed, 3.0)
            times = np.arange(len(dry.f0)) * varied.F0_SECONDS
            for note in dry.notes:
                quarter = note.duration / 4
                inside = (times >= note.onset + quarter) & (times < note.offset - quarter)
                f0 = dry.f0[inside & (dry.f0 > 0)]
                if f0.size > 4:
                    lengths.append(note.duration)
                    bends.append(np.ptp(1200 * np.log2(f0)))
        return float(np.median(lengths)), float(np.median(bends))

    words, voice = lengths_and_bends("words"), lengths_and_bends("voice")
    assert words[0] < 0.7 * voice[0]
    # within half of a shorter note it goes further
    assert words[1] / words[0] > 1.5 * voice[1] / voice[0]


def test_shares_are_of_a_whole() -> None:
    assert sum(varied.SHARES.values()) == pytest.approx(1)
    assert set(varied.SHARES) == set(varied._MAKERS)
