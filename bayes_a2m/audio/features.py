"""Features of the networks: a CQT or a mel spectrogram in decibels, frame by frame.

Decibels are relative to full scale (reference 1.0), the same in training and in use, with
what lies under ``floor_db`` cut off: below it is the recording's noise, not the voice.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from bayes_a2m import renamed
from bayes_a2m.audio.cqt_constants import C1
from bayes_a2m.music.grid import FrameGrid

if TYPE_CHECKING:
    from torch import nn

LARGEST_KERNELS = 2**26
"""Samples of all kernels of a constant-Q transform together, at most: half a gigabyte."""


class Features(BaseModel):
    """Settings of features, and the transform they describe.

    A subclass has a ``name``, which is its ``kind`` in an experiment file, and says how many
    ``bins`` a frame has.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    group: ClassVar[str] = "features"
    name: ClassVar[str]
    label: ClassVar[str] = ""
    """Label of a figure's axis; the name where it is empty."""

    kind: str = ""
    bins: int = Field(ge=1, le=8192, description="values of a frame")
    sample_rate: int = Field(16000, ge=4000, le=192000, description="Hz")
    hop: int = Field(96, ge=8, le=16384, description="samples from one frame to the next")
    floor_db: float = Field(
        -70.0, ge=-300, le=300, description="levels below this count as this, dB"
    )

    @property
    def grid(self) -> FrameGrid:
        """Times of the frames."""
        return FrameGrid(self.sample_rate, self.hop)

    @model_validator(mode="before")
    @classmethod
    def _of_its_kind(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        kind = values.get("kind", cls.name)
        if kind != cls.name and ":" not in kind:
            raise ValueError(f"kind: {kind!r} is not {cls.name!r}")
        return {**values, "kind": kind}

    @abstractmethod
    def transform(self) -> nn.Module:
        """Make the transform from samples ``(..., n)`` to magnitudes ``(..., frames, bins)``.

        Frame i is centred on sample ``i * hop``; ``n`` samples give ``n // hop`` frames. Its
        parameters and buffers are fixed: nothing in it is trained.
        """

    @property
    def frequencies(self) -> NDArray[np.float64]:
        """Centre frequency of every bin, Hz; the number of the bin where it has none."""
        return np.arange(self.bins, dtype=np.float64)


class CQTFeatures(Features):
    """Settings of the constant-Q transform."""

    name = "cqt"
    label = "CQT"

    bins: int = Field(252, ge=12, le=2048)
    bins_per_octave: int = Field(36, ge=12, le=384)
    fmin: float = Field(C1, ge=1, description="lowest frequency, Hz")

    @model_validator(mode="after")
    def _is_bearable(self) -> Self:
        """Refuse kernels, as long as the lowest bin resolves, that would fill the memory."""
        longest = self.bins_per_octave / np.log(2) * self.sample_rate / self.fmin
        if self.bins * longest > LARGEST_KERNELS:
            raise ValueError(
                f"{self.bins} kernels of up to {longest:.0f} samples are too many: raise fmin, or "
                "take fewer bins (bins_per_octave) or a lower sample_rate"
            )
        return self

    def transform(self) -> nn.Module:
        """Make the transform from samples ``(..., n)`` to magnitudes ``(..., frames, bins)``."""
        from bayes_a2m.audio.cqt import CQT

        return CQT(
            sample_rate=self.sample_rate,
            hop=self.hop,
            bins=self.bins,
            bins_per_octave=self.bins_per_octave,
            fmin=self.fmin,
        )

    @property
    def frequencies(self) -> NDArray[np.float64]:
        """Centre frequency of every bin, Hz."""
        return self.fmin * 2.0 ** (np.arange(self.bins) / self.bins_per_octave)


class MelFeatures(Features):
    """Settings of the mel spectrogram."""

    name = "mel"
    label = "mel spectrum"

    bins: int = Field(128, ge=12, le=2048)
    window: int = Field(2048, ge=64, le=65536, description="samples of the Fourier transform")
    fmin: float = Field(30.0, ge=0, description="Hz")
    fmax: float = Field(8000.0, gt=0, description="Hz")

    def transform(self) -> nn.Module:
        """Make the transform from samples ``(..., n)`` to magnitudes ``(..., frames, bins)``."""
        from bayes_a2m.audio.mel import Mel

        return Mel(
            sample_rate=self.sample_rate,
            hop=self.hop,
            bins=self.bins,
            window=self.window,
            fmin=self.fmin,
            fmax=self.fmax,
        )

    @property
    def frequencies(self) -> NDArray[np.float64]:
        """Centre frequency of every bin, Hz."""
        import librosa

        edges = librosa.mel_frequencies(n_mels=self.bins + 2, fmin=self.fmin, fmax=self.fmax)
        return np.asarray(edges[1:-1], dtype=np.float64)


@dataclass(frozen=True)
class Spectrum:
    """Spectrum of a recording: decibels ``(frames, bins)``, and the settings that made them."""

    level: NDArray[np.float32]
    settings: Features


class FeatureExtractor:
    """Extractor of decibels from mono samples; it keeps the transform's kernels between calls.

    Parameters
    ----------
    settings
        Settings of a CQT, a mel spectrogram or other features.

    Examples
    --------
    >>> extract = FeatureExtractor(CQTFeatures())
    >>> extract(np.zeros(64000, dtype=np.float32)).shape
    (666, 252)
    """

    def __init__(self, settings: Features) -> None:
        self.settings = settings
        self._transform = settings.transform()

    def __call__(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compute decibels ``(frames, bins)`` of samples ``(n,)`` at the settings' rate."""
        import torch

        with torch.inference_mode():
            magnitude = self._transform(torch.tensor(samples, dtype=torch.float32)).abs()
            level = 20.0 * torch.log10(magnitude.clamp_min(10.0 ** (self.settings.floor_db / 20)))
        array: NDArray[np.float32] = level.contiguous().numpy()
        return array


__getattr__ = renamed.names_of(__name__)
