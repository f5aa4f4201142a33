"""The constant-Q transform of :mod:`bayes_a2m.audio.cqt`, by numpy alone.

The same sums in the same precision: a chunk of the signal gets one FFT, is multiplied by sparse
kernels whose spectrum is known in closed form, folded, and comes back by a short inverse FFT a bin.
What differs from torch's is rounding, some 1e-6 of full scale.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.audio.cqt_constants import C1
from bayes_a2m.audio.cqt_kernels import TOLERANCE, make_kernels


class CQT:
    """Magnitudes of the constant-Q transform of a signal.

    Parameters
    ----------
    sample_rate, hop
        Sample rate of the signal in Hz, and hop in samples: frame ``t`` is centred at ``t * hop``.
    bins, bins_per_octave, fmin
        Number of bins, how many make an octave, and the lowest frequency in Hz.
    tolerance
        Kernel values below this share of the kernel's peak are left out.

    Raises
    ------
    InputError
        If the highest bin's band reaches past half the sample rate.

    Examples
    --------
    >>> spectrum = CQT()(np.sin(2 * np.pi * 440 / 16000 * np.arange(64000)).astype(np.float32))
    >>> spectrum.shape
    (666, 252)
    >>> int(spectrum[333].argmax())  # 45 semitones above C1, three bins each
    135
    """

    def __init__(
        self,
        *,
        sample_rate: int = 16000,
        hop: int = 96,
        bins: int = 252,
        bins_per_octave: int = 36,
        fmin: float = C1,
        tolerance: float = TOLERANCE,
    ) -> None:
        self.sample_rate, self.hop, self.bins = sample_rate, hop, bins
        made = make_kernels(
            sample_rate=sample_rate,
            hop=hop,
            bins=bins,
            bins_per_octave=bins_per_octave,
            fmin=fmin,
            tolerance=tolerance,
        )
        self.margin, self.points, self._rows = made.margin, made.points, made.rows

    def __call__(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compute magnitudes ``(frames, bins)`` of samples ``(n,)``; ``n // hop`` frames."""
        frames = max(samples.shape[0] // self.hop, min(samples.shape[0], 1))
        per_chunk = self.points - 2 * self.margin
        magnitudes = np.empty((frames, self.bins), dtype=np.float32)
        for start in range(0, frames, per_chunk):
            count = min(per_chunk, frames - start)
            magnitudes[start : start + count] = self._chunk(samples, start, count)
        return magnitudes

    def _chunk(self, samples: NDArray[np.float32], start: int, frames: int) -> NDArray[np.float32]:
        """Magnitudes of frames ``start`` to ``start + frames``."""
        points, hop = self.points, self.hop
        before = min(start, self.margin)  # frames of context taken along
        first = (start - before) * hop
        piece = samples[first : (start + frames + self.margin) * hop]
        # silence before the first sample is the zero padding at the end, wrapped around
        spectrum = np.fft.rfft(piece, n=hop * points)
        rest = -spectrum.shape[0] % points
        spectrum = np.concatenate([spectrum, np.zeros(rest, spectrum.dtype)]).reshape(-1, points)
        folded = np.zeros((self.bins, points), dtype=np.complex64)
        # row r of the spectrum is folded onto row 0 by adding it: every hop-th sample in time
        for row in self._rows:
            folded[row.first : row.first + len(row.kernel)] += row.kernel * spectrum[row.number]
        response = np.fft.ifft(folded, axis=1)
        magnitudes: NDArray[np.float32] = np.abs(response[:, before : before + frames]).T
        return magnitudes
