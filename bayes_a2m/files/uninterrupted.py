"""Work that must not be interrupted half way: signals wait until it is done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = ("SIGINT", "SIGTERM", "SIGHUP")
"""Signals that end a command; SIGHUP is unknown to Windows."""


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let signals that end the command wait for the end of the block.

    A library that calls Python from C code (HDF5 does) may not survive an exception in there.
    Outside of the main thread, where no signal is handled, the block simply runs.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        arrived.append(number)

    numbers = [getattr(signal, name) for name in ENDING if hasattr(signal, name)]
    handled = [n for n in numbers if callable(signal.getsignal(n))]
    earlier = {number: signal.signal(number, note) for number in handled}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
        for number in arrived[:1]:
            signal.raise_signal(number)
