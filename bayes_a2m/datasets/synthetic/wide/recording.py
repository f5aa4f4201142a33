"""One call makes one recording of any kind, with all that is true of it.

Most are sung: men, women and children, trained and not, any vowel and consonant, fast and held
notes, syllables bound by voiced consonants, a whole recording in tune or off by up to half a
semitone. Some are hummed, whistled or played. Some have no note at all: speech, which has a pitch
and no notes, noise, drums and birds. They go through the recording conditions, some through a
lossy codec or the band of a telephone, and come out at any level.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.datasets import conditions
from bayes_a2m.datasets.conditions import Resample
from bayes_a2m.datasets.synthetic import labels
from bayes_a2m.datasets.synthetic.wide import sung, unsung
from bayes_a2m.datasets.synthetic.wide.codec import CODECS, through_codec
from bayes_a2m.datasets.synthetic.wide.dry import Dry
from bayes_a2m.errors import InputError
from bayes_a2m.music import Note

KINDS: Mapping[str, float] = MappingProxyType(
    {
        "voice": 0.62,
        "hum": 0.05,
        "whistle": 0.03,
        "instrument": 0.07,
        "speech": 0.13,
        "noise": 0.04,
        "drums": 0.04,
        "birds": 0.02,
    }
)
"""Kinds of recordings, and how often each is drawn."""

WITHOUT_NOTES = ("speech", "noise", "drums", "birds")
"""Kinds that never have a note."""

QUIETEST_DB = -40.0
"""Lowest peak of a recording, dBFS; the highest is 0."""


@dataclass(frozen=True)
class WideRecording:
    """Recording whose truth is known.

    Attributes
    ----------
    samples
        Shape ``(samples,)``, between -1 and 1.
    notes
        True notes, at the pitch that sounds; a whistle may lie above MIDI 84. Empty for
        :data:`WITHOUT_NOTES`.
    f0
        Fundamental every 5 ms from 0 s on, Hz, 0 where unvoiced; speech has one.
    kind
        One of :data:`KINDS`.
    conditions
        What it went through, in order: names of recording conditions, ``narrow`` for a band of
        4 kHz, and codecs; empty for none.
    """

    samples: NDArray[np.float32]
    notes: tuple[Note, ...]
    f0: NDArray[np.float64]
    kind: str
    conditions: tuple[str, ...]

    def labels(
        self, generator: np.random.Generator, *, lag: float = 0.0, jitter: float = 0.0
    ) -> tuple[Note, ...]:
        """Label the notes as people do: late by ``lag``, edges off by ``jitter``, seconds."""
        seconds = len(self.f0) * 0.005
        return tuple(labels.imperfect(generator, self.notes, seconds, lag=lag, jitter=jitter))


def wide_recording(
    rng: np.random.Generator,
    *,
    seconds: float,
    sample_rate: int = 16000,
    kind: str | None = None,
    clean: bool = False,
) -> WideRecording:
    """Draw a recording of any kind.

    Parameters
    ----------
    rng
        Source of every draw: the same state gives the same recording.
    seconds, sample_rate
        Length (at least 0.5 s), and rate in Hz.
    kind
        One of :data:`KINDS`, to draw no kind.
    clean
        Whether to leave out conditions and codecs, and keep the level.

    Raises
    ------
    InputError
        If there is no such kind, or the recording is too short for a note.
    """
    if kind is not None and kind not in KINDS:
        raise InputError(f"no kind of recordings called {kind!r}; there are: {', '.join(KINDS)}")
    if seconds < 0.5:
        raise InputError(f"{seconds:g} s are too short for a recording; give at least 0.5 s")
    drawn = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    kind = kind or drawn
    dry = _MAKERS[kind](rng, seconds, sample_rate)
    samples, met = dry.samples.astype(np.float32), tuple[str, ...]()
    if not clean:
        samples, met = _recorded(rng, samples, sample_rate)
    return WideRecording(samples, dry.notes, dry.f0, kind, met)


def _recorded(
    g: np.random.Generator, samples: NDArray[np.float32], sample_rate: int
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """The sound after what lies between a voice and a file, and the names of all that."""
    met: list[str] = []
    if g.random() < 0.85:
        name = str(g.choice(conditions.CONDITIONS))
        condition = conditions.draw(name, 5 * g.random() ** 1.5, g)
        samples = condition.apply(samples, sample_rate)
        met.append(name)
    if g.random() < 0.07:
        narrow = Resample(rate=8000).apply(samples.astype(np.float64), sample_rate, g)
        samples = narrow.astype(np.float32)
        met.append("narrow")
    if g.random() < 0.15:
        codec = str(g.choice(CODECS))
        samples = _to_peak(samples, g.uniform(-12, -1))
        samples = through_codec(samples, sample_rate, codec, g.uniform(0, 0.8))
        met.append(codec)
    return _to_peak(samples, g.uniform(QUIETEST_DB, 0)), tuple(met)


def _to_peak(samples: NDArray[np.float32], peak_db: float) -> NDArray[np.float32]:
    """The sound turned down (or up by at most 20 dB) to a peak in dBFS."""
    peak = max(float(np.abs(samples).max()), 1e-9)
    gain = np.float32(min(10 ** (peak_db / 20) / peak, 10.0))
    scaled: NDArray[np.float32] = np.clip(samples * gain, -1, 1)
    return scaled


_MAKERS: Mapping[str, Callable[[np.random.Generator, float, int], Dry]] = MappingProxyType(
    {
        "voice": sung.sing,
        "hum": sung.hum,
        "whistle": sung.whistle,
        "instrument": sung.play,
        "speech": unsung.speak,
        "noise": unsung.rustle,
        "drums": unsung.drum,
        "birds": unsung.chirp,
    }
)
