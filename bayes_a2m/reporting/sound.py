"""Sound for a page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.errors import InputError
from bayes_a2m.files import atomic_path


def write_flac(path: Path, samples: NDArray[np.float32], rate: int) -> None:
    """Write mono samples as 16-bit FLAC, which every browser plays, atomically.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    import soundfile

    with atomic_path(path) as temporary:
        try:
            soundfile.write(temporary, np.clip(samples, -1, 1), rate, format="FLAC")
        except (OSError, RuntimeError) as error:
            raise InputError(f"{path}: cannot write the sound ({error})") from error
