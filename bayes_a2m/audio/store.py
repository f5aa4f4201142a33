"""A store of features on the disk, so that recordings of any number need not fit in memory.

A file holds the features of one recording, named by a hash of its sound and of the settings of the
features: what is there is what is wanted, whoever made it, and of whichever data folder. Files are
read through memory maps, written whole or not at all, and made by one process while others that
want the same wait. The store is bounded: where it grows beyond its limit, what was not used for
longest goes, and is made again if it is wanted again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.audio.features import Features
from bayes_a2m.errors import InputError
from bayes_a2m.files import atomic_path, locked

PLACE, SIZE = "BAYES_A2M_STORE", "BAYES_A2M_STORE_GB"
"""Variables of the environment: the store's folder, and how large it may be."""

USUAL_GB = 50.0
"""Gigabytes that it may hold where nothing else is said."""

SMALL = 2**30
"""Bytes of features that are kept in memory, unless a store is named."""

FORMAT = 1
"""Part of every name; raised where the same settings come to mean other features."""

EMPTIED = 0.9
"""Share of the limit that is left when something had to go, so that it need not at every file."""

COUNTED = 0.05
"""Share of the limit after which the files are counted again: others write, too."""

_NAME = re.compile("[0-9a-f]{64}")
"""Names of the files, without their ending."""

Array = NDArray[np.float32]


class FeatureStore:
    """Features of recordings by their content, in a folder.

    Parameters
    ----------
    folder
        The store's folder, made if need be.
    limit
        Bytes that it may hold.

    Examples
    --------
    >>> import tempfile
    >>> from bayes_a2m.audio.features import CQTFeatures
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = FeatureStore(Path(folder))
    ...     made = store.features("00ff", CQTFeatures(), lambda: np.zeros((3, 252), np.float32))
    ...     again = store.features("00ff", CQTFeatures(), lambda: 1 / 0)
    ...     again.shape, store.count()
    ((3, 252), 1)
    """

    def __init__(self, folder: Path, limit: int = int(USUAL_GB * 1e9)) -> None:
        self.folder, self.limit = folder, limit
        self._known: int | None = None
        self._since = 0

    @classmethod
    def usual(cls) -> FeatureStore:
        """The store that the environment names, or the one in the user's cache.

        Raises
        ------
        InputError
            If the size that the environment names is no number, or its folder is a file.
        """
        cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        folder = os.environ.get(PLACE) or Path(cache) / "bayes-a2m" / "features"
        text = os.environ.get(SIZE) or str(USUAL_GB)
        try:
            limit = int(float(text) * 1e9)
        except (ValueError, OverflowError):
            limit = 0
        if limit <= 0:
            raise InputError(f"{SIZE}={text}: give the gigabytes that the store may hold")
        place = Path(folder).absolute()
        if place.exists() and not place.is_dir():
            raise InputError(f"{place}: is no folder; {PLACE} names the folder of the store")
        return cls(place, limit)

    @classmethod
    def for_bytes(cls, size: int) -> FeatureStore | None:
        """The store to use for so many bytes of features; None where they may stay in memory."""
        return cls.usual() if size > SMALL or os.environ.get(PLACE) else None

    def features(self, sound: str, settings: Features, make: Callable[[], Array]) -> Array:
        """Read the features of a recording, or make and keep them.

        Parameters
        ----------
        sound
            A hash of the recording's sound.
        settings
            The settings of the features.
        make
            Computes them, ``(frame, bin)``; called only if they are not there.

        Returns
        -------
        ndarray
            A memory map; what is written to it stays in memory.

        Raises
        ------
        InputError
            If they cannot be written, as where the disk is full.
        """
        path = self.place(sound, settings)
        found = _mapped(path)
        if found is not None:
            return found
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with locked(path):
                found = _mapped(path)  # another process may just have made them
                if found is not None:
                    return found
                made = np.ascontiguousarray(make(), dtype=np.float32)
                with atomic_path(path) as temporary, temporary.open("wb") as file:
                    np.lib.format.write_array(file, made, allow_pickle=False)
        except (OSError, InputError) as error:
            cause = error if isinstance(error, OSError) else error.__cause__
            if not isinstance(cause, OSError):
                raise
            raise InputError(
                f"{self.folder}: the store of features cannot be written to "
                f"({cause.strerror or cause}); make room with 'bayes-a2m store --clean', or name "
                f"another folder in {PLACE}"
            ) from cause
        self._grown_by(made.nbytes)
        stored = _mapped(path)
        return made if stored is None else stored

    def place(self, sound: str, settings: Features) -> Path:
        """The file of a recording's features, whether it is there or not."""
        kind = f"{type(settings).__module__}.{type(settings).__qualname__}"
        inputs = [FORMAT, sound, kind, settings.model_dump(mode="json")]
        text = json.dumps(inputs, sort_keys=True)
        name = hashlib.sha256(text.encode()).hexdigest()
        return self.folder / name[:3] / f"{name}.npy"

    def count(self) -> int:
        """The number of recordings whose features are there."""
        return sum(1 for _ in self._files())

    def size(self) -> int:
        """The bytes of all features that are there."""
        return sum(size for _, size, _ in self._files())

    def clean(self, left: int = 0) -> int:
        """Remove what was not used for longest, until no more than ``left`` bytes are there.

        Whoever reads what is removed goes on reading it.

        Returns
        -------
        int
            The bytes that were removed.
        """
        if not self.folder.is_dir():
            return 0
        removed = 0
        with locked(self.folder):
            files = sorted(self._files())
            surplus = sum(size for _, size, _ in files) - left
            for _, size, path in files:
                if removed >= surplus:
                    break
                with suppress(OSError):  # on Windows, what is being read stays
                    path.unlink()
                    removed += size
        self._known = None
        return removed

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        """When each file was last used, its bytes, and its path."""
        for path in self.folder.glob("???/*.npy"):
            if not _NAME.fullmatch(path.stem) or path.parent.name != path.stem[:3]:
                continue  # somebody else's: the folder may be any
            with suppress(OSError):  # another process has just removed it
                found = path.stat()
                yield found.st_mtime, found.st_size, path

    def _grown_by(self, size: int) -> None:
        """Remember what was written; count all files seldom, and remove some where too many."""
        self._since += size
        if self._known is None or self._since > COUNTED * self.limit:
            self._known, self._since = self.size(), 0
        if self._known + self._since > self.limit:
            self.clean(int(EMPTIED * self.limit))


def _mapped(path: Path) -> Array | None:
    """The features in a file, marked as used now; None where there are none, or a damaged file."""
    try:
        regular = stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return None
    if not regular:
        with suppress(OSError):  # a pipe would never end, and nobody else has files of such names
            path.unlink()
        return None
    try:
        array: Array = np.lib.format.open_memmap(path, mode="c")
        if array.ndim != 2 or array.dtype != np.float32:
            raise ValueError("these are no features")
        os.utime(path)
    except OSError:
        return None
    except Exception:  # noqa: BLE001 - what is damaged makes numpy raise what it likes
        with suppress(OSError):
            path.unlink()
        return None
    return array
