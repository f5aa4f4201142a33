"""Several channels into one, and what must be put right for that.

The channels' mean is taken, which is what a listener in the middle hears; unless they cancel each
other (one is the other's negative, after a wrong cable or a "karaoke" effect): then the loudest is
taken alone. Samples of floating point whose full scale is not 1 but that of integers are divided
by it, and a constant that is larger than a microphone's is taken away.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.repairs import Repair

INTEGERS_FROM = 10.0
"""Peak from which samples are taken for integers: no converter is driven 20 dB over."""

SPIKES = 0.01
"""Share of the samples other than 0 below which those over full scale are faults, each alone."""

_FULL_SCALES = (2**15, 2**23, 2**31)
_ROUNDING = 2.0**-15

CANCELLED = 0.25
"""Share of energy of the mean, against that of unrelated channels, below which they cancel."""

CANCELLED_SHARE = 0.1
"""Share of the sound that may be cancelled before one channel is taken."""

_BLOCK = 4096
"""Samples of a block in which it is asked whether channels cancel."""

OFFSET = 0.02
"""Constant that is taken for a fault of the converter, where it is also a quarter of the sound."""


def to_mono(samples: NDArray[np.float32]) -> tuple[NDArray[np.float32], tuple[Repair, ...]]:
    """Samples ``(samples, channels)`` as one channel ``(samples,)``, and what was put right."""
    samples, repairs = to_scale(samples)
    mono, more = mixed(samples)
    return mono, (*repairs, *more)


def to_scale(samples: NDArray[np.float32]) -> tuple[NDArray[np.float32], tuple[Repair, ...]]:
    """Samples ``(samples, channels)`` of full scale 1 about 0, and what was put right for that."""
    repairs: list[Repair] = []
    return _centred(_scaled(samples, repairs), repairs), tuple(repairs)


def mixed(samples: NDArray[np.float32]) -> tuple[NDArray[np.float32], tuple[Repair, ...]]:
    """The mean of the channels, or the loudest where they cancel each other."""
    if samples.shape[1] > 1 and cancelled_share(samples) > CANCELLED_SHARE:
        energy = _energy(samples).sum(axis=0)
        loudest = int(np.argmax(energy > 0.99 * energy.max()))  # the first of equals
        text = f"its channels cancel each other: channel {loudest + 1} is taken alone"
        return np.ascontiguousarray(samples[:, loudest]), (Repair("antiphase", text),)
    return samples.mean(axis=1), ()


def _scaled(samples: NDArray[np.float32], repairs: list[Repair]) -> NDArray[np.float32]:
    """Samples whose full scale is 1."""
    height = np.abs(samples)
    peak = float(height.max(initial=0.0))
    if peak <= 1 + _ROUNDING:
        return samples
    if peak <= INTEGERS_FROM:
        text = f"samples reach {peak:.3g}, over the full scale of 1: they are kept as they are"
        repairs.append(Repair("over-full-scale", text))
        return samples
    over = np.count_nonzero(height > 1)
    if over < SPIKES * np.count_nonzero(height):
        text = f"{over} samples reach {peak:.3g} where full scale is 1: they are cut off there"
        repairs.append(Repair("over-full-scale", text))
        return np.clip(samples, -1, 1)
    scale = next((s for s in _FULL_SCALES if peak <= s), _FULL_SCALES[-1])
    text = f"samples reach {peak:.0f} where full scale is 1: they are divided by {scale}"
    repairs.append(Repair("sample-scale", text))
    return samples / np.float32(scale)


def _centred(samples: NDArray[np.float32], repairs: list[Repair]) -> NDArray[np.float32]:
    """Samples without a constant that is none of the sound's."""
    offsets = samples.mean(axis=0, dtype=np.float64)
    spread = samples.std(axis=0, dtype=np.float64)
    wrong = (np.abs(offsets) > OFFSET) & (np.abs(offsets) > spread / 4)
    if not wrong.any():
        return samples
    largest = float(offsets[np.argmax(np.abs(offsets))])
    repairs.append(Repair("dc-offset", f"a constant of {largest:+.3f} lies on it: it is taken off"))
    return samples - np.where(wrong, offsets, 0.0).astype(np.float32)


def _energy(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Energy block by block about the mean, ``(block, channel)``."""
    centred = samples - samples.mean(axis=0, dtype=np.float64)
    starts = np.arange(0, samples.shape[0], _BLOCK)
    energy: NDArray[np.float64] = np.add.reduceat(np.square(centred), starts, axis=0)
    return energy


def cancelled_share(samples: NDArray[np.float32]) -> float:
    """Share of the energy of ``(samples, channels)`` in blocks where the channels cancel.

    The mean of ``n`` unrelated channels has ``1 / n^2`` of the sum of their energies; one that has
    less than a quarter of this is made of channels that cancel each other.

    >>> x = np.sin(np.arange(9000) / 9)
    >>> [float(cancelled_share(np.stack(pair, 1))) for pair in ((x, x), (x, 0 * x), (x, -x))]
    [0.0, 0.0, 1.0]
    """
    each = _energy(samples).sum(axis=1)
    mean = _energy(samples.mean(axis=1, keepdims=True))[:, 0]
    cancelled = mean * samples.shape[1] ** 2 < CANCELLED * each
    total = each.sum()
    return float(each[cancelled].sum() / total) if total else 0.0
