"""Recordings of every kind: their truth is true."""

import dataclasses

import numpy as np
import pytest

from bayes_a2m.datasets.synthetic import voice
from bayes_a2m.datasets.synthetic.score import SungNote
from bayes_a2m.datasets.synthetic.singer import draw_singer
from bayes_a2m.datasets.synthetic.wide import KINDS, wide_recording
from bayes_a2m.datasets.synthetic.wide.codec import CODECS, available, through_codec
from bayes_a2m.datasets.synthetic.wide.dry import audible_f0, sounding_notes
from bayes_a2m.datasets.synthetic.wide.line import bind
from bayes_a2m.datasets.synthetic.wide.recording import QUIETEST_DB, WITHOUT_NOTES
from bayes_a2m.datasets.synthetic.wide.rendering import harmonics, in_band, render
from bayes_a2m.errors import InputError

RATE = 16000

PLAIN = dataclasses.replace(
    draw_singer(np.random.default_rng(0), 220.0),
    tract_scale=1.0,
    vowels=("ɑ",),
    open_quotient=0.6,
    tilt_db=10.0,
    tilt_per_db=0.0,
    shimmer=0.0,
    jitter=0.0,
    hnr_db=120.0,
    vibrato_cents=0.0,
    drift_cents=0.0,
    tuning_cents=0.0,
    waver_db=0.0,
)


def _note(onset: float, offset: float, pitch: int, **changes: object) -> SungNote:
    plain = SungNote(
        onset=onset,
        offset=offset,
        pitch=pitch,
        labelled=True,
        error_cents=0.0,
        scoop_cents=0.0,
        scoop_seconds=0.05,
        slide_seconds=0.0,
        level_db=0.0,
        swell_db=0.0,
        attack=0.03,
        release=0.05,
        vowels=("ɑ", "ɑ"),
        consonant="",
        consonant_seconds=0.0,
        breath_seconds=0.0,
        breath_db=0.0,
    )
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]


def _sung(notes: list[SungNote], seconds: float, seed: int = 0) -> tuple[np.ndarray, voice.Curves]:
    generator = np.random.default_rng(seed)
    curves = voice.perform(generator, PLAIN, notes, seconds)
    return render(generator, PLAIN, notes, curves, RATE), curves


@pytest.mark.parametrize("kind", KINDS)
def test_a_recording_is_drawn_from_its_seed_alone_and_is_whole(kind):
    first, again = (
        wide_recording(np.random.default_rng(5), seconds=1.5, kind=kind) for _ in range(2)
    )
    np.testing.assert_array_equal(first.samples, again.samples)
    assert first.notes == again.notes
    assert first.conditions == again.conditions
    assert first.samples.shape == (24000,)
    assert first.samples.dtype == np.float32
    assert first.f0.shape == (300,)
    assert 0 < np.abs(first.samples).max() <= 1
    assert first.kind == kind
    assert (not first.notes) == (kind in WITHOUT_NOTES)
    assert all(0 <= n.onset < n.offset <= 1.5 for n in first.notes)


def test_speech_is_voiced_and_has_no_notes_and_its_pitch_does_not_rest():
    made = wide_recording(np.random.default_rng(2), seconds=4.0, kind="speech", clean=True)
    voiced = made.f0 > 0
    assert not made.notes
    assert 0.2 < voiced.mean() < 0.98
    both = voiced[1:] & voiced[:-1]
    speed = np.abs(1200 * np.diff(np.log2(np.maximum(made.f0, 1))))[both] / 0.005
    assert np.median(speed) > 300  # cents a second; a held note keeps to some dozen


@pytest.mark.parametrize("kind", ["noise", "drums", "birds"])
def test_noises_have_no_fundamental(kind):
    for seed in range(3):
        made = wide_recording(np.random.default_rng(seed), seconds=1.0, kind=kind)
        assert not made.f0.any()
        assert not made.notes


@pytest.mark.parametrize("kind", ["voice", "hum", "whistle", "instrument"])
def test_true_fundamental_is_at_the_true_notes_and_zero_without(kind):
    for seed in range(4):
        made = wide_recording(np.random.default_rng(seed), seconds=3.0, kind=kind, clean=True)
        times = np.arange(len(made.f0)) * 0.005
        inside = np.zeros(len(times), bool)
        for note in made.notes:
            here = (times >= note.onset) & (times < note.offset)
            inside |= here
            if note.duration > 0.15:
                midi = 69 + 12 * np.log2(np.median(made.f0[here & (made.f0 > 0)]) / 440)
                assert abs(midi - note.pitch) < 0.75
        assert not made.f0[~inside].any()


@pytest.mark.parametrize("pitch", [36, 57, 84])
def test_a_sung_tone_has_the_fundamental_that_is_told(pitch):
    samples, curves = _sung([_note(0.0, 2.0, pitch, error_cents=20.0)], 2.0)
    part = samples[8000:24000] * np.hanning(16000)
    power = np.abs(np.fft.rfft(part, 1 << 18)) ** 2
    frequency = np.arange(len(power)) * RATE / (1 << 18)
    f0 = 440 * 2 ** ((pitch + 0.2 - 69) / 12)
    assert audible_f0(curves, 2.0)[200] == pytest.approx(f0)
    near = np.abs(frequency - f0) < 0.3 * f0
    peak = frequency[near][power[near].argmax()]
    assert abs(1200 * np.log2(peak / f0)) < 2
    # all of the energy is at multiples of it; the window spreads some over 8 Hz
    off = np.abs(frequency / f0 - np.rint(frequency / f0)) * f0 > 8
    assert power[off].sum() < 1e-5 * power.sum()


def test_harmonics_of_unit_amplitude_are_cosines_and_none_is_made_above_the_band():
    phase = np.arange(1600) * 500 / RATE
    one = np.ones((21, 1), np.complex128)
    np.testing.assert_allclose(harmonics(phase, one, 80), np.cos(2 * np.pi * phase), atol=1e-9)
    assert in_band(np.array([100.0, 8000.0, 9000.0]), RATE).tolist() == [1.0, 0.0, 0.0]


def test_there_is_silence_where_no_note_is():
    samples, curves = _sung([_note(0.2, 0.6, 60), _note(1.0, 1.4, 64)], 1.6)
    assert np.abs(samples[: int(0.19 * RATE)]).max() < 1e-4
    assert np.abs(samples[int(0.7 * RATE) : int(0.99 * RATE)]).max() < 1e-3
    f0 = audible_f0(curves, 1.6)
    assert not f0[:40].any()
    assert f0[60] == pytest.approx(261.63, abs=0.1)
    loud = np.flatnonzero(np.abs(samples) > 0.05 * np.abs(samples).max()) / RATE
    assert loud[0] == pytest.approx(0.2, abs=0.03)  # the onset is where the label says


def test_the_loudness_of_pulses_and_of_harmonics_is_the_same():
    note = [_note(0.0, 1.0, 50)]
    curves = voice.perform(np.random.default_rng(0), PLAIN, note, 1.0)
    fast = render(np.random.default_rng(1), PLAIN, note, curves, RATE)
    slow = voice.render(np.random.default_rng(1), PLAIN, note, curves, RATE)
    spectra = [np.abs(np.fft.rfft(s[4000:12000] * np.hanning(8000))) for s in (fast, slow)]
    f0 = 440 * 2 ** ((50 - 69) / 12)
    peaks = [
        [s[round(k * f0 / 2) - 3 : round(k * f0 / 2) + 4].max() for k in range(1, 30)]
        for s in spectra
    ]
    np.testing.assert_allclose(20 * np.log10(np.divide(*peaks)), 0, atol=1.0)


def test_a_recording_half_a_semitone_flat_has_its_notes_where_they_sound():
    flat = [_note(0.0, 1.0, 60, error_cents=-60.0)]
    curves = voice.perform(np.random.default_rng(0), PLAIN, flat, 1.0)
    assert [n.pitch for n in sounding_notes(flat, curves, 1.0)] == [59]
    near = [_note(0.0, 1.0, 60, error_cents=-40.0)]
    curves = voice.perform(np.random.default_rng(0), PLAIN, near, 1.0)
    assert [n.pitch for n in sounding_notes(near, curves, 1.0)] == [60]


def test_syllables_of_one_pitch_are_bound_by_their_consonant():
    line = [
        _note(0.0, 0.47, 60),
        _note(0.5, 1.0, 60, consonant="n", consonant_seconds=0.06),
        _note(1.05, 1.5, 60),
    ]
    bound = bind(np.random.default_rng(0), line, 1.0)
    assert bound[0].offset == 0.5
    assert bound[1].slide_seconds > 0
    assert bound[1].offset == 1.0
    assert bound[2] == line[2]
    assert bind(np.random.default_rng(0), line, 0.0) == line


@pytest.mark.parametrize("codec", CODECS)
def test_codecs_lose_something_and_keep_time(codec):
    if not available(codec):
        pytest.skip(f"this libsndfile writes no {codec}")
    sound = np.zeros(16000, np.float32)
    sound[4000:12000] = 0.1 * np.random.default_rng(0).standard_normal(8000)
    coded = through_codec(sound, RATE, codec, 0.2)
    assert coded.shape == sound.shape
    assert not np.array_equal(coded, sound)
    correlation = np.fft.irfft(np.fft.rfft(coded) * np.conj(np.fft.rfft(sound)))
    assert correlation.argmax() == 0


def test_levels_and_bands_are_what_is_asked():
    peaks, narrow = [], 0
    for seed in range(60):
        made = wide_recording(np.random.default_rng(seed), seconds=0.5, kind="noise")
        peaks.append(20 * np.log10(np.abs(made.samples).max()))
        if "narrow" in made.conditions and not {"mp3", "ogg"} & set(made.conditions):
            power = np.abs(np.fft.rfft(made.samples)) ** 2
            above = np.arange(len(power)) * 2 > 4200
            assert power[above].sum() < 1e-3 * power.sum()
            narrow += 1
    assert narrow
    assert max(peaks) <= 0
    assert min(peaks) < -30
    assert np.mean(np.array(peaks) >= QUIETEST_DB - 1) > 0.5


def test_labels_can_be_as_inexact_as_peoples():
    made = wide_recording(np.random.default_rng(3), seconds=4.0, kind="voice", clean=True)
    exact = made.labels(np.random.default_rng(0))
    assert [n.pitch for n in exact] == [n.pitch for n in made.notes]
    late = made.labels(np.random.default_rng(0), lag=0.05)
    moved = [b.onset - a.onset for a, b in zip(exact, late, strict=False) if a.onset > 0]
    np.testing.assert_allclose(moved, 0.05, atol=1e-9)


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(InputError, match="no kind of recordings called 'opera'"):
        wide_recording(np.random.default_rng(0), seconds=1.0, kind="opera")
    with pytest.raises(InputError, match="too short"):
        wide_recording(np.random.default_rng(0), seconds=0.1)
