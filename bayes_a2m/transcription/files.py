"""A transcription as files: MIDI, a table of notes, and a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bayes_a2m.datasets import Recording
    from bayes_a2m.decoding.transcription import Transcription
    from bayes_a2m.posteriors.posterior import Posterior
    from bayes_a2m.prediction.posterior import FramePosterior

FORMATS = ("mid", "csv", "png")
"""The files that a transcription is written as, by their endings."""


def write_transcription(
    model: Posterior,
    recording: Recording,
    posterior: FramePosterior,
    transcription: Transcription,
    folder: Path,
    *,
    formats: Sequence[str] = FORMATS,
    transpose: int = 0,
    name: str | None = None,
) -> None:
    """Write the files of one transcribed recording, each atomically.

    Parameters
    ----------
    model, recording, posterior, transcription
        The model, what it was asked about, and what
        :func:`~bayes_a2m.transcription.recording.transcription_of` gave. A reference of the
        recording is drawn above the notes.
    folder
        The folder to write to.
    formats
        Which of :data:`FORMATS`.
    transpose
        Semitones by which the written notes are moved; the picture shows them as they are.
    name
        The name of the files without ending; the recording's id unless given.

    Raises
    ------
    InputError
        If a file cannot be written.
    """
    stem = name or recording.id
    if "mid" in formats:
        transcription.write_midi(folder / f"{stem}.mid", transpose=transpose)
    if "csv" in formats:
        transcription.write_csv(folder / f"{stem}.csv", transpose=transpose)
    if "png" in formats:
        from bayes_a2m.reporting import style
        from bayes_a2m.reporting.transcription import transcription_figure

        spectrum = model.features_of(recording)
        figure = transcription_figure(posterior, transcription, spectrum, reference=recording.notes)
        style.save(figure, folder / f"{stem}.png")
