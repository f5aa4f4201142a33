"""Names and pairs: which files make a recording."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bayes_a2m.audio import io
from bayes_a2m.datasets.folder_scan import SOUND
from bayes_a2m.datasets.verify.problem import Problem

MIDI = (".mid", ".midi")


@dataclass(frozen=True)
class Files:
    """The folder's files by number as written, and what is wrong with their names."""

    folder: Path
    sounds: Mapping[str, Path]
    midis: Mapping[str, Path]
    problems: tuple[Problem, ...]

    @classmethod
    def of(cls, folder: Path) -> Files:
        sounds: dict[str, Path] = {}
        midis: dict[str, Path] = {}
        problems = []
        heard = io.EXTENSIONS.union(SOUND, MIDI)
        for file in sorted(folder.iterdir()):
            ending = file.suffix.lower()
            if file.name.startswith(".") or ending not in heard:
                continue
            kind, found, stem = (
                ("notes", midis, "midi") if ending in MIDI else ("sound", sounds, "voice")
            )
            match = re.fullmatch(rf"{stem}_(\d+)", file.stem)
            if match is None:
                wanted = f"{stem}_<number>{'.mid' if stem == 'midi' else '.wav'}"
                text = f"is not named {wanted}, so it is left out: rename it or move it elsewhere"
                problems.append(Problem("warning", file.name, "name", text))
            elif stem == "voice" and ending not in SOUND:
                text = f"only {' and '.join(SOUND)} are read from a data folder: convert it"
                problems.append(Problem("warning", file.name, "name", text))
            elif match[1] in found:
                text = f"{found[match[1]].name} holds the {kind} of the same number; remove one"
                problems.append(Problem("error", file.name, "number-twice", text))
            else:
                found[match[1]] = file
        if not sounds:
            text = "no recording in this folder; recordings are named voice_001.wav"
            problems.append(Problem("error", ".", "no-recordings", text))
        return cls(folder, sounds, midis, tuple(problems))

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Every number, in order."""
        return tuple(sorted({*self.sounds, *self.midis}, key=lambda i: (int(i), i)))

    def of_id(self, id_: str) -> Iterator[Path]:
        """The one or two files of a number."""
        yield from (found[id_] for found in (self.sounds, self.midis) if id_ in found)

    def unpaired(self, id_: str) -> Iterator[Problem]:
        """The problem of a number that has only one of its two files."""
        if id_ not in self.midis:
            near = same_number(id_, self.midis)
            hint = f"; rename {self.midis[near].name}" if near else ""
            text = f"no notes midi_{id_}.mid beside this recording{hint}"
            yield Problem("error", self.sounds[id_].name, "no-midi", text)
        elif id_ not in self.sounds:
            near = same_number(id_, self.sounds)
            hint = f"; rename {self.sounds[near].name}" if near else ""
            text = f"no recording voice_{id_}.wav beside these notes{hint}"
            yield Problem("error", self.midis[id_].name, "no-sound", text)


def same_number(id_: str, known: Iterable[str]) -> str | None:
    """The id that is the same number written otherwise (``7`` and ``007``)."""
    if not id_.isdecimal():
        return None
    number = id_.lstrip("0")  # as text: there is no end to its digits
    return next((k for k in known if k != id_ and k.lstrip("0") == number), None)
