"""Sounds with notes: voices, humming, whistling, and tones like those of instruments."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bayes_a2m.datasets.conditions import spectrum
from bayes_a2m.datasets.synthetic import voice
from bayes_a2m.datasets.synthetic.score import SungNote
from bayes_a2m.datasets.synthetic.wide.dry import Dry, Floats, audible_f0, sounding_notes
from bayes_a2m.datasets.synthetic.wide.line import (
    HIGHEST,
    LOWEST,
    close_lips,
    draw_line,
    draw_voice,
)
from bayes_a2m.datasets.synthetic.wide.rendering import TICK, harmonics, in_band, render

WHISTLED = (69, 96)
"""MIDI numbers between which people whistle."""


def sing(generator: np.random.Generator, seconds: float, sample_rate: int) -> Dry:
    """Sing a line with vowels and consonants."""
    singer, register = draw_voice(generator)
    notes = draw_line(generator, singer, seconds, register.low, register.high)
    curves = voice.perform(generator, singer, notes, seconds)
    curves = close_lips(generator, notes, curves)
    samples = render(generator, singer, notes, curves, sample_rate)
    return Dry(samples, sounding_notes(notes, curves, seconds), audible_f0(curves, seconds))


def hum(generator: np.random.Generator, seconds: float, sample_rate: int) -> Dry:
    """Hum a line: the mouth stays shut."""
    singer, register = draw_voice(generator)
    singer = replace(singer, consonants=generator.uniform(0, 0.3))
    drawn = draw_line(generator, singer, seconds, register.low, register.high)
    notes = [replace(n, consonant="m", consonant_seconds=n.offset - n.onset) for n in drawn]
    curves = voice.perform(generator, singer, notes, seconds)
    samples = render(generator, singer, notes, curves, sample_rate)
    return Dry(samples, sounding_notes(notes, curves, seconds), audible_f0(curves, seconds))


def whistle(generator: np.random.Generator, seconds: float, sample_rate: int) -> Dry:
    """Whistle a line: nearly a sine, with breath around it."""
    g = generator
    singer, _ = draw_voice(g)
    singer = replace(singer, consonants=0.0)
    notes = draw_line(g, singer, seconds, *WHISTLED)
    curves = voice.perform(g, singer, notes, seconds)
    tones = np.array([1.0, g.uniform(0, 0.05), g.uniform(0, 0.02)])
    samples = _tones(curves, tones, sample_rate)
    size = len(samples)
    level = _amplitude(curves, size, sample_rate)
    centre = float(np.median(curves.f0))
    air = spectrum.noise(size, sample_rate, g, spectrum.bell(centre, 30.0, g.uniform(0.5, 2.0)))
    samples += air * level * 10 ** (-g.uniform(8, 40) / 20)
    return Dry(0.1 * samples, sounding_notes(notes, curves, seconds), audible_f0(curves, seconds))


def play(generator: np.random.Generator, seconds: float, sample_rate: int) -> Dry:
    """Play a line on no instrument in particular: steady or plucked, odd harmonics alone at times.

    Plucked harmonics die away the faster the higher they are.
    """
    g = generator
    singer, _ = draw_voice(g)
    singer = replace(
        singer, consonants=0.0, scoops=0.0, drift_cents=2.0, intonation_cents=4.0, hnr_db=60.0
    )
    drawn = draw_line(g, singer, seconds, LOWEST, HIGHEST)
    fall = g.uniform(10, 80) if g.random() < 0.5 else 0.0
    notes = [_struck(g, note, fall) for note in drawn]
    curves = voice.perform(g, singer, notes, seconds)
    number = np.arange(1, 41)
    tones: Floats = np.exp(g.normal(0, 0.6, number.size) - g.uniform(0.5, 2.5) * np.log(number))
    if g.random() < 0.25:
        tones[1::2] *= g.uniform(0, 0.15)
    decay = np.zeros_like(curves.times)
    for note in notes:
        here = slice(*np.searchsorted(curves.times, [note.onset, note.offset]))
        decay[here] = fall * (curves.times[here] - note.onset)
    curves = replace(curves, level_db=curves.level_db - decay)
    samples = 0.1 * _tones(curves, tones, sample_rate, 0.1 * decay)
    return Dry(samples, sounding_notes(notes, curves, seconds), audible_f0(curves, seconds))


def _struck(g: np.random.Generator, note: SungNote, fall: float) -> SungNote:
    """The note with an instrument's attack, ended where it has died away by 28 dB."""
    attack = g.uniform(0.003, 0.03)
    if not fall:
        return replace(note, attack=attack)
    offset = min(note.offset, note.onset + 28 / fall)
    return replace(note, attack=attack, offset=offset, slide_seconds=0.0)


def _tones(
    curves: voice.Curves, tones: Floats, sample_rate: int, damping_db: Floats | None = None
) -> Floats:
    """Harmonics of these strengths along the curves; each loses ``damping_db`` for its number."""
    size, hop = round(curves.times[-1] * sample_rate), round(TICK * sample_rate)
    times = np.arange(size // hop + 2) * hop / sample_rate
    f0 = curves.f0_at(times)
    number = np.arange(1, len(tones) + 1)
    level = np.interp(times, curves.times, np.maximum(curves.level_db, -120.0))[:, None]
    if damping_db is not None:
        level = level - np.interp(times, curves.times, damping_db)[:, None] * (number - 1)
    amplitudes = tones * 10 ** (level / 20) * in_band(number * f0[:, None], sample_rate)
    amplitudes /= np.sqrt(np.square(tones).sum() / 2)
    phase = np.cumsum(curves.f0_at(np.arange(size) / sample_rate)) / sample_rate
    return harmonics(phase, amplitudes.astype(np.complex128), hop)


def _amplitude(curves: voice.Curves, size: int, sample_rate: int) -> Floats:
    times = np.arange(size) / sample_rate
    level = np.interp(times, curves.times, np.maximum(curves.level_db, -120.0))
    amplitude: Floats = 10 ** (level / 20)
    return amplitude
