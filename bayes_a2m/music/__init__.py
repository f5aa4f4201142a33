"""Classes, frames, notes and MIDI."""

from bayes_a2m.music.grid import FrameGrid
from bayes_a2m.music.notes import Note
from bayes_a2m.music.vocabulary import Vocabulary

__all__ = ["FrameGrid", "Note", "Vocabulary"]
