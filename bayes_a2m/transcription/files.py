"""A transcription as files: MIDI, JAMS, tables, pictures, a page, and sound."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_a2m.errors import InputError
from bayes_a2m.files import write_json, write_text
from bayes_a2m.music import jams, midi
from bayes_a2m.transcription.intonation import pitch_bends
from bayes_a2m.transcription.json_lines import json_lines
from bayes_a2m.transcription.json_record import json_record
from bayes_a2m.transcription.page import write_transcription_page
from bayes_a2m.transcription.pictures import picture_names, write_pictures
from bayes_a2m.transcription.sonification import sonified, write_wav
from bayes_a2m.transcription.transcribed import FileSettings, TranscribedRecording

if TYPE_CHECKING:
    from bayes_a2m.datasets import Recording
    from bayes_a2m.decoding.transcription import Transcription
    from bayes_a2m.posteriors.posterior import Posterior
    from bayes_a2m.prediction.posterior import FramePosterior

FORMATS = ("mid", "jams", "csv", "json", "jsonl", "png", "html", "wav")
"""The files that a transcription can be written as, by their endings."""

DEFAULT_FORMATS = ("mid", "csv", "png")
"""Those that are written where nothing else is asked for."""


def write_transcription(
    model: Posterior,
    recording: Recording,
    posterior: FramePosterior,
    transcription: Transcription,
    folder: Path,
    *,
    formats: Sequence[str] = DEFAULT_FORMATS,
    transpose: int = 0,
    name: str | None = None,
) -> None:
    """Write the files of one transcribed recording; see :func:`write_files`."""
    one = TranscribedRecording(model, recording, posterior, transcription)
    write_files(one, folder, formats=formats, settings=FileSettings(transpose), name=name)


def write_files(
    one: TranscribedRecording,
    folder: Path,
    *,
    formats: Sequence[str] = DEFAULT_FORMATS,
    settings: FileSettings | None = None,
    name: str | None = None,
) -> None:
    """Write the files of one transcribed recording, each atomically.

    Parameters
    ----------
    one
        What to write.
    folder
        The folder to write to.
    formats
        Which of :data:`FORMATS`.
    settings
        What is written into them; the defaults unless given.
    name
        The name of the files without ending; the recording's id unless given.

    Raises
    ------
    InputError
        If a file cannot be written, a note would be moved out of MIDI's pitches, or sampled
        transcriptions are asked of a model that knows none.
    """
    stem, settings = name or one.recording.id, settings or FileSettings()
    midi.ensure_pitches(one.transcription.notes, settings.transpose)
    writers = {
        "mid": _write_midi,
        "jams": _write_jams,
        "csv": _write_csv,
        "json": _write_json,
        "jsonl": _write_json_lines,
        "png": _write_pictures,
        "html": _write_page,
        "wav": _write_sound,
    }
    for ending in formats:
        writers[ending](one, folder / f"{stem}.{ending}", settings)
    if settings.samples:
        _write_samples(one, folder, stem, settings)


def file_names(
    stem: str, duration: float, formats: Sequence[str], settings: FileSettings
) -> list[str]:
    """The names of the files that :func:`write_files` writes for a recording of this length."""
    names = [f"{stem}.{ending}" for ending in formats]
    if "png" in formats:
        names += picture_names(stem, duration)[1:]
    return names + [_sample_name(stem, i) for i in range(settings.samples)]


def _sample_name(stem: str, number: int) -> str:
    return f"{stem}_sample_{number + 1}.mid"


def _write_midi(one: TranscribedRecording, path: Path, settings: FileSettings) -> None:
    bends = pitch_bends(one.curve) if settings.bends else ()
    one.transcription.write_midi(
        path, transpose=settings.transpose, tempo=settings.tempo, bends=bends
    )


def _write_samples(
    one: TranscribedRecording, folder: Path, stem: str, settings: FileSettings
) -> None:
    """Whole transcriptions drawn from the posterior, evenly chosen among those that there are."""
    known = one.transcription.posterior
    if known is None:
        raise InputError("--samples: the model knows no probabilities of notes; train it again")
    if settings.samples > len(known.samples):
        raise InputError(
            f"--samples {settings.samples}: {len(known.samples)} transcriptions were sampled; ask "
            "for no more"
        )
    chosen = np.linspace(0, len(known.samples) - 1, settings.samples).round().astype(int)
    for i, number in enumerate(chosen):
        notes = known.samples[int(number)]
        path = folder / _sample_name(stem, i)
        midi.write(path, notes, transpose=settings.transpose, tempo=settings.tempo)


def _write_jams(one: TranscribedRecording, path: Path, settings: FileSettings) -> None:
    transcription = one.transcription
    sandbox: dict[str, Any] = {"model": one.model.name}
    if transcription.posterior is not None:
        # its pitches are as they were heard; the notes beside it are moved
        sandbox |= {"posterior": transcription.posterior.to_dict()}
        sandbox |= {"transposed": settings.transpose} if settings.transpose else {}
    if transcription.doubtful:
        sandbox["doubtful"] = list(transcription.doubtful)
    jams.write(
        path,
        transcription.notes,
        duration=one.samples.shape[0] / one.rate,
        title=transcription.id,
        confidences=transcription.probabilities or (),
        sandbox=sandbox,
        transpose=settings.transpose,
    )


def _write_csv(one: TranscribedRecording, path: Path, settings: FileSettings) -> None:
    one.transcription.write_csv(path, transpose=settings.transpose)


def _write_json(one: TranscribedRecording, path: Path, settings: FileSettings) -> None:
    write_json(path, json_record(one, settings))


def _write_json_lines(one: TranscribedRecording, path: Path, settings: FileSettings) -> None:
    write_text(
        path,
        json_lines(one.transcription, transpose=settings.transpose, intonation=one.intonation),
    )


def _write_pictures(one: TranscribedRecording, path: Path, settings: FileSettings) -> None:
    write_pictures(one, path.parent, path.stem)


def _write_sound(one: TranscribedRecording, path: Path, settings: FileSettings) -> None:
    offset = one.transcription.vocabulary.sounding_offset
    both = sonified(one.samples, one.rate, one.transcription.notes, sounding_offset=offset)
    write_wav(path, both, one.rate)


def _write_page(one: TranscribedRecording, path: Path, settings: FileSettings) -> None:
    write_transcription_page(one, path, settings)
