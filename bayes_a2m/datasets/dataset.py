"""Data sets: recordings over one vocabulary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.datasets.recording import Recording
from bayes_a2m.errors import InputError
from bayes_a2m.music import FrameGrid, Vocabulary
from bayes_a2m.notebook import Shown


@dataclass(frozen=True, repr=False)
class Dataset(Shown):
    """Data set: recordings over one vocabulary, as an immutable sequence."""

    recordings: tuple[Recording, ...]
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    name: str = "data"

    def __post_init__(self) -> None:
        object.__setattr__(self, "recordings", tuple(self.recordings))
        ids = [r.id for r in self.recordings]
        if len(set(ids)) < len(ids):
            twice = sorted({i for i in ids if ids.count(i) > 1})
            raise InputError(f"{self.name}: ids given twice: {', '.join(twice[:5])}")

    def _shown(self) -> Mapping[str, object]:
        def counted(values: Iterable[str]) -> str:
            counts = Counter(value or "none" for value in values)
            return ", ".join(f"{count} {name}" for name, count in counts.items())

        facts: dict[str, object] = {"name": self.name, "recordings": len(self)}
        facts["classes"] = " ".join(self.vocabulary.names)
        if self.splits:
            facts["splits"] = counted(r.split for r in self)
        if any(r.condition for r in self):
            facts["conditions"] = counted(r.condition for r in self)
        return facts | {"notes": sum(len(r.notes or ()) for r in self)}

    def __len__(self) -> int:
        return len(self.recordings)

    def __iter__(self) -> Iterator[Recording]:
        return iter(self.recordings)

    def __getitem__(self, index: int) -> Recording:
        return self.recordings[index]

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the recordings, in order."""
        return tuple(r.id for r in self.recordings)

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits that occur, in order of appearance."""
        return tuple(dict.fromkeys(r.split for r in self.recordings if r.split))

    @property
    def labels(self) -> list[NDArray[np.int64]]:
        """Class of every frame, an array a recording, on the default grid (16 kHz, hop 96)."""
        return self.labels_on(FrameGrid())

    def labels_on(self, grid: FrameGrid) -> list[NDArray[np.int64]]:
        """Compute the class of every frame on a grid, an array ``(frames,)`` a recording."""
        return [r.labels(grid, self.vocabulary) for r in self.recordings]

    def where(self, keep: Callable[[Recording], bool]) -> Dataset:
        """Select the recordings for which ``keep`` is true."""
        return replace(self, recordings=tuple(r for r in self.recordings if keep(r)))

    def pick(self, ids: Iterable[str]) -> Dataset:
        """Select the recordings with these ids, in the set's order.

        Raises
        ------
        InputError
            If an id is not in the set.
        """
        wanted = set(ids)
        unknown = sorted(wanted - set(self.ids))
        if unknown:
            raise InputError(f"{self.name}: no recording with id {', '.join(unknown[:5])}")
        return self.where(lambda r: r.id in wanted)

    def split(self, name: str) -> Dataset:
        """Select the recordings of one split.

        Raises
        ------
        InputError
            If there is no such split.
        """
        if name not in self.splits:
            known = ", ".join(self.splits) or "none"
            raise InputError(f"{self.name}: no split called {name!r}; there are: {known}")
        return self.where(lambda r: r.split == name)

    def with_tuning_part(self, share: float = 0.15, seed: int = 0) -> tuple[Dataset, Dataset]:
        """Set a tuning split aside: (the rest, the tuning split).

        See :func:`bayes_a2m.datasets.splits.tuning_part`.
        """
        from bayes_a2m.datasets.splits import tuning_part

        chosen = tuning_part(self.recordings, share, seed)
        return self.where(lambda r: r.id not in chosen), self.pick(chosen)

    def folds(self, count: int = 5, seed: int = 0) -> list[tuple[Dataset, Dataset]]:
        """Divide into folds by take, stratified by condition: (the rest, the held-out) each.

        See :func:`bayes_a2m.datasets.splits.folds`.
        """
        from bayes_a2m.datasets.splits import folds

        fold = folds(self.recordings, count, seed)

        def parted(number: int) -> tuple[Dataset, Dataset]:
            rest = self.where(lambda r: fold[r.id] != number)
            return rest, self.where(lambda r: fold[r.id] == number)

        return [parted(number) for number in range(count)]

    def chunks(self, size: int) -> Iterator[Dataset]:
        """Yield the set in pieces of at most ``size`` recordings."""
        for start in range(0, len(self), size):
            yield replace(self, recordings=self.recordings[start : start + size])


def of_files(paths: Sequence[Path], vocabulary: Vocabulary) -> Dataset:
    """Make a set of recordings without references, ids from the file names."""
    return Dataset(tuple(Recording(str(p), path=p) for p in paths), vocabulary, "files")
