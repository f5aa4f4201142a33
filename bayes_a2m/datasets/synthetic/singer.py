"""Singers: what stays the same throughout a take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayes_a2m.datasets.synthetic.tract import VOWELS


@dataclass(frozen=True)
class Singer:
    """Singer, with the properties of one voice.

    Attributes
    ----------
    tract_scale
        Formants against a man's: above 1 for a shorter tract.
    bandwidth_scale, cluster
        Damping of the formants, and how far the upper three are drawn together.
    vowels
        Those this singer uses.
    open_quotient, tilt_db
        Of the glottal pulse at the singer's usual loudness.
    tilt_per_db
        Decibels of tilt (at 3 kHz) less for every decibel louder.
    shimmer, jitter
        Standard deviation of a pulse's amplitude and period, relative.
    hnr_db
        Voice over breath noise, decibels.
    vibrato_hz, vibrato_cents, vibrato_delay
        Rate, depth to either side, and seconds until it sets in.
    drift_cents, intonation_cents, tuning_cents
        Standard deviation of the slow wander and of each note's error; and the constant
        error of all.
    consonants, breaths, legato, scoops
        How often: a share of the onsets, rests, neighbours, onsets.
    dynamics_db, waver_db
        Standard deviation of notes' levels, and of the level within a note.
    """

    tract_scale: float
    bandwidth_scale: float
    cluster: float
    vowels: tuple[str, ...]
    open_quotient: float
    tilt_db: float
    tilt_per_db: float
    shimmer: float
    jitter: float
    hnr_db: float
    vibrato_hz: float
    vibrato_cents: float
    vibrato_delay: float
    drift_cents: float
    intonation_cents: float
    tuning_cents: float
    consonants: float
    breaths: float
    legato: float
    scoops: float
    dynamics_db: float
    waver_db: float


def draw_singer(generator: np.random.Generator, f0: float) -> Singer:
    """Draw a singer whose voice could reach ``f0`` Hz.

    The higher the notes, the shorter the tract: a man's below 200 Hz, a woman's or a child's
    from 350 Hz up.
    """
    g = generator
    height = float(np.clip(np.log(f0 / 200) / np.log(350 / 200), 0, 1))
    scale = g.uniform(0.85 + 0.15 * height, 1.10 + 0.15 * height)
    names = list(VOWELS)
    vowels = tuple(names[i] for i in g.choice(len(names), size=g.integers(1, 5), replace=False))
    return Singer(
        tract_scale=scale,
        bandwidth_scale=g.uniform(0.8, 1.6),
        cluster=g.uniform(0.0, 0.7),
        vowels=vowels,
        open_quotient=g.uniform(0.4, 0.7),
        tilt_db=g.uniform(3, 24),
        tilt_per_db=g.uniform(0.3, 0.9),
        shimmer=g.uniform(0.01, 0.04),
        jitter=g.uniform(0.003, 0.010),
        hnr_db=g.uniform(10, 30),
        vibrato_hz=g.uniform(4.5, 6.5),
        vibrato_cents=g.choice([0.0, 1.0]) * g.uniform(10, 80),
        vibrato_delay=g.uniform(0.15, 0.5),
        drift_cents=g.uniform(4, 12),
        intonation_cents=g.uniform(8, 20),
        tuning_cents=g.normal(0, 8),
        consonants=g.uniform(0.0, 0.6),
        breaths=g.uniform(0.0, 0.6),
        legato=g.uniform(0.0, 0.5),
        scoops=g.uniform(0.3, 0.9),
        dynamics_db=g.uniform(1, 4),
        waver_db=g.uniform(0.3, 1.5),
    )
