"""The words of the terminal about a transcription."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bayes_a2m.decoding.transcription import Transcription

NAMED = 5
"""Doubtful notes that are named; more are only counted."""


def least_sure(transcription: Transcription) -> list[int]:
    """Numbers of the notes to listen to again, the least sure first.

    The doubtful ones; none where no note is marked.
    """
    sure = transcription.probabilities or transcription.frame_probabilities
    doubtful = [i for i, unsure in enumerate(transcription.doubtful) if unsure]
    return sorted(doubtful, key=lambda i: (sure[i], i))


def doubtful_words(transcription: Transcription, *, transpose: int = 0) -> str:
    """The number of notes and the doubtful ones by name.

    An example: "1 of 7 notes is doubtful (?); listen again: 4.04 s E4 0.79". The names are those
    that are written: transposed.
    """
    count, notes = len(least_sure(transcription)), transcription.notes
    if not notes:
        return "no notes"
    if not transcription.doubtful:
        return f"{len(notes)} {'note' if len(notes) == 1 else 'notes'}"
    if not count:
        return f"{len(notes)} {'note' if len(notes) == 1 else 'notes'}, none doubtful"
    many = "notes" if len(notes) > 1 else "note"
    total = f"{count} of {len(notes)} {many} {'is' if count == 1 else 'are'} doubtful"
    sure = transcription.probabilities or transcription.frame_probabilities
    named = [
        f"{notes[i].onset:.2f} s {transcription.vocabulary.pitch_name(notes[i].pitch + transpose)}"
        f" {sure[i]:.2f}"
        for i in least_sure(transcription)[:NAMED]
    ]
    more = f", and {count - NAMED} more" if count > NAMED else ""
    return f"{total} (?); listen again: {', '.join(named)}{more}"


def forecast_words(transcription: Transcription) -> str:
    """The score that the transcription expects of itself; empty where it cannot know."""
    one = transcription.posterior
    if one is None or not transcription.notes:
        return ""
    return f"onset F1 expected {one.expected_f1:.2f}"
