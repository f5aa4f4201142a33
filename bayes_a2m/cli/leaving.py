"""The end of a process that a signal asked for: soon, and whatever threads are at work.

At its end Python waits for the threads of libraries, however long they take, and takes the others
out of the native code that they are in, which not every library survives. After a signal neither
is wanted: what was registered for the exit is done, and the process is gone.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from typing import NoReturn

from bayes_a2m.cli.signals import ENDING

PATIENCE = 5.0
"""Seconds that what was registered for the exit may take."""


def leave(code: int) -> NoReturn:
    """End the process with an exit code, after the functions that :mod:`atexit` knows."""
    for name in ENDING:
        if hasattr(signal, name):  # it is ending already
            signal.signal(getattr(signal, name), signal.SIG_IGN)

    def give_up() -> None:
        time.sleep(PATIENCE)
        os._exit(code)

    threading.Thread(target=give_up, daemon=True).start()
    with suppress(BaseException):
        atexit._run_exitfuncs()  # temporary folders and workers of libraries go
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)
