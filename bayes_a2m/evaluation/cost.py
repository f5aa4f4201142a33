"""The cost of an answer: time, memory and parameters."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True)
class Cost:
    """The cost of an answer; None where it was not measured.

    Attributes
    ----------
    seconds_per_audio_second
        Seconds of computing for a second of sound.
    peak_memory_mb
        The most memory the process ever held, MiB.
    parameters
        Trained parameters of the model.
    training_seconds
        Seconds that training took.
    """

    seconds_per_audio_second: float | None = None
    peak_memory_mb: float | None = None
    parameters: int | None = None
    training_seconds: float | None = None


class Clock:
    """Counts the seconds spent inside an iterator, not those of whoever consumes it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def timed(self, items: Iterable[Item]) -> Iterator[Item]:
        """The same items; making them counts."""
        source = iter(items)
        while True:
            start = time.perf_counter()
            item = next(source, None)
            self.seconds += time.perf_counter() - start
            if item is None:
                return
            yield item


def peak_memory_mb() -> float | None:
    """Most memory this process ever held, MiB; None on Windows, which does not keep it so."""
    try:
        import resource  # Unix alone has it
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts KiB, macOS bytes
    return peak / (1024.0 * 1024.0 if sys.platform == "darwin" else 1024.0)
