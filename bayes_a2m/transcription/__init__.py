"""Transcription: from a recording to its notes and their files."""

from bayes_a2m.transcription.files import FORMATS, write_transcription
from bayes_a2m.transcription.recording import transcription_of

__all__ = ["FORMATS", "transcription_of", "write_transcription"]
