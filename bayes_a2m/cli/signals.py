"""Signals that end the command: everything half done is tidied away first.

A signal becomes an exception in the main thread, so that every ``finally`` runs. Python drops an
exception that is raised within a destructor or a callback of C code; then it is raised again.
Some C code does not survive that: numba calls machine code at address 0 where its loading was
broken off, and uses the addresses of a random generator although ``ctypes`` could not tell them;
a module whose import was broken off may be in a state that nobody thought of. What arrives in
there waits until it is over. What comes within a moment of the first is the same wish
(``timeout`` tells the process and its group, a terminal everything in it): it must not break off
the tidying.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

AGAIN = 0.05
"""Seconds after which an exception that was dropped is raised again."""

MOMENT = 1.0
"""Seconds within which another signal is the same wish as the first."""

FRAGILE = frozenset({"numba", "llvmlite", "ctypes", "importlib"})
"""Packages that C code calls which does not survive an exception in there."""

ENDING = ("SIGINT", "SIGTERM", "SIGHUP")
"""Signals that end the command; SIGHUP is unknown to Windows."""


class Terminated(BaseException):
    """The process was asked to end (SIGTERM, SIGHUP)."""


class Signals:
    """Record of the signal that has arrived, if any."""

    def __init__(self) -> None:
        self.received: int | None = None
        self._heard = 0.0
        self._again = False
        self._over = False

    @property
    def code(self) -> int | None:
        """The exit code that a shell gives to a process ended by the signal."""
        return None if self.received is None else 128 + self.received

    @property
    def words(self) -> str:
        """The line to say."""
        return "interrupted" if self.received == signal.SIGINT else "terminated"

    @contextmanager
    def raised(self) -> Iterator[None]:
        """Turn signals into exceptions for as long as the block lasts."""
        numbers = [getattr(signal, name) for name in ENDING if hasattr(signal, name)]
        earlier = {}
        for number in numbers:
            # who started us with a signal ignored (nohup, a shell's background) wants it ignored
            if signal.getsignal(number) != signal.SIG_IGN:
                earlier[number] = signal.signal(number, self._raise)
        hook, sys.unraisablehook = sys.unraisablehook, self._dropped
        try:
            yield
        finally:
            self._over = True
            sys.unraisablehook = hook
            for number, handler in earlier.items():
                signal.signal(number, handler)

    def _raise(self, number: int, frame: FrameType | None) -> None:
        if _within(frame, FRAGILE):
            self._raise_later(number)
            return
        again, self._again = self._again, False
        if self.received is None:
            self._heard = time.monotonic()
        elif not again and time.monotonic() - self._heard < MOMENT:
            return
        self.received = number
        raise KeyboardInterrupt if number == signal.SIGINT else Terminated

    def _dropped(self, dropped: Any) -> None:
        """Raise an exception again that was raised where nothing can be raised."""
        number = self.received
        if number is None or not issubclass(dropped.exc_type, KeyboardInterrupt | Terminated):
            sys.__unraisablehook__(dropped)
            return
        self._raise_later(number)

    def _raise_later(self, number: int) -> None:
        """Raise a signal again after a moment."""

        def again() -> None:
            time.sleep(AGAIN)
            if self._over:
                return
            self._again = True
            with suppress(RuntimeError, ValueError):
                signal.raise_signal(number)

        threading.Thread(target=again, daemon=True).start()


def _within(frame: FrameType | None, packages: frozenset[str]) -> bool:
    """Whether a frame, or one that it was called from, is code of one of some packages."""
    while frame is not None:
        if str(frame.f_globals.get("__name__")).partition(".")[0] in packages:
            return True
        frame = frame.f_back
    return False
