"""The folder as a whole, checked: every part of it, none hidden by the one before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bayes_a2m.datasets.verify.copies import copies
from bayes_a2m.datasets.verify.files import Files
from bayes_a2m.datasets.verify.lengths import wrong_lengths
from bayes_a2m.datasets.verify.metadata import metadata_in
from bayes_a2m.datasets.verify.notes import notes_in
from bayes_a2m.datasets.verify.problem import Problem
from bayes_a2m.datasets.verify.report import VerifyReport
from bayes_a2m.datasets.verify.settings import settings_in, vocabulary_of
from bayes_a2m.datasets.verify.sound import Sound, sound_in
from bayes_a2m.errors import InputError


def verify(path: Path, progress: Callable[[int, int], None] | None = None) -> VerifyReport:
    """Check a data folder: names, pairs, sound, notes, metadata.

    Parameters
    ----------
    path
        The folder.
    progress
        Called as ``progress(done, total)`` after each recording.

    Raises
    ------
    InputError
        If there is no such folder. Everything else is a :class:`Problem`.
    """
    if not path.is_dir():
        raise InputError(f"{path}: no such data folder")
    files = Files.of(path)
    problems = list(files.problems)
    settings, complaints = settings_in(path / "dataset.yaml")
    problems += complaints
    table, complaints = metadata_in(path / "metadata.csv", files)
    problems += complaints
    vocabulary, complaints = vocabulary_of(settings)
    problems += complaints

    sounds: dict[str, Sound] = {}
    by_recording: list[Problem] = []
    for done, id_ in enumerate(files.ids, start=1):
        sound_file, midi_file = files.sounds.get(id_), files.midis.get(id_)
        duration = float("inf")
        peak = None
        if sound_file is not None:
            sound, complaints = sound_in(sound_file)
            by_recording += complaints
            if sound is not None:
                sounds[id_] = sound
                duration, peak = sound.duration, sound.peak
        if midi_file is not None:
            by_recording += notes_in(midi_file, vocabulary, duration, peak)
        by_recording += files.unpaired(id_)
        if table is not None and id_ in files.sounds and id_ not in table:
            text = "has no row in metadata.csv: its condition, split and take are unknown"
            by_recording.append(Problem("warning", files.sounds[id_].name, "no-metadata", text))
        if progress is not None:
            progress(done, len(files.ids))

    by_recording += wrong_lengths(files, sounds, settings.seconds)
    by_recording += copies(files, sounds, table or {})
    order = {f.name: i for i, id_ in enumerate(files.ids) for f in files.of_id(id_)}
    by_recording.sort(key=lambda p: order.get(p.file, -1))  # stable: keeps each file's order
    problems += by_recording
    problems.sort(key=lambda p: p.level != "error")
    return VerifyReport(str(path), len(files.sounds), tuple(problems))
