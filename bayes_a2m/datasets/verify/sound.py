"""Checks of one recording's sound: that it can be read, holds a voice, is not clipped."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.audio import io
from bayes_a2m.audio.decoding import decode
from bayes_a2m.audio.mono import mixed, to_scale
from bayes_a2m.datasets.verify.problem import Code, Level, Problem
from bayes_a2m.datasets.verify.words import count_of, ms
from bayes_a2m.errors import InputError

SAMPLE_RATE = 16000
"""Hz that everything is resampled to."""

SILENCE = 10.0 ** (-60 / 20)
"""Peak (full scale 1) below which a recording holds no voice: -60 dBFS."""

CLIPPED_FROM = 0.95
"""Peak (full scale 1) from which a flat top is taken for clipping: -0.4 dBFS."""

CLIPPED_RUN = 3
"""Samples in a row at the extreme that make a flat top. A sine at full scale has one or two
within a 16-bit step of its peak from 20 Hz up."""

_STEP = 1.5 / 32768


@dataclass(frozen=True)
class Sound:
    """The facts kept of a recording once it was looked at."""

    duration: float
    peak: float
    digest: str = field(repr=False)


def sound_in(path: Path) -> tuple[Sound | None, list[Problem]]:
    """Check the sound of one recording."""
    problems: list[Problem] = []

    def complain(level: Level, code: Code, text: str) -> None:
        problems.append(Problem(level, path.name, code, text))

    try:
        decoded = decode(path)
    except InputError as error:
        complain("error", "unreadable-sound", str(error).removeprefix(f"{path}: "))
        return None, problems
    samples, rate = decoded.samples, decoded.rate
    for repair in decoded.repairs:
        complain("warning", repair.code, repair.message)
    if rate != SAMPLE_RATE:
        lost = f"nothing above {rate / 2:g} Hz is in it; " if rate < SAMPLE_RATE else ""
        text = f"sampled at {rate} Hz: {lost}it will be resampled to {SAMPLE_RATE} Hz"
        complain("warning", "sample-rate", text)
    if samples.shape[0] == 0:
        complain("error", "no-samples", "holds no samples; record it again")
        return None, problems
    duration = samples.shape[0] / rate
    if duration < io.SHORTEST:
        text = f"{ms(duration)} is too short for a note; give at least {ms(io.SHORTEST)}"
        complain("error", "too-short", text)

    digest = hashlib.sha256(rate.to_bytes(4, "big") + samples.tobytes()).hexdigest()
    bad = io.strange(samples)
    if bad:
        complain("error", "nan-samples", f"{bad}; export it again")
        usable = np.abs(samples) <= io.LARGEST  # not true of NaN
        samples = np.where(usable, samples, 0.0).astype(np.float32)
    samples, repairs = to_scale(samples)
    for repair in repairs:
        complain("warning", repair.code, repair.message)
    peaks = np.abs(samples).max(axis=0)
    peak = float(peaks.max())
    _check_channels(samples, peaks, complain)
    if peak < SILENCE and not bad:
        level = f"peaks at {20 * np.log10(peak):.0f} dBFS" if peak else "is all zeros"
        complain("warning", "silent", f"{level}: there is no voice in it; record it again")
    runs = [run for channel in samples.T for run in _flat_tops(channel)]
    if runs:
        start = min(first for first, _ in runs) / rate
        text = (
            f"clipped: {count_of(sum(n for _, n in runs), 'sample')} in "
            f"{count_of(len(runs), 'flat top')}, the first at {start:.3f} s; "
            "record it at a lower level"
        )
        complain("warning", "clipped", text)
    return Sound(duration, peak, digest), problems


def _check_channels(
    samples: NDArray[np.float32],
    peaks: NDArray[np.float32],
    complain: Callable[[Level, Code, str], None],
) -> None:
    """Say what becomes of several channels."""
    count = samples.shape[1]
    if count == 1:
        return
    _, cancelled = mixed(samples)
    for repair in cancelled:
        complain("warning", repair.code, repair.message)
    if not cancelled:
        complain("warning", "channels", f"{count} channels: they will be averaged")
    silent = [str(i) for i in np.flatnonzero(peaks < SILENCE) + 1]
    if silent and len(silent) < count:
        lost = 20 * np.log10(count / (count - len(silent)))
        text = (
            f"channel {', '.join(silent)} of {count} is silent, so the average is {lost:.0f} dB "
            "quieter than the others; save it without"
        )
        complain("warning", "silent-channel", text)


def _flat_tops(samples: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Runs of samples at the extreme of a clipped channel, as (first sample, how many).

    >>> _flat_tops(np.array([0.2, 0.99, 0.99, 0.99, 0.1, -0.5, -0.5, -0.5], dtype=np.float32))
    [(1, 3)]
    """
    tops: list[tuple[int, int]] = []
    for side in (samples, -samples):
        extreme = float(side.max(initial=0.0))
        if extreme < CLIPPED_FROM:
            continue
        at_top = np.concatenate(([False], side >= extreme - _STEP, [False]))
        edges = np.flatnonzero(np.diff(at_top))
        pairs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
        tops += [(start, end - start) for start, end in pairs if end - start >= CLIPPED_RUN]
    return sorted(tops)
