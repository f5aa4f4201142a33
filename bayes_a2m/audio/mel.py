"""Mel spectrogram: Slaney's filters over a centred Hann STFT."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bayes_a2m.errors import InputError


class Mel(nn.Module):
    """Transform from batches of signals to mel magnitudes, on the same frames as :class:`CQT`.

    Parameters
    ----------
    sample_rate, hop
        Sample rate of the signal in Hz, and hop in samples.
    bins, fmin, fmax
        Number of filters and the band they span, Hz.
    window
        Length of the Fourier transform, samples.
    """

    def __init__(
        self,
        *,
        sample_rate: int = 16000,
        hop: int = 96,
        bins: int = 128,
        window: int = 2048,
        fmin: float = 30.0,
        fmax: float = 8000.0,
    ) -> None:
        super().__init__()
        import librosa

        if not fmin < fmax <= sample_rate / 2:
            raise InputError(
                f"a mel band from {fmin:g} to {fmax:g} Hz does not fit {sample_rate} Hz audio"
            )
        self.hop, self.points = hop, window
        bank = librosa.filters.mel(sr=sample_rate, n_fft=window, n_mels=bins, fmin=fmin, fmax=fmax)
        self.register_buffer("bank", torch.from_numpy(bank.T.copy()), persistent=False)
        self.register_buffer("hann", torch.hann_window(window), persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        """Compute magnitudes ``(..., frames, bins)`` of samples ``(..., n)``."""
        length = samples.shape[-1]
        spectrum = torch.stft(
            samples.reshape(-1, length),
            self.points,
            self.hop,
            window=self.get_buffer("hann"),
            center=True,
            pad_mode="constant",
            return_complex=True,
        )
        frames = max(length // self.hop, min(length, 1))
        power = spectrum[..., :frames].abs().square().transpose(-1, -2)
        mel = (power @ self.get_buffer("bank")).sqrt()
        return mel.reshape(*samples.shape[:-1], frames, -1)
