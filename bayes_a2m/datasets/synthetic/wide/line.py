"""Singers of every age, and the lines that they sing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bayes_a2m.datasets.synthetic import voice
from bayes_a2m.datasets.synthetic.intonation import hertz
from bayes_a2m.datasets.synthetic.score import VOICED, SungNote, draw_score
from bayes_a2m.datasets.synthetic.singer import Singer, draw_singer

LOWEST, HIGHEST = 36, 84
"""MIDI numbers of the lowest and the highest note that is meant to be sung."""

SCALES = (
    (0, 2, 4, 5, 7, 9, 11),
    (0, 2, 3, 5, 7, 8, 10),
    (0, 2, 4, 7, 9),
    tuple(range(12)),
)
"""Semitones of the scales that lines keep to: major, minor, pentatonic, all."""

CLOSED_DB = -22.0
"""Deepest level of a voiced stop (b, d, g) against the vowel: the lips are shut."""


@dataclass(frozen=True)
class Register:
    """Voices of one kind.

    Attributes
    ----------
    low, high
        MIDI numbers between which they sing.
    tract
        Shortest and longest formant scale against a man's.
    """

    low: int
    high: int
    tract: tuple[float, float]


REGISTERS = (
    Register(36, 67, (0.88, 1.10)),
    Register(50, 84, (1.05, 1.28)),
    Register(57, 84, (1.25, 1.55)),
)
"""Men, women, children."""

STYLES = {
    "melody": (60.0, 160.0),
    "scale": (60.0, 180.0),
    "fast": (170.0, 320.0),
    "held": (16.0, 45.0),
    "repeated": (60.0, 200.0),
}
"""Ways to sing, and their beats a minute."""


def draw_voice(generator: np.random.Generator) -> tuple[Singer, Register]:
    """Draw a singer of any kind: trained and untrained, clear and breathy, in tune and not."""
    g = generator
    register = REGISTERS[int(g.choice(3, p=[0.42, 0.40, 0.18]))]
    middle = (register.low + register.high) / 2
    singer = draw_singer(g, float(hertz(np.array(middle))))
    untrained = g.random()
    off = g.uniform(-50, 50) if g.random() < 0.5 else g.normal(0, 12)
    return replace(
        singer,
        tract_scale=g.uniform(*register.tract),
        vibrato_cents=g.uniform(15, 110) if g.random() < 0.5 else 0.0,
        vibrato_hz=g.uniform(4.0, 7.5),
        vibrato_delay=g.uniform(0.0, 0.5),
        tuning_cents=float(np.clip(off, -50, 50)),
        intonation_cents=4 + 26 * untrained,
        drift_cents=3 + 15 * untrained,
        hnr_db=g.uniform(0, 12) if g.random() < 0.15 else g.uniform(10, 34),
        consonants=g.uniform(0.0, 1.0),
        breaths=g.uniform(0.0, 0.8),
        legato=g.uniform(0.0, 0.5) if g.random() < 0.5 else g.uniform(0.7, 1.0),
        scoops=g.uniform(0.05, 0.9),
        tilt_db=g.uniform(2, 30),
        dynamics_db=g.uniform(1, 5),
    ), register


def draw_line(
    generator: np.random.Generator,
    singer: Singer,
    seconds: float,
    low: int,
    high: int,
) -> list[SungNote]:
    """Draw a line of notes between two pitches, in one of :data:`STYLES`."""
    g = generator
    style = str(g.choice(list(STYLES), p=[0.45, 0.12, 0.15, 0.12, 0.16]))
    slowest, fastest = STYLES[style]
    span = int(g.integers(3, 18))
    bottom = int(g.integers(low, max(low + 1, high - span + 1)))
    scale = SCALES[int(g.integers(len(SCALES)))]
    pitches = [
        bottom + 12 * octave + step
        for octave in range(2)
        for step in scale
        if 12 * octave + step <= span and bottom + 12 * octave + step <= high
    ]
    if style == "repeated":
        singer = replace(singer, legato=g.uniform(0.5, 1.0))
        pitches = pitches[: int(g.integers(1, 3))]
    tempo = g.uniform(slowest, fastest)
    notes = draw_score(g, singer, pitches, seconds, tempo=(tempo, tempo))
    if style in ("melody", "scale", "fast") and len(pitches) > 1:
        notes = _walk(g, notes, pitches, 1 if style == "scale" else int(g.integers(2, 6)))
    return bind(g, notes, float(g.choice([0.0, g.uniform(0, 1), 1.0])))


def bind(generator: np.random.Generator, notes: list[SungNote], share: float) -> list[SungNote]:
    """Let a share of the notes that begin with a voiced consonant follow without a gap.

    These are syllables (la-la, do-re-mi): the voice sounds on through the consonant, at the same
    pitch or at another.
    """
    bound = list(notes)
    for i in range(1, len(bound)):
        before, note = bound[i - 1], bound[i]
        near = note.onset - before.offset < 0.1
        if note.consonant in VOICED and near and generator.random() < share:
            bound[i - 1] = replace(before, offset=note.onset)
            slide = min(generator.uniform(0.02, 0.09), 0.5 * (note.offset - note.onset))
            bound[i] = replace(note, slide_seconds=slide, scoop_cents=0.0)
    return bound


def close_lips(
    generator: np.random.Generator, notes: Sequence[SungNote], curves: voice.Curves
) -> voice.Curves:
    """Make voiced stops of some voiced consonants: the level falls, and comes back with a burst."""
    level = curves.level_db.copy()
    share = generator.uniform(0, 0.6)
    for note in notes:
        if note.consonant not in VOICED or generator.random() >= share:
            continue
        seconds = min(note.consonant_seconds, 0.1)
        here = slice(*np.searchsorted(curves.times, [note.onset, note.onset + seconds]))
        count = here.stop - here.start
        level[here] += generator.uniform(CLOSED_DB, -8) * np.hanning(count + 2)[1:-1]
    return replace(curves, level_db=level)


def _walk(
    g: np.random.Generator, notes: list[SungNote], pitches: Sequence[int], widest: int
) -> list[SungNote]:
    """The notes on a walk over the pitches, turning round at both ends."""
    place, step = int(g.integers(len(pitches))), 1
    walked = []
    for note in notes:
        walked.append(replace(note, pitch=pitches[place]))
        if widest > 1:
            step = int(g.choice([-1, 1])) * int(g.integers(1, widest))
        if not 0 <= place + step < len(pitches):
            step = -step
        place = int(np.clip(place + step, 0, len(pitches) - 1))
    return walked
