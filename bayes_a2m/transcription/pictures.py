"""Pictures of a transcription, a long recording's on pages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bayes_a2m.transcription.transcribed import TranscribedRecording


def picture_names(stem: str, duration: float) -> list[str]:
    """The names of the pictures of a recording of so many seconds.

    >>> picture_names("song", 4.0), picture_names("song", 40.0)
    (['song.png'], ['song.png', 'song_page_2.png'])
    """
    from bayes_a2m.reporting.transcription import pages_of

    count = len(pages_of(duration))
    return [f"{stem}.png", *(f"{stem}_page_{page}.png" for page in range(2, count + 1))]


def write_pictures(one: TranscribedRecording, folder: Path, stem: str) -> list[str]:
    """Write the pictures of a transcription, each atomically; gives their names in order."""
    from bayes_a2m.reporting import style
    from bayes_a2m.reporting.transcription import pages_of, transcription_figure

    spectrum = one.model.features_of(one.recording)
    duration = one.posterior.grid.seconds(int(one.posterior.lengths[0]))
    names = picture_names(stem, duration)
    for name, (start, end) in zip(names, pages_of(duration), strict=True):
        figure = transcription_figure(
            one.posterior,
            one.transcription,
            spectrum,
            reference=one.recording.notes,
            curve=one.curve,
            start=start,
            end=end,
        )
        style.save(figure, folder / name)
    return names
