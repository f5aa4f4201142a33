"""There and back through a lossy codec, in memory."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

CODECS = ("mp3", "ogg")
"""MPEG layer III and Vorbis: libsndfile takes their delay out again."""


def available(codec: str) -> bool:
    """Tell whether the installed libsndfile writes a codec (MP3: from 1.1 on)."""
    import soundfile

    return {"mp3": "MP3", "ogg": "OGG"}[codec] in soundfile.available_formats()


def through_codec(
    samples: NDArray[np.float32], sample_rate: int, codec: str, quality: float = 0.5
) -> NDArray[np.float32]:
    """Encode and decode; every sound stays at its sample.

    Parameters
    ----------
    samples, sample_rate
        Mono, shape ``(samples,)``, full scale 1.
    codec
        One of :data:`CODECS`. One that is not available changes nothing.
    quality
        From 0, the fewest bits, to 1, the most.
    """
    import soundfile

    if not available(codec):
        return samples
    kind, subtype = {"mp3": ("MP3", "MPEG_LAYER_III"), "ogg": ("OGG", "VORBIS")}[codec]
    memory = io.BytesIO()
    soundfile.write(
        memory, samples, sample_rate, subtype, format=kind, compression_level=1 - quality
    )
    memory.seek(0)
    decoded, _ = soundfile.read(memory, dtype="float32")
    out = np.zeros_like(samples)
    kept = min(len(out), len(decoded))
    out[:kept] = decoded[:kept]
    return out
