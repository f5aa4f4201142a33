"""Synthetic recordings as a data folder."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import soundfile
import yaml

from bayes_a2m import renamed
from bayes_a2m.datasets import splits
from bayes_a2m.datasets.synthetic.settings import SynthesisSettings
from bayes_a2m.datasets.synthetic.synthesis import synthesise
from bayes_a2m.files import OutputFolder, atomic_path, write_text
from bayes_a2m.music import FrameGrid, midi

SETTINGS = "synthesis.yaml"
"""Name of the file that says how a folder was made."""


def write_folder(
    path: Path,
    settings: SynthesisSettings,
    progress: Callable[[int, int], None] | None = None,
    *,
    ending: str = ".wav",
    force: bool = False,
) -> None:
    """Write a data folder of synthetic recordings.

    The files are ``voice_<n>.wav`` (16 bits) and ``midi_<n>.mid``, ``metadata.csv`` with splits
    drawn from the seed, ``dataset.yaml``, ``synthesis.yaml`` (the settings, from which the same
    folder can be made again) and ``truth/<n>.json``: singer, score, condition, and f0 at every
    frame. The same settings write the same bytes.

    Parameters
    ----------
    path
        The folder; it is made whole or not at all. Recordings synthesised there earlier are
        replaced; files of yours stay, and are never replaced.
    settings
        What to synthesise.
    progress
        Called as ``progress(done, total)`` after each recording.
    ending
        ``.wav`` or ``.flac``.
    force
        Whether files of yours may be replaced.

    Raises
    ------
    InputError
        If something else stands there, or it cannot be written.
    """
    with OutputFolder(path, "synth", force=force, beside=()).replacing() as new:
        _write(new, settings, progress, ending)


def _write(
    path: Path,
    settings: SynthesisSettings,
    progress: Callable[[int, int], None] | None,
    ending: str,
) -> None:
    grid = FrameGrid()
    width = max(3, len(str(settings.recordings)))
    kept = []
    for index in range(settings.recordings):
        made = synthesise(settings, index)
        recording = replace(made.recording, id=f"{index + 1:0{width}d}")
        made = replace(made, recording=recording)
        assert recording.samples is not None and recording.notes is not None
        with atomic_path(path / f"voice_{recording.id}{ending}") as temporary:
            soundfile.write(temporary, recording.samples, settings.sample_rate, "PCM_16")
        midi.write(path / f"midi_{recording.id}.mid", recording.notes)
        truth = json.dumps(made.truth(grid), allow_nan=False, ensure_ascii=False)
        write_text(path / "truth" / f"{recording.id}.json", truth + "\n")
        kept.append(recording)
        if progress:
            progress(index + 1, settings.recordings)
    split = splits.draw(kept, seed=settings.seed)
    with atomic_path(path / "metadata.csv") as temporary, temporary.open("w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("id", "condition", "split", "take"))
        rows.writerows((r.id, r.condition, split[r.id], "") for r in kept)
    about = {
        "name": "synthetic voices",
        "pitches": list(settings.vocabulary.pitches),
        "sounding_offset": settings.sounding_offset,
        "seconds": settings.seconds,
    }
    write_text(path / "dataset.yaml", yaml.safe_dump(about, sort_keys=False))
    drawn = settings.model_dump(mode="json")
    write_text(path / SETTINGS, yaml.safe_dump(drawn, sort_keys=False))


__getattr__ = renamed.names_of(__name__)
