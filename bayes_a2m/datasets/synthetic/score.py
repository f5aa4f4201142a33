"""Scores: notes with everything that is particular to each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bayes_a2m.datasets.synthetic.settings import HIGHEST_HZ, LOWEST_HZ
from bayes_a2m.datasets.synthetic.singer import Singer
from bayes_a2m.errors import InputError

BEATS = (0.5, 1.0, 1.0, 1.5, 2.0, 3.0)
"""Lengths of notes, in beats, each as likely as the next."""

SHORTEST = 0.09
"""Seconds; no note is shorter. A voice cannot start, settle and stop in less."""

INSIDE = 0.06
"""Seconds of a note that must lie within the recording: a shorter crumb is not sung at all."""

OUTSIDE = 7
"""A note outside the vocabulary lies at most so many semitones from one inside it."""


@dataclass(frozen=True)
class SungNote:
    """Note as it is sung.

    Attributes
    ----------
    onset, offset
        Seconds; the voice sounds between them and nowhere else.
    pitch
        MIDI pitch of its label; it sounds ``sounding_offset`` semitones from there.
    labelled
        Whether it has a label: false for a note outside the vocabulary, which no label mentions.
    error_cents
        Its intonation error, cents.
    scoop_cents, scoop_seconds
        Distance below the pitch at which it starts, cents, and the time constant of the way up, s.
    slide_seconds
        Length of the portamento in seconds from the note before, 0 where there was a rest.
    level_db, swell_db
        Its level in dB, and by how much it grows (or fades, below 0) from start to end.
    attack, release
        Seconds from nothing to full and back.
    vowels
        Vowels at its start and at its end.
    consonant
        Consonant it starts with, "" for none.
    consonant_seconds
        Length of the consonant, seconds: before the onset where the consonant is unvoiced, after it
        where it is voiced.
    breath_seconds, breath_db
        A breath drawn before it, 0 for none, and its level against the voice.
    """

    onset: float
    offset: float
    pitch: int
    labelled: bool
    error_cents: float
    scoop_cents: float
    scoop_seconds: float
    slide_seconds: float
    level_db: float
    swell_db: float
    attack: float
    release: float
    vowels: tuple[str, str]
    consonant: str
    consonant_seconds: float
    breath_seconds: float
    breath_db: float


VOICED = ("m", "n", "l")
PLOSIVES = ("p", "t", "k")
FRICATIVES = ("s", "ʃ", "f", "h")


def draw_score(
    generator: np.random.Generator,
    singer: Singer,
    pitches: Sequence[int],
    seconds: float,
    *,
    tempo: tuple[float, float] = (60.0, 140.0),
    out_of_vocabulary: float = 0.0,
    sounding_offset: int = 0,
) -> list[SungNote]:
    """Draw a line of notes that fills ``[0, seconds]`` and may be cut at both ends.

    Parameters
    ----------
    generator
        Source of every draw.
    singer
        Singer whose habits decide on legato, scoops, consonants and breaths.
    pitches
        MIDI pitches of the vocabulary.
    seconds
        Length of the line.
    tempo
        Slowest and fastest, beats a minute.
    out_of_vocabulary
        Share of the notes whose pitch is outside the vocabulary, but within a voice's range.
    sounding_offset
        Semitones from a note's pitch to the one that sounds.

    Raises
    ------
    InputError
        If the recording is too short for a note.
    """
    others = _others(pitches, sounding_offset)
    for _ in range(1000):
        notes = _draw_line(generator, singer, pitches, seconds, tempo, others, out_of_vocabulary)
        notes = [n for n in notes if min(n.offset, seconds) - max(n.onset, 0.0) >= INSIDE]
        if notes:
            return _breathe(generator, singer, notes)
    raise InputError(f"no line of notes fits {seconds:g} s; make the recordings longer")


def _draw_line(
    g: np.random.Generator,
    singer: Singer,
    pitches: Sequence[int],
    seconds: float,
    tempo: tuple[float, float],
    others: Sequence[int],
    out_of_vocabulary: float,
) -> list[SungNote]:
    """Notes, one after the other, from before the start until past the end."""
    beat = 60 / g.uniform(*tempo)
    rest_share = g.uniform(0.2, 1.0)
    glides = g.random() < 0.15  # a singer in the mood to slide
    notes: list[SungNote] = []
    time = -g.uniform(0, 2) * beat
    while time < seconds:
        pitch, labelled = int(g.choice(np.asarray(pitches))), True
        if others and g.random() < out_of_vocabulary:
            pitch, labelled = int(g.choice(np.asarray(others))), False
        before = notes[-1] if notes else None
        touching = before is not None and before.offset == time
        joined = (
            before is not None
            and touching
            and before.pitch != pitch
            and g.random() >= singer.consonants
        )
        length = max(SHORTEST, beat * float(g.choice(BEATS)) * float(np.exp(g.normal(0, 0.15))))
        note = _draw_note(g, singer, time, time + length, pitch, labelled, joined, glides)
        pause = g.uniform(0.02, 0.06)
        room = 0.0
        if note.consonant and note.consonant not in VOICED:
            room = note.consonant_seconds
        elif touching and not joined:
            room = pause  # a new start without a consonant: the voice stops for a moment
        if before is not None and room:
            # where the note before has none to give, this one comes later
            time = max(time, before.onset + SHORTEST + room)
            note = replace(note, onset=time, offset=time + length)
            notes[-1] = _make_room(before, time - room)
        notes.append(note)
        time += length
        if g.random() >= singer.legato:
            time += beat * rest_share * g.uniform(0.5, 1.5)
    return notes


def _others(pitches: Sequence[int], sounding_offset: int) -> list[int]:
    """Pitches near the vocabulary that are not in it and that voices reach."""
    near = {p + d for p in pitches for d in range(-OUTSIDE, OUTSIDE + 1)}
    lowest, highest = (69 + 12 * np.log2(f / 440) for f in (LOWEST_HZ, HIGHEST_HZ))
    within = {p for p in near if lowest - 1e-9 <= p + sounding_offset <= highest + 1e-9}
    return sorted(p for p in within - set(pitches) if 0 <= p <= 127)


def _draw_note(
    g: np.random.Generator,
    singer: Singer,
    onset: float,
    offset: float,
    pitch: int,
    labelled: bool,
    joined: bool,
    glides: bool,
) -> SungNote:
    length = offset - onset
    consonant, consonant_seconds = "", 0.0
    if not joined and g.random() < singer.consonants:
        consonant = str(g.choice(VOICED + PLOSIVES + FRICATIVES))
        longest = 0.08 if consonant in PLOSIVES else 0.15
        consonant_seconds = g.uniform(0.03, longest)
        if consonant in VOICED:
            consonant_seconds = min(consonant_seconds, 0.3 * length)
    scoop = not joined and g.random() < singer.scoops
    first = str(g.choice(singer.vowels))
    last = str(g.choice(singer.vowels)) if g.random() < 0.2 else first
    slide = min(g.uniform(0.15, 0.4) if glides else g.uniform(0.04, 0.12), 0.6 * length)
    return SungNote(
        onset=onset,
        offset=offset,
        pitch=pitch,
        labelled=labelled,
        error_cents=float(np.clip(g.normal(0, singer.intonation_cents), -40, 40)),
        scoop_cents=g.uniform(20, 300) if scoop else 0.0,
        scoop_seconds=g.uniform(0.03, 0.09),
        slide_seconds=slide if joined else 0.0,
        level_db=float(np.clip(g.normal(0, singer.dynamics_db), -9, 9)),
        swell_db=g.uniform(-8, 3),
        attack=min(g.uniform(0.02, 0.15), 0.4 * length),
        release=min(g.uniform(0.05, 0.30), 0.4 * length),
        vowels=(first, last),
        consonant=consonant,
        consonant_seconds=consonant_seconds,
        breath_seconds=0.0,
        breath_db=0.0,
    )


def _make_room(note: SungNote, until: float) -> SungNote:
    """The note ended by ``until``."""
    offset = min(note.offset, until)
    length = offset - note.onset
    return replace(
        note,
        offset=offset,
        attack=min(note.attack, 0.4 * length),
        release=min(note.release, 0.4 * length),
    )


def _breathe(g: np.random.Generator, singer: Singer, notes: list[SungNote]) -> list[SungNote]:
    """Breaths in some of the rests that have room for one."""
    out = notes[:1]
    for note in notes[1:]:
        rest = note.onset - out[-1].offset - note.consonant_seconds
        seconds, level = g.uniform(0.15, 0.4), g.uniform(-40, -22)
        if g.random() < singer.breaths and rest > seconds + 0.1:
            note = replace(note, breath_seconds=seconds, breath_db=level)
        out.append(note)
    return out
