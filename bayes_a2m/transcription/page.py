"""A transcription as one page: pictures, the notes to listen to again, and a table of all."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from bayes_a2m.files import write_text
from bayes_a2m.transcription.pictures import write_pictures
from bayes_a2m.transcription.sonification import sonified
from bayes_a2m.transcription.summary import least_sure

if TYPE_CHECKING:
    from bayes_a2m.transcription.transcribed import FileSettings, TranscribedRecording

AROUND = 0.75
"""Seconds of sound before and after a note that is to be listened to again."""

SHOWN = 8
"""Notes with a player, at most: the doubtful ones, or the least sure where none is."""


def write_transcription_page(one: TranscribedRecording, path: Path, settings: FileSettings) -> None:
    """Write a page that can be sent on: pictures and sounds are inside, atomically."""
    from bayes_a2m.reporting.html import PageSection, render_page
    from bayes_a2m.reporting.sound import write_flac

    transcription, rate = one.transcription, one.rate
    with TemporaryDirectory() as name:
        folder = Path(name)
        pictures = write_pictures(one, folder, "picture")
        offset = transcription.vocabulary.sounding_offset
        both = sonified(one.samples, rate, transcription.notes, sounding_offset=offset)
        write_flac(folder / "both.flac", both, rate)
        again = []
        for i in _chosen(one):
            note, file = transcription.notes[i], f"note_{i}.flac"
            low = max(0, round((note.onset - AROUND) * rate))
            write_flac(folder / file, one.samples[low : round((note.offset + AROUND) * rate)], rate)
            again.append({**_row(one, i, settings), "sound": file})
        facts: dict[str, Any] = {
            "count": len(transcription.notes),
            "doubtful": sum(transcription.doubtful),
            "marked": bool(transcription.doubtful),
            "known": transcription.probabilities is not None,
            "forecast": one.forecast,
            "unlike": one.unlike,
            "intonation": one.intonation.words,
            "reference": one.recording.notes is not None,
            "sound": "both.flac",
            "pictures": pictures,
            "again": again,
            "notes": [_row(one, i, settings) for i in range(len(transcription.notes))],
        }
        opening = PageSection("opening", "", "transcription_opening.html", facts)
        sections = [PageSection("notes", "Notes", "transcription_notes.html", facts)]
        if again:
            listen = PageSection("listen", "Listen again", "transcription_listen.html", facts)
            sections.insert(0, listen)
        text = render_page(folder, transcription.id, opening, sections, embed=True)
    write_text(path, text)


def _chosen(one: TranscribedRecording) -> list[int]:
    """The notes with a player."""
    transcription = one.transcription
    if any(transcription.doubtful):
        return least_sure(transcription)[:SHOWN]
    sure = transcription.probabilities or transcription.frame_probabilities
    return sorted(range(len(sure)), key=lambda i: (sure[i], i))[: min(SHOWN, 3)]


def _row(one: TranscribedRecording, number: int, settings: FileSettings) -> dict[str, Any]:
    """A note as the page has it."""
    transcription = one.transcription
    note, known = transcription.notes[number], transcription.hypotheses
    names = transcription.vocabulary.pitch_name
    others: list[str] = []
    if known is not None:
        pairs = zip(transcription.vocabulary.pitches, known[number].alternatives, strict=True)
        others = [
            f"{names(pitch + settings.transpose)} {p:.2f}"
            for pitch, p in sorted(pairs, key=lambda pair: -pair[1])
            if pitch != note.pitch and p >= 0.01
        ]
    return {
        "onset": note.onset,
        "offset": note.offset,
        "name": names(note.pitch + settings.transpose),
        "probability": None if known is None else known[number].probability,
        "frame_probability": transcription.frame_probabilities[number],
        "onset_interval": None if known is None else known[number].onset_interval,
        "others": ", ".join(others[:3]),
        "cents": one.intonation.cents[number],
        "doubtful": bool(transcription.doubtful) and transcription.doubtful[number],
    }
