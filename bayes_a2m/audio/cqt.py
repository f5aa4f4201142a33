"""Fast constant-Q transform: one FFT, sparse kernels, one small inverse FFT per bin.

The transform (Brown 1991; Schörkhuber and Klapuri 2010) correlates the signal with windowed
sinusoids whose lengths ``L_k = Q * sr / f_k`` keep the ratio of frequency to bandwidth
constant. With the scaling of ``librosa.cqt``::

    V[k, t] = (2 / sqrt(L_k)) * sum_n x[t * hop + n] * hann(n / L_k) * exp(-2i pi f_k n / sr)

Here it is evaluated in the frequency domain:

1. A chunk of ``N = hop * P`` samples, zero-padded, gets one FFT.
2. A Hann window's spectrum is known in closed form: with ``m = (f - f_k) * L_k / sr`` the
   kernel is ``sqrt(L_k) * sinc(m) / (1 - m**2)``, real, and below the tolerance but for the
   few ``m`` around 0. Only those products are taken.
3. Taking every ``hop``-th sample in time is aliasing modulo ``P`` in frequency, exactly: the
   products are folded modulo ``P`` and one inverse FFT of length ``P`` gives all frames.

Every step is a torch operation, so gradients flow back to the samples. Longer signals are
cut into chunks that overlap by the longest kernel (overlap-save), which changes nothing.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from bayes_a2m.audio.cqt_constants import C1
from bayes_a2m.errors import InputError


class CQT(nn.Module):
    """Constant-Q transform of batches of signals.

    Parameters
    ----------
    sample_rate, hop
        Sample rate of the signal in Hz, and hop in samples: frame ``t`` is centred at ``t * hop``.
    bins, bins_per_octave, fmin
        Number of bins, how many make an octave, and the lowest frequency in Hz.
    tolerance
        Kernel values below this share of the kernel's peak are left out. 3e-4 costs 0.02 %
        of relative error and half the products of 1e-4.

    Raises
    ------
    InputError
        If the highest bin's band reaches past half the sample rate.

    Examples
    --------
    >>> cqt = CQT()
    >>> time = torch.arange(64000) / 16000
    >>> spectrum = cqt(torch.sin(2 * torch.pi * 440 * time))
    >>> spectrum.shape
    torch.Size([666, 252])
    >>> int(spectrum[333].abs().argmax())  # 45 semitones above C1, three bins each
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
        tolerance: float = 3e-4,
    ) -> None:
        super().__init__()
        self.sample_rate, self.hop, self.bins = sample_rate, hop, bins
        ratio = 2.0 ** (1.0 / bins_per_octave)
        quality = (ratio**2 + 1) / (ratio**2 - 1)
        self.frequencies = fmin * ratio ** torch.arange(bins, dtype=torch.float64)
        lengths = quality * sample_rate / self.frequencies
        top = float(self.frequencies[-1]) * (1 + 1.5 / quality / 2)
        if top > sample_rate / 2:
            raise InputError(
                f"{bins} CQT bins from {fmin:.1f} Hz reach {top:.0f} Hz, past half of "
                f"{sample_rate} Hz; take fewer bins or a higher rate"
            )
        # frames at each end of a chunk that a kernel centred there would see wrapped around
        self.margin = math.ceil(float(lengths[0]) / 2 / hop) + 1
        # short kernels (a high fmin) and long hops leave room between the margins, too
        self.points = _fast_size(max(int(3.5 * float(lengths[0]) / hop), 4 * self.margin))
        self.rows = self._kernels(lengths, tolerance)

    def _kernels(self, lengths: Tensor, tolerance: float) -> list[tuple[int, int, int]]:
        """Make the kernels, cut at multiples of ``points``: one buffer a stretch of spectrum.

        The stretch (row) ``r`` of the spectrum meets a contiguous range of bins, so folding
        is one multiply-and-add of whole arrays a row.
        """
        points = self.points
        step = self.sample_rate / (self.hop * points)  # Hz from one FFT point to the next
        # sinc(m) / (1 - m^2) falls like 1 / (pi m^3): beyond this m it is below the tolerance
        reach = (1 / (math.pi * tolerance)) ** (1 / 3) * self.sample_rate / lengths
        low, high = self.frequencies - reach, self.frequencies + reach
        rows = []
        for row in range(self.hop // 2 + 1):
            hz = torch.arange(row * points, (row + 1) * points, dtype=torch.float64) * step
            touched = torch.nonzero((low <= hz[-1]) & (high >= hz[0])).flatten()
            if len(touched) == 0 or float(hz[0]) > self.sample_rate / 2:
                continue
            first, last = int(touched[0]), int(touched[-1]) + 1
            touched_bins = slice(first, last)
            offset = (
                (hz - self.frequencies[touched_bins, None])
                * lengths[touched_bins, None]
                / self.sample_rate
            )
            kernel = torch.sqrt(lengths[touched_bins, None]) * _hann_spectrum(offset) / self.hop
            within = (hz >= low[touched_bins, None]) & (hz <= high[touched_bins, None])
            within &= (hz > 0) & (hz <= self.sample_rate / 2)
            self.register_buffer(f"kernel_{row}", (kernel * within).float(), persistent=False)
            rows.append((row, first, last))
        return rows

    def frames(self, samples: int) -> int:
        """Number of frames of so many samples."""
        return max(samples // self.hop, min(samples, 1))

    def forward(self, samples: Tensor) -> Tensor:
        """Transform signals.

        Parameters
        ----------
        samples
            Signals, real, shape ``(..., samples)``.

        Returns
        -------
        Tensor
            Complex, shape ``(..., frames, bins)``, ``frames = samples // hop``. What lies
            before and after the signal counts as silence.
        """
        frames = self.frames(samples.shape[-1])
        per_chunk = self.points - 2 * self.margin
        flat = samples.reshape(math.prod(samples.shape[:-1]), samples.shape[-1])
        # chunk by chunk: the work is bound by memory, and one chunk fits the cache
        pieces = [
            self._chunk(signal, start, min(per_chunk, frames - start))
            for signal in flat
            for start in range(0, frames, per_chunk)
        ]
        if not pieces:  # no signal, or none with a sample
            return torch.complex(flat, flat).new_zeros(*samples.shape[:-1], frames, self.bins)
        whole = torch.cat(pieces) if len(pieces) > 1 else pieces[0]
        return whole.reshape(*samples.shape[:-1], frames, self.bins)

    def _chunk(self, signal: Tensor, start: int, frames: int) -> Tensor:
        """Frames ``start`` to ``start + frames`` of one signal."""
        points, hop = self.points, self.hop
        before = min(start, self.margin)  # frames of context taken along
        first = (start - before) * hop
        piece = signal[first : (start + frames + self.margin) * hop]
        # silence before the first sample is the zero padding at the end, wrapped around
        piece = nn.functional.pad(piece, (0, hop * points - piece.shape[-1]))
        spectrum = torch.fft.rfft(piece)
        spectrum = nn.functional.pad(spectrum, (0, -spectrum.shape[-1] % points))
        spectrum = spectrum.view(-1, points)
        real, imag = spectrum.real.contiguous(), spectrum.imag.contiguous()
        folded_real = piece.new_zeros(self.bins, points)
        folded_imag = piece.new_zeros(self.bins, points)
        # taking every hop-th sample in time is aliasing modulo ``points`` in frequency: row r of
        # the spectrum is folded onto row 0 by adding it
        for row, low, high in self.rows:
            kernel = self.get_buffer(f"kernel_{row}")
            folded_real[low:high].addcmul_(real[row], kernel)
            folded_imag[low:high].addcmul_(imag[row], kernel)
        response = torch.fft.ifft(torch.complex(folded_real, folded_imag))
        inner: Tensor = response[:, before : before + frames].T
        return inner


def _hann_spectrum(offset: Tensor) -> Tensor:
    """Spectrum of a Hann window, ``sinc(m) / (1 - m**2)``: 1 at ``m = 0``, 1/2 at ``m = ±1``."""
    # 0 / 0 at m = ±1, where the limit is 1/2
    denominator = 1 - offset**2
    singular = denominator.abs() < 1e-9
    ratio = torch.sinc(offset) / torch.where(singular, torch.ones_like(offset), denominator)
    return torch.where(singular, torch.full_like(offset, 0.5), ratio)


def _fast_size(least: int) -> int:
    """Smallest even number not below ``least`` without a prime factor above 5."""
    from scipy.fft import next_fast_len

    return 2 * int(next_fast_len(max(1, -(-least // 2)), real=True))
