"""Transcription: from a recording to its notes and their files."""

from bayes_a2m.transcription.files import (
    DEFAULT_FORMATS,
    FORMATS,
    file_names,
    write_files,
    write_transcription,
)
from bayes_a2m.transcription.recording import transcribe, transcription_of
from bayes_a2m.transcription.transcribed import FileSettings, TranscribedRecording

__all__ = [
    "DEFAULT_FORMATS",
    "FORMATS",
    "FileSettings",
    "TranscribedRecording",
    "file_names",
    "transcribe",
    "transcription_of",
    "write_files",
    "write_transcription",
]
