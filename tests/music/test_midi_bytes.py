"""MIDI files are, byte for byte, those that pretty_midi writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pretty_midi
import pytest

from bayes_a2m.music import Note, midi


def expected(
    path: Path, notes: list[Note], doubtful: list[bool], sure: list[float], bends: list[float]
) -> bytes:
    file = pretty_midi.PrettyMIDI(initial_tempo=97.0, resolution=480)
    tracks = [pretty_midi.Instrument(midi.CHOIR, name=name) for name in ("voice", "doubtful")]
    for note, unsure, p in zip(notes, doubtful, sure, strict=True):
        sung = pretty_midi.Note(note.velocity, note.pitch + 2, note.onset, note.offset)
        tracks[unsure].notes.append(sung)
        if unsure:
            file.lyrics.append(pretty_midi.Lyric("?", note.onset))
        name = pretty_midi.note_number_to_name(note.pitch + 2)
        file.text_events.append(pretty_midi.Text(f"{name} {p:.2f}", note.onset))
    for track in tracks:
        for i, bend in enumerate(bends):
            wheel = round(8192 * bend / midi.BEND_RANGE)
            track.pitch_bends.append(pretty_midi.PitchBend(wheel, i / 7))
    file.instruments.extend(tracks)
    file.write(str(path))
    return path.read_bytes()


@pytest.mark.parametrize("seed", range(5))
def test_the_bytes_are_those_of_pretty_midi(seed: int, tmp_path: Path) -> None:
    generator = np.random.default_rng(seed)
    notes, now = [], 0.0
    for pitch in generator.integers(40, 80, 30).tolist():
        end = now + float(generator.uniform(0.05, 1.0))
        notes.append(Note(now, end, pitch, velocity=int(generator.integers(1, 128))))
        now = end + float(generator.choice([0.0, 0.2]))  # some notes follow at once
    doubtful = (generator.random(30) < 0.3).tolist()
    sure = generator.random(30).tolist()
    bends = generator.uniform(-1, 1, 12).tolist()
    midi.write(
        tmp_path / "ours.mid",
        notes,
        transpose=2,
        doubtful=doubtful,
        probabilities=sure,
        tempo=97.0,
        bends=[midi.PitchBend(i / 7, bend) for i, bend in enumerate(bends)],
    )
    theirs = expected(tmp_path / "theirs.mid", notes, doubtful, sure, bends)
    assert (tmp_path / "ours.mid").read_bytes() == theirs
