"""Varied recordings to train a model of any voice and any pitch on.

Most are sung: any voice from A1 up, any scale, tempo, tuning and articulation, notes bound by
voiced consonants among them, which are the hardest to part. Some have words, whose notes are as
short as syllables and bend and slide as speech does: a model that hears few of them takes songs for
speech. Some are hummed, whistled or played, and some have no note at all: speech, which has a pitch
and no notes, noise, drums and birds. They go through the recording conditions, some through a lossy
codec, and come out at any level.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.datasets import conditions
from bayes_a2m.datasets.synthetic import voice
from bayes_a2m.datasets.synthetic.intonation import hertz
from bayes_a2m.datasets.synthetic.score import VOICED, SungNote, draw_score
from bayes_a2m.datasets.synthetic.singer import Singer, draw_singer
from bayes_a2m.datasets.synthetic.tract import VOWELS
from bayes_a2m.datasets.synthetic.wander import wander
from bayes_a2m.music import Note
from bayes_a2m.music.notes import clip

Floats = NDArray[np.float64]

SHARES: Mapping[str, float] = MappingProxyType(
    {
        "voice": 0.49,
        "words": 0.22,
        "hum": 0.05,
        "whistle": 0.03,
        "instrument": 0.07,
        "speech": 0.05,
        "noise": 0.04,
        "drums": 0.03,
        "birds": 0.02,
    }
)
"""How often each kind is drawn."""

SCALES = (
    (0, 2, 4, 5, 7, 9, 11, 12),
    (0, 2, 3, 5, 7, 8, 10, 12),
    (0, 2, 4, 7, 9, 12),
    tuple(range(13)),
)
"""Semitones of the scales that a line keeps to: major, minor, pentatonic, all."""

F0_SECONDS = 0.005
"""Distance of two values of the true fundamental."""

AUDIBLE_DB = -30.0
"""Level against the voice's own above which it counts as voiced."""

LOWEST, HIGHEST = 36, 84
"""MIDI numbers of the lowest and the highest note."""


@dataclass(frozen=True)
class VariedRecording:
    """Recording whose truth is known.

    Attributes
    ----------
    samples
        Shape ``(samples,)``.
    notes
        Notes as they sound; empty of kinds without any.
    f0
        Fundamental every 5 ms, Hz, 0 where unvoiced; speech has one.
    kind
        One of :data:`SHARES`.
    condition
        Name of the recording condition, "" for none.
    """

    samples: NDArray[np.float32]
    notes: tuple[Note, ...]
    f0: Floats
    kind: str
    condition: str


@dataclass(frozen=True)
class _Dry:
    """Sound before the condition, with its truth."""

    samples: NDArray[np.floating]
    notes: tuple[Note, ...]
    f0: Floats


def varied_recording(
    generator: np.random.Generator, *, seconds: float, sample_rate: int = 16000
) -> VariedRecording:
    """Draw a recording of any kind.

    Parameters
    ----------
    generator
        Source of every draw.
    seconds, sample_rate
        Length and rate.
    """
    kinds = list(SHARES)
    kind = kinds[int(generator.choice(len(kinds), p=list(SHARES.values())))]
    dry = _MAKERS[kind](generator, seconds, sample_rate)
    samples, condition = np.asarray(dry.samples, dtype=np.float32), ""
    if generator.random() < 0.85:
        names = conditions.CONDITIONS
        drawn = conditions.draw(
            names[int(generator.integers(len(names)))], 4 * generator.random() ** 1.3, generator
        )
        samples, condition = drawn.apply(samples, sample_rate), drawn.name
    if generator.random() < 0.1:
        samples = _coded(samples, sample_rate)
    level = 10 ** (-generator.uniform(0, 30) / 20)
    peak = max(float(np.abs(samples).max()), 1e-6)
    samples = (samples * np.float32(level * min(1.0, 1.0 / peak))).astype(np.float32)
    return VariedRecording(samples, dry.notes, dry.f0, kind, condition)


# ---- what is sung ----


def _singer(g: np.random.Generator, middle: float) -> Singer:
    """A singer of any kind: children sing high, and in a short tract."""
    singer = draw_singer(g, float(hertz(np.array(middle))))
    amateur = g.random()
    return replace(
        singer,
        tract_scale=singer.tract_scale * float(np.exp(g.normal(0, 0.08))),
        vibrato_cents=float(g.choice([0.0, 1.0])) * g.uniform(10, 110),
        vibrato_hz=g.uniform(4.0, 7.5),
        tuning_cents=float(np.clip(g.normal(0, 15), -45, 45)),
        intonation_cents=5 + 25 * amateur,
        drift_cents=g.uniform(3, 18),
        hnr_db=g.uniform(2, 32),
        consonants=g.uniform(0.0, 1.0),
        legato=g.choice([g.uniform(0, 0.5), g.uniform(0.7, 1.0)]),
        scoops=g.uniform(0.1, 0.9),
        tilt_db=g.uniform(2, 30),
    )


def _line(
    g: np.random.Generator,
    singer: Singer,
    middle: int,
    seconds: float,
    *,
    slowest: float | None = None,
) -> list[SungNote]:
    """A line of notes around a pitch, some of them bound by their consonants."""
    scale = SCALES[int(g.integers(len(SCALES)))]
    span = int(g.integers(3, 15))
    low = int(np.clip(middle - span // 2, LOWEST, HIGHEST - 3))
    pitches = [low + s for s in scale if s <= span and low + s <= HIGHEST]
    if g.random() < 0.3:
        chosen = g.choice(
            len(pitches), size=min(len(pitches), int(g.integers(1, 4))), replace=False
        )
        pitches = sorted(pitches[i] for i in chosen)
    slowest = slowest or g.uniform(45, 140)
    notes = draw_score(g, singer, pitches, seconds, tempo=(slowest, slowest + 70))
    bound = g.uniform(0, 1)
    for i in range(1, len(notes)):
        gap = notes[i].onset - notes[i - 1].offset
        if notes[i].consonant in VOICED and gap < 0.08 and g.random() < bound:
            notes[i - 1] = replace(notes[i - 1], offset=notes[i].onset)
            notes[i] = replace(notes[i], slide_seconds=g.uniform(0.02, 0.08), scoop_cents=0.0)
    return notes


def _middle(g: np.random.Generator) -> int:
    return int(np.clip(round(g.normal(58, 10)), LOWEST + 3, HIGHEST - 5))


def _truth(notes: list[SungNote], curves: voice.Curves, seconds: float) -> tuple[Note, ...]:
    """Notes at the semitone that is nearest to what is sung, where it is another than meant."""
    found = []
    for note in notes:
        inside = (curves.times >= note.onset) & (curves.times < note.offset)
        sung = 69 + 12 * np.log2(np.median(curves.f0[inside]) / 440) if inside.any() else note.pitch
        pitch = note.pitch if abs(sung - note.pitch) <= 0.5 else round(float(sung))
        found.append(Note(note.onset, note.offset, pitch))
    return tuple(clip(found, seconds))


def _audible(curves: voice.Curves, seconds: float) -> Floats:
    times = np.arange(round(seconds / F0_SECONDS), dtype=np.float64) * F0_SECONDS
    level = np.interp(times, curves.times, np.maximum(curves.level_db, -120))
    return np.where(level > AUDIBLE_DB, curves.f0_at(times), 0.0)


def _voice(g: np.random.Generator, seconds: float, rate: int) -> _Dry:
    middle = _middle(g)
    singer = _singer(g, middle)
    notes = _line(g, singer, middle, seconds)
    curves = voice.perform(g, singer, notes, seconds)
    samples = voice.render(g, singer, notes, curves, rate)
    return _Dry(samples, _truth(notes, curves, seconds), _audible(curves, seconds))


def _words(g: np.random.Generator, seconds: float, rate: int) -> _Dry:
    """A song with words: a note a syllable, whose pitch bends within it and slides to the next."""
    middle = _middle(g)
    singer = _singer(g, middle)
    singer = replace(
        singer,
        vowels=tuple(g.choice(list(VOWELS), size=4, replace=False)),
        consonants=g.uniform(0.5, 1.0),
        legato=g.uniform(0.6, 1.0),
        drift_cents=g.uniform(5, 30),
        intonation_cents=g.uniform(10, 40),
        vibrato_cents=singer.vibrato_cents * (g.random() < 0.4),
    )
    notes = _line(g, singer, middle, seconds, slowest=g.uniform(100, 260))
    slides = g.uniform(0.2, 1.0)
    for i in range(1, len(notes)):
        gap = notes[i].onset - notes[i - 1].offset
        # lips and tongue stop the sound, not the folds: pitch moves on under a consonant
        if gap < 0.12 and g.random() < slides:
            longest = 0.8 * (notes[i].offset - notes[i].onset)
            notes[i] = replace(notes[i], slide_seconds=min(g.uniform(0.04, 0.16), longest))
    curves = voice.perform(g, singer, notes, seconds)
    curves = replace(curves, f0=curves.f0 * 2 ** (_bends(g, notes, curves.times) / 1200))
    samples = voice.render(g, singer, notes, curves, rate)
    return _Dry(samples, _truth(notes, curves, seconds), _audible(curves, seconds))


def _bends(g: np.random.Generator, notes: list[SungNote], times: Floats) -> Floats:
    """Cents by which the pitch of every note rises or falls about its middle, as in speech."""
    bends, steep = np.zeros(len(times)), g.uniform(0, 60)
    for note in notes:
        inside = (times >= note.onset) & (times < note.offset)
        way = (times[inside] - note.onset) / (note.offset - note.onset) - 0.5
        bends[inside] = 2 * g.normal(0, steep) * way
    width = round(0.04 / (times[1] - times[0]))
    smooth: Floats = np.convolve(bends, np.hanning(width) / np.hanning(width).sum(), mode="same")
    return smooth


def _hum(g: np.random.Generator, seconds: float, rate: int) -> _Dry:
    """A voice whose mouth stays shut."""
    middle = _middle(g)
    singer = replace(_singer(g, middle), consonants=0.0)
    notes = [
        replace(n, consonant="m", consonant_seconds=n.offset - n.onset)
        for n in _line(g, singer, middle, seconds)
    ]
    curves = voice.perform(g, singer, notes, seconds)
    samples = voice.render(g, singer, notes, curves, rate)
    return _Dry(samples, _truth(notes, curves, seconds), _audible(curves, seconds))


def _whistle(g: np.random.Generator, seconds: float, rate: int) -> _Dry:
    """Nearly a sine, with breath around it; what lies above the vocabulary is left out."""
    singer = replace(_singer(g, 72), consonants=0.0)
    notes = _line(g, singer, int(g.integers(70, 81)), seconds)
    curves = voice.perform(g, singer, notes, seconds)
    sine = _harmonics(curves, np.array([1.0, g.uniform(0, 0.03)]), seconds, rate)
    breath = _coloured(g, len(sine), rate, -3.0) * 10 ** (-g.uniform(15, 40) / 20)
    level = 10 ** (np.interp(_clock(sine, rate), curves.times, _finite(curves.level_db)) / 20)
    samples = 0.1 * (sine + breath * level)
    return _Dry(samples, _truth(notes, curves, seconds), _audible(curves, seconds))


def _instrument(g: np.random.Generator, seconds: float, rate: int) -> _Dry:
    """Steady or plucked tones of any spectrum, odd harmonics alone among them."""
    middle = _middle(g)
    singer = replace(
        _singer(g, middle), consonants=0.0, scoops=0.0, drift_cents=2.0, intonation_cents=4.0
    )
    notes = _line(g, singer, middle, seconds)
    curves = voice.perform(g, singer, notes, seconds)
    number = np.arange(1, 25)
    slope, uneven = g.uniform(0.5, 2.5), g.normal(0, 0.7, number.size)
    loud: Floats = np.exp(uneven - slope * np.log(number))
    if g.random() < 0.25:
        loud[1::2] *= g.uniform(0, 0.15)
    if g.random() < 0.5:
        decay = g.uniform(15, 90)
        level = curves.level_db.copy()
        for note in notes:
            inside = (curves.times >= note.onset) & (curves.times < note.offset)
            level[inside] -= decay * (curves.times[inside] - note.onset)
        curves = replace(curves, level_db=level)
    samples = 0.1 * _harmonics(curves, loud, seconds, rate)
    return _Dry(samples, _truth(notes, curves, seconds), _audible(curves, seconds))


# ---- what is not ----


def _speech(g: np.random.Generator, seconds: float, rate: int) -> _Dry:
    """A voice whose pitch never rests: syllables that glide, phrases that fall, and pauses."""
    middle = float(g.uniform(42, 66))
    singer = replace(_singer(g, middle), vibrato_cents=0.0, consonants=g.uniform(0.5, 1.0))
    syllable = g.uniform(170, 330)
    notes = draw_score(g, singer, (int(middle),), seconds, tempo=(syllable, syllable + 60))
    kept, phrase_end = [], g.uniform(0.8, 3.0)
    for note in notes:
        if note.onset > phrase_end:
            phrase_end = note.onset + g.uniform(0.8, 3.0)
            continue
        kept.append(replace(note, scoop_cents=0.0))
    notes = kept or notes
    curves = voice.perform(g, singer, notes, seconds)
    count, pace = len(curves.times), 1 / (curves.times[1] - curves.times[0])
    melody = wander(g, count, pace, g.uniform(150, 400), g.uniform(0.1, 0.3))
    width = int(0.06 * pace)
    melody = np.convolve(melody, np.hanning(width) / np.hanning(width).sum(), mode="same")
    fall = -g.uniform(100, 500) * ((curves.times % g.uniform(1.0, 3.0)) - 0.5)
    f0 = hertz(middle + (melody + fall) / 100)
    curves = replace(curves, f0=np.clip(f0, 60, 600))
    samples = voice.render(g, singer, notes, curves, rate)
    return _Dry(samples, (), _audible(curves, seconds))


def _noise(g: np.random.Generator, seconds: float, rate: int) -> _Dry:
    """Noise of any colour, hum, or next to nothing."""
    size = round(seconds * rate)
    samples = _coloured(g, size, rate, g.uniform(-12, 3)) * 10 ** (g.uniform(-60, -15) / 20)
    if g.random() < 0.3:
        mains = float(g.choice([50.0, 60.0]))
        time = np.arange(size) / rate
        for h in range(1, 8):
            samples += 0.02 * g.random() / h * np.sin(2 * np.pi * (mains * h * time + g.random()))
    return _Dry(samples, (), _silent(seconds))


def _drums(g: np.random.Generator, seconds: float, rate: int) -> _Dry:
    """Strokes of noise, falling thuds and clicks."""
    size = round(seconds * rate)
    samples, time = 1e-4 * g.standard_normal(size), np.arange(size) / rate
    beat, at = g.uniform(0.1, 0.5), g.uniform(0, 0.3)
    while at < seconds - 0.05:
        since = time[time >= at] - at
        decay = np.exp(-since / g.uniform(0.01, 0.15))
        if g.random() < 0.4:
            low = g.uniform(45, 160)
            cycles = low * since + g.uniform(2, 8) * (1 - np.exp(-since / 0.03))
            stroke = decay * np.sin(2 * np.pi * cycles)
        else:
            stroke = decay * _coloured(g, since.size, rate, g.uniform(-6, 6))
        samples[size - since.size :] += g.uniform(0.05, 0.4) * stroke
        at += beat * float(g.choice([0.5, 1.0, 1.0, 2.0]))
    return _Dry(samples, (), _silent(seconds))


def _birds(g: np.random.Generator, seconds: float, rate: int) -> _Dry:
    """Short sweeps far above a voice."""
    size = round(seconds * rate)
    samples, at = 1e-3 * _coloured(g, size, rate, -3.0), g.uniform(0, 0.5)
    while at < seconds - 0.3:
        length = g.uniform(0.04, 0.25)
        time = np.arange(round(length * rate)) / rate
        low, high = np.sort(g.uniform(1600, 7000, 2))
        way = np.sin(np.pi * time / length * g.choice([0.5, 1.0, 6.0])) ** 2
        cycles = np.cumsum(low + (high - low) * way) / rate
        start = round(at * rate)
        samples[start : start + time.size] += (
            g.uniform(0.02, 0.2) * np.sin(2 * np.pi * cycles) * np.hanning(time.size)
        )
        at += length + g.exponential(0.2)
    return _Dry(samples, (), _silent(seconds))


_MAKERS: Mapping[str, Callable[[np.random.Generator, float, int], _Dry]] = MappingProxyType(
    {
        "voice": _voice,
        "words": _words,
        "hum": _hum,
        "whistle": _whistle,
        "instrument": _instrument,
        "speech": _speech,
        "noise": _noise,
        "drums": _drums,
        "birds": _birds,
    }
)


# ---- parts ----


def _silent(seconds: float) -> Floats:
    return np.zeros(round(seconds / F0_SECONDS))


def _clock(samples: Floats, rate: int) -> Floats:
    return np.arange(len(samples)) / rate


def _finite(level_db: Floats) -> Floats:
    return np.maximum(level_db, -120.0)


def _harmonics(curves: voice.Curves, loud: Floats, seconds: float, rate: int) -> Floats:
    """Harmonics of the fundamental at fixed strengths, none above half the rate."""
    time = np.arange(round(seconds * rate)) / rate
    f0 = curves.f0_at(time)
    cycles = np.cumsum(f0) / rate
    level = 10 ** (np.interp(time, curves.times, _finite(curves.level_db)) / 20)
    samples = np.zeros(len(time))
    for h, strength in enumerate(loud, start=1):
        if h * f0.min() > 0.48 * rate:
            break
        samples += strength * (h * f0 < 0.48 * rate) * np.sin(2 * np.pi * h * cycles)
    scaled: Floats = samples * level / np.sqrt(np.square(loud).sum() / 2)
    return scaled


def _coloured(g: np.random.Generator, size: int, rate: int, slope_db: float) -> Floats:
    """Noise of unit power whose spectrum rises by so many decibels an octave."""
    if not size:
        return np.zeros(0)
    frequency = np.maximum(np.fft.rfftfreq(size, 1 / rate), 30.0)
    shape = (frequency / 500) ** (slope_db / 6.02)
    noise = np.fft.irfft(np.fft.rfft(g.standard_normal(size)) * shape, size)
    unit: Floats = noise / max(float(np.sqrt(np.mean(noise**2))), 1e-9)
    return unit


def _coded(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """There and back through a lossy codec that keeps time (Ogg Vorbis)."""
    import soundfile

    memory = io.BytesIO()
    soundfile.write(memory, samples, rate, format="OGG", subtype="VORBIS")
    memory.seek(0)
    decoded, _ = soundfile.read(memory, dtype="float32")
    coded = np.zeros_like(samples)
    kept = min(len(coded), len(decoded))
    coded[:kept] = decoded[:kept]
    return coded
