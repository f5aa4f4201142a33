"""The manifest of a folder: names and hashes of the files the program wrote there.

A folder that people work in may hold their files beside ours. The manifest, a hidden file in the
format of ``sha256sum``, says which are ours: a file whose content has one of the hashes that stand
behind its name. What was changed since is somebody's work, and no longer ours.

A name may stand there several times, with the hashes of what is there and of what is about to
replace it, so that a run killed between the two has made nothing foreign.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from bayes_a2m.errors import InputError
from bayes_a2m.files.atomic import atomic_path
from bayes_a2m.files.hashes import content_hash
from bayes_a2m.files.reading import read_bytes

HEADER = "# Written by bayes-a2m, format 1: what it may replace here."

CODING = ("utf-8", "surrogateescape")
"""Names of files need not be text; so their bytes survive."""

LIMIT = 2**28
"""Bytes that a manifest may have: some two million files."""

_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


@dataclass(frozen=True)
class Manifest:
    """Names, relative to the folder with slashes between, and the hashes that each may have.

    The last hash of a name is that of its latest version.

    Examples
    --------
    >>> known = Manifest({"table.csv": ("aa" * 32,)})
    >>> known.text().splitlines()[1][-11:]
    '  table.csv'
    >>> Manifest.parse(known.text()) == known
    True
    """

    hashes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of_files(cls, folder: Path, names: Iterable[str]) -> Manifest:
        """The files of a folder as they are now."""
        return cls({name: (content_hash(folder / name),) for name in names})

    @classmethod
    def parse(cls, text: str) -> Manifest:
        """Read the text of a manifest; lines that a killed process left unfinished are skipped."""
        found: dict[str, tuple[str, ...]] = {}
        for line in text.split("\n"):
            match = _LINE.fullmatch(line)
            if match and _is_within(name := _unescaped(match[2])):
                found[name] = (*found.get(name, ()), match[1])
        return cls(found)

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Read a file; empty where there is none, or something else of that name.

        Of an empty one the folder's files are nobody's, and none of them is replaced.
        """
        if not path.is_file():
            return cls()
        try:
            return cls.parse(read_bytes(path, "a manifest", limit=LIMIT).decode(*CODING))
        except InputError:
            return cls()

    def write(self, path: Path) -> None:
        """Write it, atomically."""
        with atomic_path(path) as temporary:
            temporary.write_bytes(self.text().encode(*CODING))

    def text(self) -> str:
        """The manifest as it is written."""
        return "\n".join([HEADER, *self.lines()]) + "\n"

    def lines(self) -> list[str]:
        """A line a hash, in the order of the names."""
        return [
            f"{digest}  {_escaped(name)}"
            for name, digests in sorted(self.hashes.items())
            for digest in digests
        ]

    def and_also(self, other: Manifest) -> Manifest:
        """Both; the hashes of ``other`` come last."""
        both = dict(self.hashes)
        for name, digests in other.hashes.items():
            earlier = tuple(d for d in both.get(name, ()) if d not in digests)
            both[name] = (*earlier, *digests)
        return Manifest(both)

    def owns(self, folder: Path, name: str) -> bool:
        """Whether a file of the folder is there, and as the program wrote it."""
        path = folder / name
        digests = self.hashes.get(name, ())
        try:
            return bool(digests) and path.is_file() and content_hash(path) in digests
        except OSError:
            return False

    def damaged(self, folder: Path) -> str | None:
        """The first file that is missing, or not as its last hash says; None where all are whole.

        Raises
        ------
        InputError
            If a file cannot be read.
        """
        for name, digests in sorted(self.hashes.items()):
            path = folder / name
            try:
                if not path.is_file() or content_hash(path) != digests[-1]:
                    return name
            except OSError as error:
                raise InputError(f"{path}: cannot be read ({error.strerror})") from error
        return None


def _is_within(name: str) -> bool:
    """Whether a name stays in its folder."""
    parts = PurePosixPath(name).parts
    return bool(parts) and ".." not in parts and not PurePosixPath(name).is_absolute()


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")


def _unescaped(name: str) -> str:
    plain = {"\\": "\\", "n": "\n", "r": "\r"}
    return re.sub(r"\\([\\nr])", lambda match: plain[match[1]], name)
