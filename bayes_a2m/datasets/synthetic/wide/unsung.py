"""Sounds without a note: speech, noise, drums, birds, clicks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.ndimage import gaussian_filter1d

from bayes_a2m.datasets.conditions import spectrum
from bayes_a2m.datasets.conditions.source import ColouredNoise, Fan, Hum, Source
from bayes_a2m.datasets.synthetic import voice
from bayes_a2m.datasets.synthetic.intonation import hertz
from bayes_a2m.datasets.synthetic.score import SungNote, draw_score
from bayes_a2m.datasets.synthetic.tract import VOWELS
from bayes_a2m.datasets.synthetic.wander import wander
from bayes_a2m.datasets.synthetic.wide.dry import Dry, Floats, audible_f0, unvoiced
from bayes_a2m.datasets.synthetic.wide.line import close_lips, draw_voice
from bayes_a2m.datasets.synthetic.wide.rendering import render

SPOKEN = ((40.0, 52.0), (50.0, 62.0), (58.0, 70.0))
"""MIDI numbers about which men, women and children speak."""


def speak(generator: np.random.Generator, seconds: float, sample_rate: int) -> Dry:
    """Speak: syllables of changing vowels whose pitch glides, phrases that fall, pauses.

    It is voiced, with a fundamental, and has no notes.
    """
    g = generator
    singer, _ = draw_voice(g)
    person = int(g.integers(3))
    middle = g.uniform(*SPOKEN[person])
    singer = replace(
        singer,
        tract_scale=g.uniform(*((0.88, 1.1), (1.05, 1.25), (1.2, 1.5))[person]),
        vowels=tuple(VOWELS),
        consonants=g.uniform(0.4, 0.9),
        legato=g.uniform(0.5, 1.0),
        jitter=g.uniform(0.005, 0.02),
    )
    syllables = g.uniform(150, 380)
    drawn = draw_score(g, singer, (round(middle),), seconds, tempo=(syllables, syllables))
    notes, starts = _phrases(g, drawn)
    curves = close_lips(g, notes, voice.perform(g, singer, notes, seconds))
    f0 = hertz(middle + _melody(g, curves.times, notes, starts))
    curves = replace(curves, f0=np.clip(f0, 55.0, 700.0))
    samples = render(g, singer, notes, curves, sample_rate)
    return Dry(samples, (), audible_f0(curves, seconds))


def rustle(generator: np.random.Generator, seconds: float, sample_rate: int) -> Dry:
    """Make noise of any colour, hum, a fan, gusts, or next to nothing."""
    g = generator
    size = round(seconds * sample_rate)
    kind = int(g.integers(5))
    if kind == 0:
        source: Source = Hum(frequency=50 if g.random() < 0.5 else 60, fall_db=g.uniform(1, 8))
    elif kind == 1:
        source = Fan(blade=g.uniform(80, 450), centre=g.uniform(150, 900))
    else:
        source = ColouredNoise(corner=g.uniform(30, 4000), slope_db=g.uniform(0, 18))
    samples = source.sound(size, sample_rate, g)
    if kind == 2:
        samples = samples * np.exp(wander(g, size, sample_rate, 0.8, g.uniform(0.05, 0.5)))
    if kind == 3:
        band = spectrum.bell(300 * 2 ** g.uniform(0, 4), 40.0, g.uniform(0.4, 1.5))
        samples = spectrum.noise(size, sample_rate, g, band)
    return Dry(samples * 10 ** (g.uniform(-70, -18) / 20), (), unvoiced(seconds))


def drum(generator: np.random.Generator, seconds: float, sample_rate: int) -> Dry:
    """Strike drums, cymbals, wood and clicks, in time or out of it."""
    g = generator
    size = round(seconds * sample_rate)
    samples = 1e-4 * g.standard_normal(size)
    beat, at = g.uniform(0.1, 0.5), g.uniform(0, 0.3)
    kinds = g.choice(4, size=3)
    while at < seconds - 0.05:
        first = round(at * sample_rate)
        length = min(size - first, round(0.8 * sample_rate))
        struck = _stroke(g, int(g.choice(kinds)), length, sample_rate)
        samples[first : first + length] += g.uniform(0.05, 0.4) * struck
        at += beat * float(g.choice([0.5, 1.0, 1.0, 2.0])) * (1 + 0.03 * g.standard_normal())
    return Dry(samples, (), unvoiced(seconds))


def chirp(generator: np.random.Generator, seconds: float, sample_rate: int) -> Dry:
    """Chirp as birds do: short sweeps and trills far above a voice."""
    g = generator
    size = round(seconds * sample_rate)
    air = ColouredNoise(corner=g.uniform(100, 2000), slope_db=g.uniform(3, 9))
    samples = 10 ** (g.uniform(-70, -40) / 20) * air.sound(size, sample_rate, g)
    at = g.uniform(0, 0.5)
    while at < seconds - 0.3:
        length = g.uniform(0.04, 0.25)
        time = np.arange(round(length * sample_rate)) / sample_rate
        low, high = np.sort(g.uniform(1700, 7000, 2))
        way = np.sin(np.pi * time / length * g.choice([0.5, 1.0, 6.0])) ** 2
        cycles = np.cumsum(np.minimum(low + (high - low) * way, 0.45 * sample_rate)) / sample_rate
        first = round(at * sample_rate)
        sound = np.sin(2 * np.pi * cycles) * np.hanning(time.size)
        samples[first : first + time.size] += g.uniform(0.02, 0.2) * sound[: size - first]
        at += length + g.exponential(0.2)
    return Dry(samples, (), unvoiced(seconds))


def _stroke(g: np.random.Generator, kind: int, length: int, sample_rate: int) -> Floats:
    """One stroke of a drum (0), a cymbal or snare (1), wood (2), or a click (3)."""
    since = np.arange(length) / sample_rate
    if kind == 0:
        low = g.uniform(45, 160)
        cycles = low * since + g.uniform(2, 8) * (1 - np.exp(-since / 0.03))
        struck: Floats = np.exp(-since / g.uniform(0.03, 0.15)) * np.sin(2 * np.pi * cycles)
        return struck
    if kind == 1:
        colour = spectrum.tilt(g.uniform(-3, 6))
        noise = spectrum.noise(length, sample_rate, g, colour)
        return noise * np.exp(-since / g.uniform(0.01, 0.2))
    if kind == 2:
        modes = g.uniform(300, 3000) * np.array([1.0, 2.76, 5.40])
        modes = modes[modes < 0.45 * sample_rate]
        rings = np.sin(2 * np.pi * modes[:, None] * since).sum(axis=0)
        wood: Floats = np.exp(-since / g.uniform(0.004, 0.02)) * rings
        return wood
    click = np.zeros(length)
    click[: int(g.integers(1, 12))] = g.choice([-1.0, 1.0])
    return click


def _phrases(g: np.random.Generator, notes: list[SungNote]) -> tuple[list[SungNote], list[float]]:
    """The syllables without those that fall into pauses, and where phrases start."""
    kept: list[SungNote] = []
    starts: list[float] = [notes[0].onset]
    end, pause = notes[0].onset + g.uniform(0.6, 3.0), 0.0
    for note in notes:
        if note.onset >= end and pause == 0.0:
            pause = end + g.uniform(0.15, 0.9)
        if pause:
            if note.onset < pause:
                continue
            starts.append(note.onset)
            end, pause = note.onset + g.uniform(0.6, 3.0), 0.0
        kept.append(replace(note, scoop_cents=0.0, slide_seconds=0.0))
    return kept, starts


def _melody(
    g: np.random.Generator, times: Floats, notes: list[SungNote], starts: list[float]
) -> Floats:
    """Semitones off the middle: phrases fall, syllables rise and fall, nothing rests."""
    place = np.maximum(np.searchsorted(starts, times, side="right") - 1, 0)
    since = times - np.asarray(starts)[place]
    curve: Floats = g.uniform(1, 5) - g.uniform(1, 5) * since
    rate = 1 / (times[1] - times[0])
    lively = g.uniform(0.5, 3.0)
    for note in notes:
        length = note.offset - note.onset
        here = slice(*np.searchsorted(times, [note.onset - 0.3 * length, note.offset]))
        bump = np.hanning(max(here.stop - here.start, 1))
        curve[here] += lively * g.normal(0.3, 1.0) * bump
        curve[here] += lively * g.normal(0, 0.7) * np.linspace(-0.5, 0.5, bump.size)
    curve = gaussian_filter1d(curve, 0.02 * rate, mode="nearest")
    smooth = wander(g, len(times), rate, g.uniform(0.3, 1.5), 0.15)
    curve += gaussian_filter1d(smooth, 0.02 * rate, mode="nearest")
    return curve
